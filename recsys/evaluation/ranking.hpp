// Private to this folder: every metric as a function of the rows and one weight per user, so that a bootstrap
// draw is only another set of weights.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "recsys/evaluation/metrics.hpp"

namespace automodel::recsys {

/// What one user's rows say. Ranking values are only meaningful where the user has both classes.
struct UserSums {
  double rows = 0, logloss = 0;
  bool both = false;
  double auc = 0, ndcg10 = 0, recall10 = 0, mrr = 0;
};

/// Rows grouped by user and sorted by score once; then any metric under any user weights in one pass.
class Prepared {
 public:
  Prepared(std::span<const float> scores, std::span<const float> labels,
           std::span<const std::uint32_t> users);
  std::size_t users() const { return sums_.size(); }
  /// `metric` must be known. `weights`: [users()], how often each user counts.
  double value(std::string_view metric, std::span<const double> weights) const;

 private:
  double weighted_auc(std::span<const double> weights) const;
  double calibration(std::span<const double> weights) const;

  std::vector<UserSums> sums_;
  // By descending score:
  std::vector<float> scores_, labels_;
  std::vector<std::uint32_t> owner_;  // index into sums_
};

}  // namespace automodel::recsys
