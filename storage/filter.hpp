// Which events somebody wants: one type for every question to the history.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "events/envelope_view.hpp"

namespace automodel::storage {

/// Everything that is given must hold; what is left as it is asks for nothing. Times are those that events
/// carry: clocks go backwards, so no order of times is assumed, and each event is judged by its own.
struct EventFilter {
  std::vector<std::string> streams;      // one of these; none: any
  std::vector<events::EventBody> kinds;  // one of these; none: any
  std::string correlation;               // the goal or command that it serves; empty: any
  std::optional<std::int64_t> since;     // UTC ns: at this time or later
  std::optional<std::int64_t> before;    // UTC ns: earlier than this
  std::uint64_t from = 1;                // the first sequence
  std::uint64_t until = std::numeric_limits<std::uint64_t>::max();  // the last sequence, itself included
  std::uint64_t limit = 0;                                          // at most so many; 0: all
  bool newest_first = false;
};

/// Whether an event passes; `limit` and order are the reader's.
bool wants(const EventFilter& filter, const events::EnvelopeView& event);
bool wants(const EventFilter& filter, const events::Recorded& event);

}  // namespace automodel::storage
