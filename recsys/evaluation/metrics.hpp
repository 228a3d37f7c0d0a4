// How good scores are, and how sure that is. Pure functions of arrays.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace automodel::recsys {

/// By name: auc, gauc, logloss, calibration, ndcg10, recall10, mrr. Ranking metrics (gauc, ndcg10, recall10,
/// mrr) order each user's rows of the slice by score (equal scores: in the order given) and average over the
/// users that have both a positive and a negative; gauc weighs each by its rows (Zhu et al., KDD 2017).
/// calibration is the expected calibration error over 10 bins of equal mass: the mean of |predicted -
/// observed| rates. Without both classes auc and gauc are 0.5.
using Metrics = std::map<std::string, double>;
const std::vector<std::string>& metric_names();

/// Scores are probabilities; groups are users. All spans have one length. Ties count half in AUC.
Metrics evaluate(std::span<const float> scores, std::span<const float> labels,
                 std::span<const std::uint32_t> users);

double auc(std::span<const float> scores, std::span<const float> labels);
/// Which metrics are meant: those of a slice's own rows, which every model has; or also those of the whole
/// catalogue (catalogue.hpp), which only models that rank have.
enum class Known : std::uint8_t { slice, catalogue_too };
/// Whether it is one of the whole catalogue's.
bool is_of_catalogue(std::string_view metric);
/// True where more of it is better (all but logloss and calibration). Errors: evaluation.unknown_metric with
/// candidates.
Result<bool> higher_is_better(std::string_view metric, Known known = Known::slice);

struct Interval {
  double value = 0, low = 0, high = 0;  // 95 %
  double p_value = 1;                   // two-sided, of no difference; for single values unused
};

/// AUC with the interval of DeLong, DeLong & Clarke-Pearson (Biometrics 1988), by the fast algorithm of Sun &
/// Xu (2014).
Interval auc_interval(std::span<const float> scores, std::span<const float> labels);
/// Difference of two AUCs on the same rows, paired (same sources).
Interval auc_difference(std::span<const float> a, std::span<const float> b, std::span<const float> labels);

/// Percentile bootstrap over users of any known metric, and of a paired difference a - b (b empty: single
/// value).
Interval bootstrap(std::string_view metric, std::span<const float> a, std::span<const float> b,
                   std::span<const float> labels, std::span<const std::uint32_t> users, std::uint32_t rounds,
                   std::uint64_t seed);

}  // namespace automodel::recsys
