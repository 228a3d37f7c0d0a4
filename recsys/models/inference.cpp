#include "recsys/models/inference.hpp"

#include <algorithm>
#include <numeric>

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

namespace {

/// One forward pass has at most so many candidates of all its rows together, or one row's.
constexpr std::size_t kMostCandidates = std::size_t{1} << 18U;

/// `item_rows`: [item code] -> row of the vocabulary.
Result<void> score_catalogue(const Net& net, const InputEncoder& encoder,
                             const std::vector<std::uint32_t>& item_rows, std::span<const std::uint32_t> rows,
                             std::span<float> scores) {
  const std::size_t vocabulary = encoder.spec().items.rows(), items = scores.size() / rows.size(),
                    chunk = std::max<std::size_t>(1, kMostCandidates / vocabulary);
  Batch batch;
  std::vector<float> logits;
  for (std::size_t first = 0; first < rows.size(); first += chunk) {
    const auto part = rows.subspan(first, std::min(chunk, rows.size() - first));
    encoder.encode(part, {}, batch);
    batch.shared_items = true;
    batch.candidates = vocabulary;
    batch.items.resize(vocabulary);
    std::iota(batch.items.begin(), batch.items.end(), 0);
    logits.resize(part.size() * vocabulary);
    if (auto scored = net.infer(view(batch, encoder.spec(), 0, part.size()), logits); !scored) return scored;
    for (std::size_t r = 0; r < part.size(); ++r) {
      const float* own = logits.data() + r * vocabulary;
      float* out = scores.data() + (first + r) * items;
      for (std::size_t i = 0; i < items; ++i) out[i] = own[i < item_rows.size() ? item_rows[i] : 0];
    }
  }
  return {};
}

}  // namespace

ScoreCatalogue catalogue_scores(const Net& net, const InputEncoder& encoder) {
  return [&net, &encoder, item_rows = encoder.spec().items.by_code()](auto rows, auto scores) {
    return score_catalogue(net, encoder, item_rows, rows, scores);
  };
}

}  // namespace automodel::recsys
