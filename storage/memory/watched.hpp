// A rebuild that says how far it is, and ends when it is told to. Private to storage/memory.
#pragma once

#include "storage/event_store.hpp"
#include "storage/operations/progress.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// How many events are folded or read between two looks at whoever watches.
inline constexpr std::uint64_t watched_events = 4096;

/// EventStore::rebuild, watched. Errors: its own, and storage.interrupted: then `rows` are not complete.
Result<FoldFigures> rebuild(const EventStore& store, const Projection& projection, RowWriter& rows,
                            std::uint64_t until, const Watch& watch);

}  // namespace automodel::storage
