#include <algorithm>
#include <cmath>

#include "recsys/evaluation/catalogue.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/evaluation/ranking.hpp"

namespace automodel::recsys {
namespace {

/// SplitMix64 (Steele, Lea & Flood 2014): small, and the same everywhere, unlike the standard library's
/// distributions.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

double percentile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Draws as many users as there are, again and again. `measure` is of how often each one is in; `paired`: a
/// difference.
template <class Measure>
Interval over_users(std::size_t users, bool paired, const Measure& measure, std::uint32_t rounds,
                    std::uint64_t seed) {
  std::vector<double> weights(users, 1.0);
  Interval out;
  out.value = out.low = out.high = measure(weights);
  if (rounds == 0 || users == 0) return out;
  std::vector<double> draws(rounds);
  double not_above = 0, not_below = 0;
  for (auto& draw : draws) {
    std::fill(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[next(seed) % weights.size()] += 1;
    draw = measure(weights);
    not_above += draw <= 0;
    not_below += draw >= 0;
  }
  std::sort(draws.begin(), draws.end());
  out.low = percentile(draws, 0.025);
  out.high = percentile(draws, 0.975);
  // One is added to both so that no finite number of rounds claims certainty (Davison & Hinkley 1997, 4.11).
  if (paired) out.p_value = std::min(1.0, 2 * (std::min(not_above, not_below) + 1) / (rounds + 1.0));
  return out;
}

}  // namespace

Interval bootstrap(std::string_view metric, std::span<const float> a, std::span<const float> b,
                   std::span<const float> labels, std::span<const std::uint32_t> users, std::uint32_t rounds,
                   std::uint64_t seed) {
  const Prepared first(a, labels, users);
  const bool paired = !b.empty();
  const Prepared second(paired ? b : a.first(0), paired ? labels : labels.first(0),
                        paired ? users : users.first(0));
  const auto measure = [&](std::span<const double> weights) {
    return first.value(metric, weights) - (paired ? second.value(metric, weights) : 0);
  };
  return over_users(first.users(), paired, measure, rounds, seed);
}

Interval bootstrap_ranks(std::string_view metric, std::span<const double> a, std::span<const double> b,
                         std::span<const std::uint32_t> users, std::uint32_t rounds, std::uint64_t seed) {
  const std::string name(metric);
  std::vector<double> values;
  for (std::size_t i = 0; i < a.size(); ++i) {
    values.push_back(catalogue_metrics(a.subspan(i, 1)).at(name));
    if (!b.empty()) values.back() -= catalogue_metrics(b.subspan(i, 1)).at(name);
  }
  std::vector<std::uint32_t> all(users.begin(), users.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<double> sums(all.size()), questions(all.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto user =
        static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), users[i]) - all.begin());
    sums[user] += values[i];
    questions[user] += 1;
  }
  const auto mean = [&](std::span<const double> weights) {
    double sum = 0, count = 0;
    for (std::size_t u = 0; u < weights.size(); ++u) {
      sum += weights[u] * sums[u];
      count += weights[u] * questions[u];
    }
    return count > 0 ? sum / count : 0;
  };
  return over_users(all.size(), !b.empty(), mean, rounds, seed);
}

}  // namespace automodel::recsys
