#include <algorithm>
#include <cmath>
#include <cstring>

#include "recsys/models/checkpoint.hpp"
#include "recsys/serving/scorer.hpp"

namespace automodel::recsys {

Result<std::string> quantize_embeddings(std::string_view bytes) {
  auto checkpoint = read_checkpoint(bytes);
  if (!checkpoint) return fail(checkpoint.error());
  if (checkpoint->kind != "model") {
    return fail("serving.bad_checkpoint", "these bytes are an unfinished training, no model");
  }
  const auto table = std::find_if(checkpoint->tensors.begin(), checkpoint->tensors.end(),
                                  [](const StoredTensor& t) { return t.name == "table" && t.type == "f32"; });
  if (table == checkpoint->tensors.end() || table->shape.size() != 2 ||
      table->shape[0] * table->shape[1] == 0) {
    return fail("serving.nothing_to_quantize", checkpoint->method + " has no embedding table of floats", {},
                "only fm, deepfm and dcnv2 have one, and only once");
  }
  const auto rows = static_cast<std::size_t>(table->shape[0]),
             width = static_cast<std::size_t>(table->shape[1]);
  std::vector<float> values(rows * width), scales(rows);
  std::memcpy(values.data(), table->bytes.data(), table->bytes.size());
  std::string small(rows * width, '\0');
  for (std::size_t r = 0; r < rows; ++r) {
    float largest = 0;
    for (std::size_t k = 0; k < width; ++k) largest = std::max(largest, std::abs(values[r * width + k]));
    scales[r] = largest / 127;
    if (largest == 0) continue;
    for (std::size_t k = 0; k < width; ++k) {
      small[r * width + k] =
          static_cast<char>(static_cast<std::int8_t>(std::lround(values[r * width + k] / scales[r])));
    }
  }
  *table = {"table", "i8", table->shape, std::move(small)};
  auto scale = store("table_scale", scales);
  scale.shape = {static_cast<std::int64_t>(rows), 1};
  checkpoint->tensors.push_back(std::move(scale));
  return write_checkpoint(*checkpoint);
}

}  // namespace automodel::recsys
