#include <algorithm>
#include <cmath>

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
  std::vector<double> weights(first.users(), 1.0);
  Interval out;
  out.value = out.low = out.high = measure(weights);
  if (rounds == 0 || first.users() == 0) return out;
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

}  // namespace automodel::recsys
