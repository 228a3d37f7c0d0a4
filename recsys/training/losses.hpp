// Private to recsys: what training minimises, as pure functions of logits. `Loss` (models/program.hpp) says
// what each is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "recsys/models/program.hpp"

namespace automodel::recsys {

/// What the logits [rows, candidates] of a batch are held against.
struct Targets {
  std::size_t rows = 0, candidates = 1;
  /// [rows]: of the single candidate, for logloss and mse. Empty: candidate 0 is the positive one, the others
  /// are negatives.
  std::span<const float> labels = {};
  /// [rows]: which candidate is the positive one, for softmax over shared candidates. Empty: candidate 0.
  std::span<const std::int64_t> positives = {};

  /// Of `count` rows from `from`.
  Targets part(std::size_t from, std::size_t count) const {
    return {count, candidates, labels.empty() ? labels : labels.subspan(from, count),
            positives.empty() ? positives : positives.subspan(from, count)};
  }
};

/// Gives the sum over the rows of each one's loss. `gradient` [rows, candidates] becomes that of the mean
/// over the rows, by the logits. Not finite where a logit is not. Summed in double, row by row: the same
/// batch gives the same bits.
double loss_and_gradient(Loss loss, const Targets& targets, std::span<const float> logits,
                         std::span<float> gradient);

}  // namespace automodel::recsys
