#include "actors/decisions/policy.hpp"

#include "actors/decisions/record.hpp"

namespace automodel::actors {

double Parameter::get() const {
  return std::visit([](const auto* at) { return static_cast<double>(*at); }, value);
}

std::vector<Parameter> parameters(Policy& policy) {
  constexpr double many = 1e6;
  auto& coordinator = policy.coordinator;
  return {
      {"coordinator.exploration", "factor on the deviation of a belief; 0: its mean decides", 0, 100,
       &coordinator.exploration},
      {"coordinator.noise", "least deviation of one try, in the goal's metric", 0, 1, &coordinator.noise},
      {"coordinator.cost_weight", "exponent of the cost that a gain is divided by; 0: cost is no matter", 0,
       4, &coordinator.cost_weight},
      {"coordinator.promising_gain", "gain below which nothing is taken or measured", -1, 1,
       &coordinator.promising_gain},
      {"coordinator.fruitless_repeats", "tries without gain, then a proposal is left out", 1, many,
       &coordinator.fruitless_repeats},
      {"coordinator.fruitless_vague", "the same of proposals that name no features, settings or model", 1,
       many, &coordinator.fruitless_vague},
      {"coordinator.refusals_per_work", "refused candidates, then the rest of a work is left", 1, many,
       &coordinator.refusals_per_work},
      {"autotrain.survivors", "share of a rung's trials that goes on", 0, 1, &policy.autotrain.survivors},
      {"autoperf.enough_probability", "of being better, for a promotion", 0, 1,
       &policy.autoperf.enough_probability},
      {"autoperf.int8_tolerance", "loss that a smaller model may have", 0, 1,
       &policy.autoperf.int8_tolerance},
  };
}

std::vector<std::string> changes_of(Policy policy) {
  Policy usual;
  const auto now = parameters(policy), before = parameters(usual);
  std::vector<std::string> changes;
  for (std::size_t i = 0; i < now.size(); ++i)
    if (now[i].get() != before[i].get())
      changes.push_back(now[i].name + " " + number(before[i].get(), 6) + " → " + number(now[i].get(), 6));
  return changes;
}

}  // namespace automodel::actors
