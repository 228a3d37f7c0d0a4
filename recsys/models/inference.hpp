// Private to recsys: what training and serving do alike with a net.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "recsys/evaluation/catalogue.hpp"
#include "recsys/models/net.hpp"

namespace automodel::recsys {

/// Gives every parameter its first value: the same for the same seed and program.
void initialise(Net& net, const InputSpec& inputs, std::uint64_t seed);

/// The same for one tensor, number `index` of its program, that is not int8. `out`: as many numbers as it
/// has.
void initialise(const TensorSpec& spec, std::size_t index, const InputSpec& inputs, std::uint64_t seed,
                std::span<float> out);

inline double log_loss(float logit, float label) {
  return std::max(logit, 0.0F) - logit * label + std::log1p(std::exp(-std::abs(logit)));
}
inline float sigmoid(float logit) { return 1 / (1 + std::exp(-logit)); }

/// Probabilities of an encoded batch, in place of its logits.
Result<void> probabilities(const Net& net, const Rows& rows, std::span<float> out);

/// Probabilities for rows of the encoder's data set: [rows]. Encodes a few thousand rows at a time.
Result<std::vector<float>> score_rows(const Net& net, const InputEncoder& encoder,
                                      std::span<const std::uint32_t> rows);

/// Logits of all items of the data set, for `evaluate_catalogue`; items that are not in the vocabulary share
/// that of the unknown. Net and encoder must outlive it; the net's program must read items and no fields.
ScoreCatalogue catalogue_scores(const Net& net, const InputEncoder& encoder);

}  // namespace automodel::recsys
