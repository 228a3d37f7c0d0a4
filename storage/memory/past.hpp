// Memory as it was: a place in the history, and the rows that the events up to it give.
#pragma once

#include "storage/memory/memory.hpp"
#include "storage/operations/progress.hpp"

namespace automodel::storage {

/// A place in the history: the events from the first one to `sequence`. 0: before anything happened.
struct Moment {
  std::uint64_t sequence = 0;
  std::int64_t time = 0;    // that its last event carries, UTC ns; 0 where there is none
  std::uint64_t later = 0;  // of its events, how many carry a time after the one that was asked for
};

/// The nanoseconds that a time in UTC stands for, the first and the last one: those of its second, or one.
struct TimeSpan {
  std::int64_t first = 0;
  std::int64_t last = 0;
};
/// Of 2026-11-23T05:00, also with seconds, a fraction of them, and a Z. Errors: usage.moment.
Result<TimeSpan> time_span_of(std::string_view text);

/// What `text` names: a sequence (1200; 0: before anything happened), or a time in UTC: 2026-11-23T05:00,
/// also with seconds, a fraction of them, and a Z. A time without a fraction stands for its whole second, so
/// that an event which is shown with that time is in. Days alone and other time zones are refused: they do
/// not say which moment is meant.
///
/// A time names the events up to the last one, in commit order, that was recorded at or before it. So all
/// that was recorded by then is in, and a later time never gives a shorter history. Recorded times are not
/// strictly monotone in commit order: where a clock went back, events that carry a later time, but were
/// committed before that last one, are in as well; `later` says how many.
///
/// Errors: usage.moment, memory.no_such_event (a sequence beyond the newest), storage.*.
/// A time costs a look at the whole history, which `watch` may end: storage.interrupted.
Result<Moment> moment_of(const EventStore& store, std::string_view text, const Watch& watch = {});

/// Rows of memory rebuilt from the events up to a sequence, and what that took.
struct PastMemory {
  std::shared_ptr<const RowReader> rows;
  std::uint64_t events = 0;
  double seconds = 0;

  Memory memory() const { return Memory(rows); }
};
/// Errors: storage.* (storage.interrupted where `watch` ends it), memory.no_such_event.
Result<PastMemory> memory_at(const EventStore& store, std::uint64_t sequence, const Watch& watch = {});

/// `replay` of the whole history, which `watch` may end while memory is rebuilt: storage.interrupted.
Result<ReplayResult> replay(const EventStore& store, const Watch& watch);

/// How many rows each table has, in the order of a listing.
std::vector<std::pair<std::string, std::uint64_t>> row_counts(const RowReader& rows);

}  // namespace automodel::storage
