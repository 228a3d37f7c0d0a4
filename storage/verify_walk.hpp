// The two ways to check a history: fast, whether all is well; slowly, what is not. Private to storage/.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "storage/archive/segments.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/verification.hpp"

namespace automodel::storage {

/// What the store says of itself at one moment. `state` and `heads` were true at some commit, not always the
/// newest: what they name must be in the history, so that an end cut off is missed.
struct Claims {
  std::uint64_t sequence = 0;  // of the last record
  NodeState state;
  std::map<std::string, StreamHead> heads;  // of streams whose last event at that time is named
  std::uint64_t archived = 0;               // how many of the first events the archive has
  std::vector<SegmentEntry> segments;       // that it consists of
  std::uint64_t events = 0;                 // entries of the table
  std::uint64_t indexed = 0;                // entries of the index
};

/// Whether the segments follow each other from the first event to the end of what is archived. The last one
/// may also have some that are still in the table.
bool archive_is_whole(const Claims& claims);
/// What lies behind the end of the archive in its last segment: nobody reads it from there yet. Errors:
/// storage.corrupt, storage.io.
Result<void> check_unused_blocks(const Environment& environment, const Claims& claims);
/// The last archived event that cannot be read for the same reason as this one.
Result<std::uint64_t> unreadable_until(const Transaction& transaction, std::uint64_t sequence);

/// Whether every record up to the claimed end is as it was written, follows the one before it in its stream
/// and in the order of commits, and is where the index says; by `threads` threads, of which the calling one
/// is one. False at the first doubt, without saying which.
Result<bool> is_beyond_doubt(const Environment& environment, const Claims& claims, unsigned threads,
                             const VerifyOptions& options);

/// One record after the other, alone: names what is wrong, into `found`.
Result<void> find_faults(const Environment& environment, const Claims& claims, const VerifyOptions& options,
                         Verification& found);

}  // namespace automodel::storage
