// Which rows train, tune, decide and judge; and which of them are positive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

enum class SplitKind : std::uint8_t { temporal, random, leave_last_out };

/// Row numbers, ascending. `tuning` is the older half of validation (early stopping, search), `promotion` the
/// newer (candidate against champion); `test` is for the report alone.
struct Split {
  std::vector<std::uint32_t> train;
  std::vector<std::uint32_t> tuning;
  std::vector<std::uint32_t> promotion;
  std::vector<std::uint32_t> test;
  std::vector<std::uint32_t> validation() const;  // tuning and promotion
};

/// Cuts by time (ratios of rows, oldest first), at random with `seed`, or each user's last two rows
/// (validation, test). Errors: data.bad_ratios (they must be three positive numbers that sum to 1),
/// data.no_time.
Result<Split> split(const Dataset& data, SplitKind kind, const std::vector<double>& ratios,
                    std::uint64_t seed);
Result<SplitKind> split_kind(std::string_view name);

/// Evaluates a label expression ("rating>=4", "click", "rating > 3 && watched") for every row: [rows] of 0
/// and 1. Errors: data.bad_label; `where` is the column and the text. A missing value fulfils no comparison.
Result<std::vector<float>> labels(const Dataset& data, std::string_view expression);
/// The columns that a label expression looks at: no model may. Errors: data.bad_label.
Result<std::vector<std::string>> label_columns(std::string_view expression);

}  // namespace automodel::recsys
