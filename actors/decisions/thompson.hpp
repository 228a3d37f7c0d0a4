// Choosing what to try next: Thompson sampling (Thompson, Biometrika 1933) over gain per cost.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/decisions/random.hpp"

namespace automodel::actors {

/// What earlier tries of one kind of action brought, in the goal's metric (positive is better).
struct Experience {
  std::uint32_t tries = 0;
  double gain_sum = 0;

  double mean() const { return tries ? gain_sum / tries : 0; }
};

/// A normal belief about the gain of the next try.
struct Belief {
  double mean = 0;
  double deviation = 0;
};

/// Below this no gain can be told from chance on a validation slice of some ten thousand rows.
inline constexpr double gain_noise = 0.004;

/// Normal with known deviation d = max(|expected|/2, noise), which also says how much tries of one kind
/// differ: what a proposal promises counts for one try, so the mean is (expected + sum of gains) / (1 +
/// tries), within d / sqrt(1 + tries).
Belief believe(double expected_gain, const Experience& experience, double noise = gain_noise);

/// One arm to choose among. `cost` and `overhead` are in training rows times epochs.
struct Arm {
  double expected_gain = 0;
  double cost = 0;
  Experience experience;
};

struct Drawn {
  Belief belief;
  double gain = 0;   // sampled from the belief
  double score = 0;  // sampled gain per million rows (with a cost weight of 1)
};

/// How the arms are weighed; today's values.
struct Weighing {
  double noise = gain_noise;
  double exploration = 1;  // factor on a belief's deviation
  double cost_weight = 1;  // exponent of the cost
};

/// Draws once for each arm, in order. `overhead` is what any try costs besides its rows (asking, measuring,
/// comparing): without it a try that is nearly free would win over every other.
std::vector<Drawn> draw(Random& random, const std::vector<Arm>& arms, double overhead,
                        const Weighing& weighing = {});

/// Indices of `drawn` by falling score; equal ones stay in order.
std::vector<std::uint32_t> ranked(const std::vector<Drawn>& drawn);

}  // namespace automodel::actors
