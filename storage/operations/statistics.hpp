// What a store's operator wants to know of it. Reading it disturbs nobody.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

struct TableStatistics {
  std::string name;
  std::uint64_t entries = 0;
  std::uint64_t pages = 0;
};

struct ProjectionStatistics {
  std::string name;
  std::uint64_t sequence = 0;  // last event applied
  std::uint64_t behind = 0;    // events not applied yet
};

/// A process that has a read transaction open. While it has, pages freed since cannot be used again.
struct ReaderStatistics {
  std::uint64_t process = 0;
  std::uint64_t commits_behind = 0;  // how many commits were made since it began to read
};

struct StoreStatistics {
  std::string node;
  std::uint64_t format = 0;
  events::Hash256 commit_hash{};

  std::uint64_t file_bytes = 0;  // of events.mdb
  std::uint64_t map_bytes = 0;   // what the file may grow to before the map grows
  std::uint64_t page_bytes = 0;
  std::uint64_t used_pages = 0;  // hold something
  std::uint64_t free_pages = 0;  // inside the file, to be used again

  std::uint64_t events = 0;
  std::uint64_t streams = 0;
  std::optional<std::uint64_t> record_bytes;  // of all records, unpacked; where counted
  std::uint64_t archived_events = 0;          // of the events: those that are in segments
  std::uint64_t segments = 0;
  std::uint64_t segment_bytes = 0;  // of their files
  std::uint64_t snapshots = 0;
  std::uint64_t outbox_pending = 0;
  std::uint64_t commands_seen = 0;

  // Events by their recorded times, which are those of whoever decided. Found by bisection: where clocks went
  // backwards, an estimate.
  std::int64_t first_time = 0;  // UTC, ns; 0 where there are no events
  std::int64_t last_time = 0;
  std::uint64_t last_minute = 0;
  std::uint64_t last_hour = 0;
  std::uint64_t last_day = 0;

  std::uint64_t artifacts = 0;
  std::uint64_t artifact_bytes = 0;

  std::vector<TableStatistics> tables;
  std::vector<ProjectionStatistics> projections;
  std::vector<ReaderStatistics> readers;

  /// Pages that hold something and segments, over events: indexes, memory and snapshots included. 0 without
  /// events.
  double bytes_per_event() const {
    const auto bytes = static_cast<double>(used_pages * page_bytes + segment_bytes);
    return events == 0 ? 0 : bytes / static_cast<double>(events);
  }
};

/// `now`: UTC, ns. `count_records` walks all records for `record_bytes` (about ten million a second).
/// Errors: those of opening and reading.
Result<StoreStatistics> statistics(const std::filesystem::path& store, std::int64_t now, bool count_records);

}  // namespace automodel::storage
