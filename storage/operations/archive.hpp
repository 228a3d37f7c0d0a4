// The old part of a history, moved out of events.mdb into compressed files that everybody still reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/operations/progress.hpp"

namespace automodel::storage {

/// Why events that were named must stay.
struct HeldBack {
  std::uint64_t sequence = 0;  // the first that stays
  std::string reason;
  std::string remedy;
};

/// What may go. An event may where every projection has applied it and its stream has a snapshot that covers
/// it, and every event before it may. The two newest never do.
struct ArchivePlan {
  std::uint64_t archived = 0;  // the last event that is archived already; 0: none
  std::uint64_t named = 0;     // the last event that was asked for, or that there is
  std::uint64_t until = 0;     // the last that may go; not after `archived`: none may
  std::optional<HeldBack> held_back;

  std::uint64_t events() const { return until > archived ? until - archived : 0; }
};

struct ArchiveOptions {
  std::uint64_t segment_events = 1u << 18;  // of one file, at most
  Watch watch;
};

struct ArchiveResult {
  ArchivePlan plan;
  std::uint64_t events = 0;  // that were moved, those of a run that was cut off included
  std::uint64_t record_bytes = 0;
  std::vector<std::string> segments;  // that this run made: the files' names
  std::uint64_t segment_bytes = 0;
  std::uint64_t freed_bytes = 0;  // of events.mdb, to be used again: the file does not become smaller
  std::uint64_t leftovers = 0;    // files of runs that were cut off, removed
};

/// What `archive_history` would do now; changes nothing, needs no lock. `before` is a sequence (the events
/// before it), or a time in UTC: the events before the first one that was recorded then or later. Errors:
/// usage.moment; those of opening.
Result<ArchivePlan> plan_archive(const std::filesystem::path& store, std::string_view before);

/// Moves the events that may go into segments, one after the other, each written, synced, read back and
/// compared before anything is taken out of events.mdb. Where it is cut off, by whatever, every event is
/// still in its place or in the other, once; the next run goes on. From the first segment on, programs that
/// do not know of archives refuse the store. Errors: usage.moment, storage.locked, storage.corrupt,
/// storage.stray_segment (a segment that the store does not refer to, and whose events it has not got),
/// storage.full, storage.io, storage.interrupted.
Result<ArchiveResult> archive_history(const std::filesystem::path& store, std::string_view before,
                                      const ArchiveOptions& options = {});

}  // namespace automodel::storage
