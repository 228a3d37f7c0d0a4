#include "recsys/models/inference.hpp"

#include <algorithm>

namespace automodel::recsys {

Result<void> probabilities(const Net& net, const Rows& rows, std::span<float> out) {
  if (auto scored = net.infer(rows, out); !scored) return scored;
  for (auto& logit : out) logit = sigmoid(logit);
  return {};
}

Result<std::vector<float>> score_rows(const Net& net, const InputEncoder& encoder,
                                      std::span<const std::uint32_t> rows) {
  constexpr std::size_t kChunk = 4096;
  std::vector<float> out(rows.size());
  Batch batch;
  for (std::size_t first = 0; first < rows.size(); first += kChunk) {
    const auto part = rows.subspan(first, std::min(kChunk, rows.size() - first));
    encoder.encode(part, {}, batch);
    const auto scored = probabilities(net, view(batch, encoder.spec(), 0, part.size()),
                                      std::span(out).subspan(first, part.size()));
    if (!scored) return fail(scored.error());
  }
  return out;
}

}  // namespace automodel::recsys
