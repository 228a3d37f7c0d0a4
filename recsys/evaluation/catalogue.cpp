#include "recsys/evaluation/catalogue.hpp"

#include <cmath>

namespace automodel::recsys {
namespace {

constexpr double kCutoff = 10;
constexpr std::size_t kMostScores = 4U << 20U, kLeastRows = 500;

}  // namespace

const std::vector<std::string>& catalogue_metric_names() {
  static const std::vector<std::string> names = {"catalogue_mrr", "catalogue_ndcg10", "catalogue_recall10"};
  return names;
}

double mid_rank(std::span<const float> scores, std::uint32_t item, std::span<const std::uint32_t> left_out) {
  const float own = scores[item];
  std::size_t above = 0, same = 0;
  for (const float score : scores) {
    above += score > own ? 1 : 0;
    same += score == own ? 1 : 0;
  }
  --same;  // itself
  for (const auto other : left_out) {
    if (other == item) continue;
    above -= scores[other] > own ? 1 : 0;
    same -= scores[other] == own ? 1 : 0;
  }
  return 1 + static_cast<double>(above) + static_cast<double>(same) / 2;
}

Metrics catalogue_metrics(std::span<const double> ranks) {
  double mrr = 0, ndcg = 0, recall = 0;
  for (const double rank : ranks) {
    mrr += 1 / rank;
    if (rank > kCutoff) continue;
    ndcg += 1 / std::log2(1 + rank);
    recall += 1;
  }
  const auto n = static_cast<double>(std::max<std::size_t>(1, ranks.size()));
  return {{"catalogue_mrr", mrr / n}, {"catalogue_ndcg10", ndcg / n}, {"catalogue_recall10", recall / n}};
}

std::vector<std::uint32_t> rows_to_rank(std::span<const std::uint32_t> rows, std::span<const float> labels,
                                        std::size_t items) {
  const auto most =
      std::min(most_ranked_rows,
               std::max<std::size_t>(kLeastRows, most_ranked_scores / std::max<std::size_t>(1, items)));
  std::vector<std::uint32_t> positive, out;
  for (const auto row : rows)
    if (labels[row] > 0.5F) positive.push_back(row);
  if (positive.size() <= most) return positive;
  for (std::size_t i = 0; i < most; ++i) out.push_back(positive[i * positive.size() / most]);
  return out;
}

Result<std::vector<double>> catalogue_ranks(const Dataset& data, const UserItems& trained,
                                            std::span<const std::uint32_t> rows, const ScoreCatalogue& score,
                                            const OnRanked& on_ranked) {
  const auto items = data.items();
  const auto chunk = std::max<std::size_t>(1, kMostScores / std::max<std::size_t>(1, items));
  std::vector<float> scores;
  std::vector<double> ranks;
  for (std::size_t first = 0; first < rows.size(); first += chunk) {
    const auto part = rows.subspan(first, std::min(chunk, rows.size() - first));
    scores.resize(part.size() * items);
    if (auto scored = score(part, scores); !scored) return fail(scored.error());
    for (std::size_t r = 0; r < part.size(); ++r) {
      const auto own = std::span<const float>(scores).subspan(r * items, items);
      double sum = 0;
      for (const float s : own) sum += s;
      if (!std::isfinite(sum)) return fail("evaluation.not_finite", "scores of items are no numbers");
      ranks.push_back(mid_rank(own, data.item()[part[r]], trained.of(data.user()[part[r]])));
    }
    if (on_ranked) on_ranked(first + part.size(), rows.size());
  }
  return ranks;
}

Result<Metrics> evaluate_catalogue(const Dataset& data, const UserItems& trained,
                                   std::span<const std::uint32_t> rows, const ScoreCatalogue& score,
                                   const OnRanked& on_ranked) {
  const auto ranks = catalogue_ranks(data, trained, rows, score, on_ranked);
  if (!ranks) return fail(ranks.error());
  return catalogue_metrics(*ranks);
}

}  // namespace automodel::recsys
