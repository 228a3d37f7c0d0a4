// What must hold of every history of a goal, whatever happened meanwhile.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace automodel::test {

/// No effect twice: what begins or ends something is there once for each thing that can begin or end.
void check_no_effect_twice(const std::vector<nlohmann::json>& events);

/// No trial that began is left without an end.
void check_every_trial_ended(const std::vector<nlohmann::json>& events);

}  // namespace automodel::test
