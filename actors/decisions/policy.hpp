// The parameters by which agents choose, as values: what a node runs by is the default of each, and a
// recorded history can be judged again by others (actors/hindsight).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "actors/decisions/thompson.hpp"

namespace automodel::actors {

/// Which proposals are taken, and which candidate is measured against the champion.
struct CoordinatorPolicy {
  double exploration = 1;     // factor on the deviation of a belief; 0: the belief's mean decides
  double noise = gain_noise;  // least deviation of one try
  double cost_weight = 1;     // exponent of the cost that a sampled gain is divided by; 0: cost is no matter
  double promising_gain = 0.0002;       // of the goal's metric; less is not worth a cycle or a measurement
  std::uint32_t fruitless_repeats = 2;  // of a proposal that names features, configurations or a model
  std::uint32_t fruitless_vague = 6;    // of one that leaves them to the agent
  std::uint32_t refusals_per_work = 2;  // candidates of one work that may be refused before the rest is left
};

/// Which trials of a search go on to the next rung.
struct AutoTrainPolicy {
  double survivors = 0.5;  // share of a rung's trials, rounded up
};

/// Whether a candidate becomes champion.
struct AutoPerfPolicy {
  double enough_probability = 0.7;  // of being better on the promotion slice
  double int8_tolerance = 0.0005;   // loss that nobody sees, of a champion in int8
};

struct Policy {
  CoordinatorPolicy coordinator;
  AutoTrainPolicy autotrain;
  AutoPerfPolicy autoperf;
};

/// One parameter of `policy`, for reading it from a file and for showing it.
struct Parameter {
  std::string name;  // coordinator.exploration
  std::string meaning;
  double least = 0, most = 0;  // both allowed
  std::variant<double*, std::uint32_t*> value;

  double get() const;
};
std::vector<Parameter> parameters(Policy& policy);

/// "coordinator.exploration 1 → 0" for each parameter that differs from its default; empty where none does.
std::vector<std::string> changes_of(Policy policy);

}  // namespace automodel::actors
