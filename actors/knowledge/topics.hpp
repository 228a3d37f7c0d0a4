// One function for each topic of answer.hpp. Private to actors/knowledge.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/knowledge/near_trials.hpp"
#include "storage/event_store.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::actors::knowledge {

struct Asked {
  const std::vector<std::string>& arguments;
  const storage::EventStore& store;
  const storage::Memory& memory;
  NearTrials* near;  // may be null
};
using Told = Result<nlohmann::json>;

Told status(const Asked& asked);
Told agents(const Asked& asked);
Told proposals(const Asked& asked);
Told memory(const Asked& asked);
Told explain(const Asked& asked);
Told tried(const Asked& asked);
Told nearest(const Asked& asked);
Told worked(const Asked& asked);
Told failed(const Asked& asked);
Told history(const Asked& asked);

/// The goal that the first argument names, else the newest one. Errors: knowledge.no_goal.
Result<events::GoalRowT> goal_of(const Asked& asked);

}  // namespace automodel::actors::knowledge
