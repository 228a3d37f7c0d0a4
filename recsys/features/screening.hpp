// Which features say something about the label that others do not say already.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

struct Screened {
  std::string feature;
  double information = 0;  // I(feature; label | base), bits, plug-in estimate
  double null_mean = 0;    // the same with labels permuted within strata of the base
  double null_p95 = 0;
  bool passed = false;  // more than the 95th percentile of the permutations
};

/// Conditional mutual information on training rows. The base features are joined into one score, the sum of
/// each one's log odds of the label by bin, whose 16 quantile bins are the strata. The order of results is
/// that of `features`. Errors: features.*; features.bad_screening without permutations or rows.
Result<std::vector<Screened>> screen(const Dataset& data, std::span<const float> labels,
                                     const std::vector<std::string>& features,
                                     const std::vector<std::string>& base,
                                     std::span<const std::uint32_t> train_rows, std::uint32_t permutations,
                                     std::uint64_t seed);

}  // namespace automodel::recsys
