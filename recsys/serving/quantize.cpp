#include <algorithm>
#include <cmath>
#include <cstring>

#include "recsys/models/checkpoint.hpp"
#include "recsys/serving/scorer.hpp"

namespace automodel::recsys {

namespace {

/// Makes NAME_table int8 and adds NAME_scale: a row's largest magnitude becomes 127.
void quantize(const LookUp& look_up, Checkpoint& checkpoint) {
  const auto table = std::find_if(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                                  [&](const StoredTensor& t) { return t.name == look_up.name + "_table"; });
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
  *table = {table->name, "i8", table->shape, std::move(small)};
  auto scale = store(look_up.name + "_scale", scales);
  scale.shape = {static_cast<std::int64_t>(rows), 1};
  checkpoint.tensors.push_back(std::move(scale));
}

}  // namespace

Result<std::string> quantize_embeddings(std::string_view bytes) {
  auto checkpoint = read_checkpoint(bytes);
  if (!checkpoint) return fail(checkpoint.error());
  if (checkpoint->kind != "model") {
    return fail("serving.bad_checkpoint", "these bytes are an unfinished training, no model");
  }
  const auto nothing = [&] {
    return fail("serving.nothing_to_quantize", checkpoint->method + " has no embedding table of floats", {},
                "only methods with embeddings have one, and only once");
  };
  if (!checkpoint->program) return nothing();
  if (auto same = check_parameters(*checkpoint); !same) return fail(same.error());
  bool changed = false;
  for (auto& look_up : checkpoint->program->look_ups) {
    // A row of one number would grow: a byte and a scale.
    if (look_up.int8 || look_up.width() < 2 || !checkpoint->find(look_up.name + "_table")) continue;
    quantize(look_up, *checkpoint);
    look_up.int8 = changed = true;
  }
  if (!changed) return nothing();
  return write_checkpoint(*checkpoint);
}

}  // namespace automodel::recsys
