#include "recsys/features/screening.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "recsys/features/feature.hpp"

namespace automodel::recsys {

namespace {

constexpr std::uint32_t bins = 16;
constexpr std::uint32_t max_codes = 64;  // of a categorical feature: the rest share one bin

/// A feature or score in few values, for every training row.
struct Binned {
  std::vector<std::uint32_t> values;
  std::uint32_t count = 1;
};

/// Bin 0 is missing; the others are quantiles.
Binned bin_numbers(const std::vector<float>& numbers) {
  std::vector<float> sorted;
  for (const float x : numbers)
    if (!std::isnan(x)) sorted.push_back(x);
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> limits;
  for (std::size_t b = 1; b < bins && !sorted.empty(); ++b)
    limits.push_back(sorted[sorted.size() * b / bins]);
  Binned out{{}, bins + 1};
  for (const float x : numbers)
    out.values.push_back(std::isnan(x)
                             ? 0
                             : 1 + static_cast<std::uint32_t>(
                                       std::upper_bound(limits.begin(), limits.end(), x) - limits.begin()));
  return out;
}

/// The most frequent codes keep a bin of their own.
Binned bin_codes(const std::vector<std::uint32_t>& codes, std::uint32_t cardinality) {
  std::vector<std::uint32_t> counts(cardinality + 1, 0), order(cardinality + 1);
  for (const std::uint32_t code : codes) ++counts[code];
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  std::vector<std::uint32_t> bin_of(cardinality + 1, max_codes);
  for (std::uint32_t i = 0; i < std::min<std::size_t>(max_codes, order.size()); ++i) bin_of[order[i]] = i;
  Binned out{{}, max_codes + 1};
  for (const std::uint32_t code : codes) out.values.push_back(bin_of[code]);
  return out;
}

Binned bin_feature(const FeatureColumn& column, std::span<const std::uint32_t> rows) {
  std::vector<float> numbers;
  std::vector<std::uint32_t> codes;
  for (const std::uint32_t row : rows) {
    if (column.categorical)
      codes.push_back(column.codes[row]);
    else
      numbers.push_back(column.numbers[row]);
  }
  return column.categorical ? bin_codes(codes, column.cardinality) : bin_numbers(numbers);
}

/// The strata: quantiles of the sum of the base features' log odds (naive Bayes).
Binned strata_of(const std::vector<Binned>& base, const std::vector<std::uint8_t>& labels) {
  if (base.empty()) return {std::vector<std::uint32_t>(labels.size(), 0), 1};
  std::vector<float> score(labels.size(), 0);
  for (const Binned& feature : base) {
    std::vector<double> positive(feature.count, 1), all(feature.count, 2);
    for (std::size_t r = 0; r < labels.size(); ++r) {
      positive[feature.values[r]] += labels[r];
      all[feature.values[r]] += 1;
    }
    for (std::size_t r = 0; r < labels.size(); ++r) {
      const std::uint32_t v = feature.values[r];
      score[r] += static_cast<float>(std::log(positive[v] / (all[v] - positive[v])));
    }
  }
  return bin_numbers(score);
}

double information(const Binned& feature, const Binned& strata, const std::vector<std::uint8_t>& labels) {
  const std::size_t cells = static_cast<std::size_t>(feature.count) * strata.count;
  std::vector<double> joint(cells * 2, 0), by_feature(cells, 0), by_label(strata.count * 2, 0),
      by_stratum(strata.count, 0);
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const std::size_t s = strata.values[r], cell = s * feature.count + feature.values[r];
    joint[cell * 2 + labels[r]] += 1;
    by_feature[cell] += 1;
    by_label[s * 2 + labels[r]] += 1;
    by_stratum[s] += 1;
  }
  double bits = 0;
  for (std::size_t cell = 0; cell < cells; ++cell)
    for (std::size_t y = 0; y < 2; ++y) {
      const std::size_t s = cell / feature.count;
      const double n = joint[cell * 2 + y];
      if (n > 0) bits += n * std::log2(n * by_stratum[s] / (by_feature[cell] * by_label[s * 2 + y]));
    }
  return bits / static_cast<double>(labels.size());
}

/// Shuffles labels among the rows of each stratum: keeps what the base says of the label, breaks what the
/// feature says.
void permute(const std::vector<std::vector<std::uint32_t>>& members, std::mt19937_64& random,
             std::vector<std::uint8_t>& labels) {
  for (const auto& rows : members)
    for (std::size_t i = rows.size(); i > 1; --i) std::swap(labels[rows[i - 1]], labels[rows[random() % i]]);
}

}  // namespace

Result<std::vector<Screened>> screen(const Dataset& data, std::span<const float> labels,
                                     const std::vector<std::string>& features,
                                     const std::vector<std::string>& base,
                                     std::span<const std::uint32_t> train_rows, std::uint32_t permutations,
                                     std::uint64_t seed) {
  if (permutations == 0 || train_rows.empty())
    return fail("features.bad_screening", "screening needs permutations and training rows", data.name());
  std::vector<std::string> all = features;
  all.insert(all.end(), base.begin(), base.end());
  auto engine = FeatureEngine::create(data, labels, all, train_rows);
  if (!engine) return fail(engine.error());
  std::vector<std::uint8_t> own;
  for (const std::uint32_t row : train_rows) own.push_back(labels[row] > 0.5f);
  std::vector<Binned> binned;
  for (const FeatureColumn& column : engine->columns()) binned.push_back(bin_feature(column, train_rows));
  const std::vector<Binned> base_bins(binned.begin() + static_cast<std::ptrdiff_t>(features.size()),
                                      binned.end());
  const Binned strata = strata_of(base_bins, own);
  std::vector<std::vector<std::uint32_t>> members(strata.count);
  for (std::uint32_t r = 0; r < own.size(); ++r) members[strata.values[r]].push_back(r);
  std::vector<std::vector<double>> null(features.size());
  std::mt19937_64 random(seed);
  std::vector<std::uint8_t> shuffled = own;
  for (std::uint32_t p = 0; p < permutations; ++p) {
    permute(members, random, shuffled);
    for (std::size_t f = 0; f < features.size(); ++f)
      null[f].push_back(information(binned[f], strata, shuffled));
  }
  std::vector<Screened> out;
  for (std::size_t f = 0; f < features.size(); ++f) {
    Screened result{features[f], information(binned[f], strata, own), 0, 0, false};
    std::sort(null[f].begin(), null[f].end());
    result.null_mean = std::accumulate(null[f].begin(), null[f].end(), 0.0) / permutations;
    const auto rank = static_cast<std::size_t>(std::ceil(0.95 * permutations)) - 1;
    result.null_p95 = null[f][rank];
    result.passed = result.information > result.null_p95;
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace automodel::recsys
