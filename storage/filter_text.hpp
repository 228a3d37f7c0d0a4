// The filters of events in people's words: the same at the command line and at a console.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "storage/filter.hpp"

namespace automodel::storage {

/// What is empty asks for nothing.
struct FilterText {
  std::vector<std::string> streams;
  std::vector<std::string> kinds;  // DecisionMade, TrialFinished …
  std::string correlation;         // a goal or a command
  std::string since;               // UTC: 2026-11-23, 2026-11-23T14:05
  std::string until;               // before this one
};

/// Errors: events.unknown_kind (with the nearest), usage.time.
Result<EventFilter> filter_from_text(const FilterText& text);

}  // namespace automodel::storage
