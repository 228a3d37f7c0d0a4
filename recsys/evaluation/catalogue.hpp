// How well held-out items are found among all items: what methods that rank are made for. Each held-out
// positive row is one question: where among the whole catalogue, without what its user is known to have, does
// its item stand? No sampled items: their metrics order methods differently (Krichene & Rendle, KDD 2020).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/evaluation/user_items.hpp"

namespace automodel::recsys {

/// catalogue_mrr, catalogue_ndcg10, catalogue_recall10.
const std::vector<std::string>& catalogue_metric_names();

/// 1 + the items scored above `item` + half of those scored like it, of all but `left_out` (ascending), in
/// which `item` may be.
double mid_rank(std::span<const float> scores, std::uint32_t item, std::span<const std::uint32_t> left_out);

/// Means over ranks from 1: of 1 / rank; of 1 / log2(1 + rank) up to rank 10, which is NDCG where one item is
/// relevant; and of whether the rank is at most 10. Without ranks: zeros.
Metrics catalogue_metrics(std::span<const double> ranks);

/// Percentile bootstrap over users of a mean over ranks, and of a paired difference a - b of the same
/// questions (b empty: single value). `users`: whose each question is.
Interval bootstrap_ranks(std::string_view metric, std::span<const double> a, std::span<const double> b,
                         std::span<const std::uint32_t> users, std::uint32_t rounds, std::uint64_t seed);

/// At most so many held-out rows are ranked: the standard error of a share is then under 0.0071.
constexpr std::size_t most_ranked_rows = 5000;
/// And so many scores are computed, where there are many items; but 500 rows are always ranked.
constexpr std::size_t most_ranked_scores = std::size_t{1} << 28U;

/// The positive rows, in the order given; if there are more than the bounds allow, evenly chosen: of n rows
/// m, those at floor(i * n / m). The same for all models.
std::vector<std::uint32_t> rows_to_rank(std::span<const std::uint32_t> rows, std::span<const float> labels,
                                        std::size_t items);

/// Fills [rows, items]: the scores of all items of the data set for each row's user at the row's time.
using ScoreCatalogue =
    std::function<Result<void>(std::span<const std::uint32_t> rows, std::span<float> scores)>;
/// How many rows are ranked of how many.
using OnRanked = std::function<void(std::size_t done, std::size_t total)>;

/// The rank of each of `rows` (of `rows_to_rank`); `trained` has what each user is known to have. Asks for
/// scores of a few rows at a time: at most 16 MB of them, or one row's. Errors: those of `score`;
/// evaluation.not_finite.
Result<std::vector<double>> catalogue_ranks(const Dataset& data, const UserItems& trained,
                                            std::span<const std::uint32_t> rows, const ScoreCatalogue& score,
                                            const OnRanked& on_ranked = {});
/// Their metrics.
Result<Metrics> evaluate_catalogue(const Dataset& data, const UserItems& trained,
                                   std::span<const std::uint32_t> rows, const ScoreCatalogue& score,
                                   const OnRanked& on_ranked = {});

}  // namespace automodel::recsys
