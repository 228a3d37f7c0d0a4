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

std::vector<Drawn> draw(Random& random, const std::vector<Arm>& arms, double overhead,
                        const Weighing& weighing) {
  std::vector<Drawn> drawn;
  for (const auto& arm : arms) {
    Drawn one;
    one.belief = believe(arm.expected_gain, arm.experience, weighing.noise);
    one.gain = random.normal(one.belief.mean, one.belief.deviation * weighing.exploration);
    const double cost = std::max(1.0, arm.cost + overhead);
    // 1 is not left to the library's power function: recorded scores must come out the same everywhere.
    one.score = one.gain / (weighing.cost_weight == 1 ? cost : std::pow(cost, weighing.cost_weight)) * 1e6;
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
