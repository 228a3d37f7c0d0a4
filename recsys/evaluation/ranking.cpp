#include "recsys/evaluation/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

namespace automodel::recsys {
namespace {

constexpr std::size_t kCutoff = 10;
constexpr int kBins = 10;

double log_loss(float score, float label) {
  const double p = std::clamp(static_cast<double>(score), 1e-7, 1 - 1e-7);
  return label > 0.5F ? -std::log(p) : -std::log1p(-p);
}

/// `rows` are one user's, best score first.
UserSums sums_of(std::span<const std::uint32_t> rows, std::span<const float> scores,
                 std::span<const float> labels) {
  UserSums out;
  std::vector<float> own_scores, own_labels;
  double positives = 0, gain = 0, ideal = 0, found = 0;
  for (std::size_t rank = 0; rank < rows.size(); ++rank) {
    const float label = labels[rows[rank]];
    own_scores.push_back(scores[rows[rank]]);
    own_labels.push_back(label);
    out.rows += 1;
    out.logloss += log_loss(scores[rows[rank]], label);
    if (label <= 0.5F) continue;
    if (positives == 0) out.mrr = 1.0 / static_cast<double>(rank + 1);
    if (positives < kCutoff) ideal += 1 / std::log2(positives + 2);
    positives += 1;
    if (rank < kCutoff) {
      gain += 1 / std::log2(static_cast<double>(rank) + 2);
      found += 1;
    }
  }
  out.both = positives > 0 && positives < out.rows;
  if (!out.both) return out;
  out.ndcg10 = gain / ideal;
  out.recall10 = found / positives;
  out.auc = auc(own_scores, own_labels);
  return out;
}

}  // namespace

Prepared::Prepared(std::span<const float> scores, std::span<const float> labels,
                   std::span<const std::uint32_t> users) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  std::unordered_map<std::uint32_t, std::uint32_t> index;
  std::vector<std::vector<std::uint32_t>> rows;
  // Users in the order of their first row, so that a draw does not depend on scores and pairs between two
  // models.
  for (const auto user : users) {
    if (index.emplace(user, static_cast<std::uint32_t>(rows.size())).second) rows.emplace_back();
  }
  for (const auto row : order) {
    const auto owner = index.at(users[row]);
    rows[owner].push_back(row);
    scores_.push_back(scores[row]);
    labels_.push_back(labels[row]);
    owner_.push_back(owner);
  }
  for (const auto& own : rows) sums_.push_back(sums_of(own, scores, labels));
}

double Prepared::weighted_auc(std::span<const double> weights) const {
  double positives = 0, negatives = 0, above = 0;  // above: weight of (positive, negative) pairs in order
  for (std::size_t i = 0; i < scores_.size();) {
    double tied_positive = 0, tied_negative = 0;
    std::size_t j = i;
    for (; j < scores_.size() && scores_[j] == scores_[i]; ++j) {
      (labels_[j] > 0.5F ? tied_positive : tied_negative) += weights[owner_[j]];
    }
    above += tied_negative * (positives + 0.5 * tied_positive);
    positives += tied_positive;
    negatives += tied_negative;
    i = j;
  }
  return positives > 0 && negatives > 0 ? above / (positives * negatives) : 0.5;
}

double Prepared::calibration(std::span<const double> weights) const {
  double total = 0;
  for (const auto owner : owner_) total += weights[owner];
  if (total <= 0) return 0;
  double error = 0, seen = 0, predicted = 0, observed = 0;
  int bin = 1;
  for (std::size_t i = 0; i < scores_.size(); ++i) {
    const double weight = weights[owner_[i]];
    seen += weight;
    predicted += weight * scores_[i];
    observed += weight * labels_[i];
    if (seen < total * bin / kBins - 1e-9) continue;
    error += std::abs(predicted - observed);
    predicted = observed = 0;
    while (bin < kBins && seen >= total * bin / kBins - 1e-9) ++bin;
  }
  return (error + std::abs(predicted - observed)) / total;
}

double Prepared::value(std::string_view metric, std::span<const double> weights) const {
  if (metric == "auc") return weighted_auc(weights);
  if (metric == "calibration") return calibration(weights);
  double sum = 0, total = 0;
  for (std::size_t u = 0; u < sums_.size(); ++u) {
    const auto& s = sums_[u];
    if (metric == "logloss") {
      sum += weights[u] * s.logloss;
      total += weights[u] * s.rows;
    } else if (s.both) {
      const double weight = weights[u] * (metric == "gauc" ? s.rows : 1);
      sum += weight * (metric == "gauc"     ? s.auc
                       : metric == "ndcg10" ? s.ndcg10
                       : metric == "mrr"    ? s.mrr
                                            : s.recall10);
      total += weight;
    }
  }
  if (total > 0) return sum / total;
  return metric == "gauc" ? 0.5 : 0;
}

}  // namespace automodel::recsys
