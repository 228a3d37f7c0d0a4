// What a policy would have chosen, as text for people and as JSON. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "actors/hindsight/hindsight.hpp"

namespace automodel::tools {

/// `changes`: how the policy differs from a node's (actors::changes_of).
std::string hindsight_text(const actors::Hindsight& account, const std::vector<std::string>& changes);
/// {policy, decisions, redecided, agree, differ:[{sequence, ref, time, by, question, subject, recorded,
/// other, why}], not_redecided:[{by, question, count, why}]}; choices as [{name, recorded_score, score}].
nlohmann::json hindsight_json(const actors::Hindsight& account, const std::vector<std::string>& changes);

}  // namespace automodel::tools
