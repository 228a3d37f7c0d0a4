// One event as one line.
#pragma once

#include <string>

#include "events/codec.hpp"
#include "storage/event_store.hpp"

namespace automodel::tools {

/// "    17  2026-11-23 02:04:17  autotrain/main#4         TrialFinished      trial-1 finished: auc 0.8123"
std::string event_line(const events::Recorded& event);

/// Errors: storage.no_such_stream, with the nearest.
Result<void> check_stream(const storage::EventStore& store, const std::string& stream);

}  // namespace automodel::tools
