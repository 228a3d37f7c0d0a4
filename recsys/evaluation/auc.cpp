// AUC and what is known of its error: DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988), computed from
// midranks as in Sun & Xu, "Fast Implementation of DeLong's Algorithm", IEEE Signal Processing Letters 21
// (2014), algorithm 2.
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "recsys/evaluation/metrics.hpp"

namespace automodel::recsys {
namespace {

/// Ranks from 1; equal values share the mean of their ranks.
std::vector<double> midranks(std::span<const float> values) {
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j < order.size() && values[order[j]] == values[order[i]]) ++j;
    const double rank = 0.5 * static_cast<double>(i + 1 + j);
    for (; i < j; ++i) ranks[order[i]] = rank;
  }
  return ranks;
}

/// Structural components: V10 of each positive and V01 of each negative (DeLong eqs. 5 and 6 in Sun & Xu's
/// form).
struct Components {
  double auc = 0.5;
  std::vector<double> positives, negatives;
};

Components components(std::span<const float> scores, std::span<const float> labels) {
  std::vector<float> positive, negative;
  for (std::size_t i = 0; i < scores.size(); ++i)
    (labels[i] > 0.5F ? positive : negative).push_back(scores[i]);
  Components out;
  if (positive.empty() || negative.empty()) return out;
  std::vector<float> both = positive;
  both.insert(both.end(), negative.begin(), negative.end());
  const auto all = midranks(both), own_positive = midranks(positive), own_negative = midranks(negative);
  const auto m = static_cast<double>(positive.size()), n = static_cast<double>(negative.size());
  out.positives.resize(positive.size());
  out.negatives.resize(negative.size());
  for (std::size_t i = 0; i < positive.size(); ++i) out.positives[i] = (all[i] - own_positive[i]) / n;
  for (std::size_t j = 0; j < negative.size(); ++j) {
    out.negatives[j] = 1 - (all[positive.size() + j] - own_negative[j]) / m;
  }
  out.auc = std::accumulate(out.positives.begin(), out.positives.end(), 0.0) / m;
  return out;
}

/// Sample variance of a - b over its size (b empty: of a).
double variance_of_mean(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() < 2) return 0;
  const auto at = [&](std::size_t i) { return a[i] - (b.empty() ? 0 : b[i]); };
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) mean += at(i);
  mean /= static_cast<double>(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) squares += (at(i) - mean) * (at(i) - mean);
  return squares / static_cast<double>(a.size() - 1) / static_cast<double>(a.size());
}

const double kNormal975 = boost::math::quantile(boost::math::normal(), 0.975);

}  // namespace

double auc(std::span<const float> scores, std::span<const float> labels) {
  // The Mann-Whitney statistic by rank sums: cheaper than the components, and equal to their mean.
  const auto ranks = midranks(scores);
  double sum = 0, positives = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (labels[i] <= 0.5F) continue;
    sum += ranks[i];
    positives += 1;
  }
  const double negatives = static_cast<double>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) return 0.5;
  return (sum - positives * (positives + 1) / 2) / (positives * negatives);
}

Interval auc_interval(std::span<const float> scores, std::span<const float> labels) {
  const auto c = components(scores, labels);
  if (c.positives.empty()) return {0.5, 0, 1, 1};
  const double error = std::sqrt(variance_of_mean(c.positives, {}) + variance_of_mean(c.negatives, {}));
  return {c.auc, std::max(0.0, c.auc - kNormal975 * error), std::min(1.0, c.auc + kNormal975 * error), 1};
}

Interval auc_difference(std::span<const float> a, std::span<const float> b, std::span<const float> labels) {
  const auto ca = components(a, labels), cb = components(b, labels);
  if (ca.positives.empty()) return {0, -1, 1, 1};
  const double difference = ca.auc - cb.auc;
  const double error =
      std::sqrt(variance_of_mean(ca.positives, cb.positives) + variance_of_mean(ca.negatives, cb.negatives));
  // Without any variance (equal scores, or both perfect) the difference is exact.
  if (error < 1e-15) return {difference, difference, difference, std::abs(difference) < 1e-15 ? 1.0 : 0.0};
  const double p =
      2 * boost::math::cdf(boost::math::complement(boost::math::normal(), std::abs(difference) / error));
  return {difference, difference - kNormal975 * error, difference + kNormal975 * error, p};
}

}  // namespace automodel::recsys
