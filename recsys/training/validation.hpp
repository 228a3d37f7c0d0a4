// Private to training: how good a model is on the rows that training does not see.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/split.hpp"
#include "recsys/evaluation/catalogue.hpp"

namespace automodel::recsys {

/// Everything referred to must outlive it.
class Validation {
 public:
  /// `rows` are measured; what a user has in `train_rows` is not ranked in the catalogue.
  Validation(const Dataset& data, std::span<const float> labels, std::span<const std::uint32_t> train_rows,
             std::span<const std::uint32_t> rows)
      : data_(data), labels_(labels), train_rows_(train_rows), rows_(rows) {}

  std::span<const std::uint32_t> rows() const { return rows_; }
  /// Of probabilities [rows]; with `catalogue`, also the metrics of that. Errors: training.nan.
  Result<Metrics> measure(std::span<const float> scores, const ScoreCatalogue& catalogue,
                          const OnRanked& on_ranked);

 private:
  const Dataset& data_;
  std::span<const float> labels_;
  std::span<const std::uint32_t> train_rows_, rows_;
  std::optional<UserItems> had_;  // once it is needed
};

}  // namespace automodel::recsys
