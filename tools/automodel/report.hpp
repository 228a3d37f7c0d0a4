// What came of a goal, as text for people and as the JSON of `evolve --json`. Pure functions of memory.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/error.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::tools {

/// Errors: memory.no_such_goal; memory.no_report where the goal has not come to its report yet.
Result<std::string> report_text(const storage::Memory& memory, const std::string& goal,
                                const std::string& store);

/// `events`: of the whole history. Same errors.
Result<nlohmann::json> report_json(const storage::Memory& memory, const std::string& goal,
                                   std::uint64_t events);

/// The goal that a store is about: the newest that is not finished, else the newest. Empty: there is none.
std::string current_goal(const storage::Memory& memory);

}  // namespace automodel::tools
