#include "actors/decisions/thompson.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace automodel::actors {

Belief believe(double expected_gain, const Experience& experience, double noise) {
  const double deviation = std::max(std::abs(expected_gain) / 2, noise);
  const double seen = 1.0 + experience.tries;
  return {(expected_gain + experience.gain_sum) / seen, deviation / std::sqrt(seen)};
}

std::vector<Drawn> draw(Random& random, const std::vector<Arm>& arms, double overhead, double noise) {
  std::vector<Drawn> drawn;
  for (const auto& arm : arms) {
    Drawn one;
    one.belief = believe(arm.expected_gain, arm.experience, noise);
    one.gain = random.normal(one.belief.mean, one.belief.deviation);
    one.score = one.gain / std::max(1.0, arm.cost + overhead) * 1e6;
    drawn.push_back(one);
  }
  return drawn;
}

std::vector<std::uint32_t> ranked(const std::vector<Drawn>& drawn) {
  std::vector<std::uint32_t> order(drawn.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return drawn[a].score > drawn[b].score; });
  return order;
}

}  // namespace automodel::actors
