// How the columns of a data set look, as its interactions see them.
#pragma once

#include <cstdint>
#include <vector>

#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

struct ColumnProfile {
  ColumnInfo info;
  std::uint64_t cardinality = 0;  // distinct values, numbers included
  double missing = 0;             // share of interactions without a value
  double entropy = 0;             // bits; numbers in 16 quantile bins
  double top_share = 0;           // share of values that the most frequent 1 % of distinct values hold
  double drift =
      0;  // Jensen-Shannon distance (base 2: 0 … 1) between the oldest and the newest tenth of rows
};

/// Columns of users and items count once for every interaction. Texts have only `missing` and `cardinality`.
std::vector<ColumnProfile> profile(const Dataset& data);

}  // namespace automodel::recsys
