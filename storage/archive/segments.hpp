// The archived part of a store's history: which segments its `meta` refers to, and events out of them.
// Private to storage/.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "storage/archive/segment.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// What one commit says of its archive. Events 1 to `archived` are in segments and not in `events`; all later
/// ones are in `events`. The last segment may reach beyond: then its events are still being moved.
Result<std::uint64_t> load_archived(const Transaction& transaction);
Result<void> store_archived(WriteTransaction& transaction, std::uint64_t archived);
/// In order.
Result<std::vector<SegmentEntry>> load_segments(const Transaction& transaction);
/// The one with this event; nothing where there is none. Errors: storage.corrupt.
Result<std::optional<SegmentEntry>> load_segment(const Transaction& transaction, std::uint64_t sequence);
Result<void> store_segment(WriteTransaction& transaction, const SegmentEntry& entry);

/// Where a store's segments are, beside its events.mdb.
std::filesystem::path archive_directory(const std::filesystem::path& store);

/// Segments that are open and blocks that were read lately, of one environment. Any thread.
class SegmentCache {
 public:
  explicit SegmentCache(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// The block with an event of this segment. Errors: those of Segment.
  Result<std::shared_ptr<const SegmentBlock>> block(const SegmentEntry& entry, std::uint64_t sequence);
  Result<std::shared_ptr<const Segment>> segment(const SegmentEntry& entry);
  /// What is read from now on comes from the disk.
  void forget();

 private:
  struct Loaded {
    events::Hash256 segment;
    std::size_t number;
    std::shared_ptr<const SegmentBlock> block;
  };
  std::filesystem::path directory_;
  std::mutex mutex_;                                // of what follows
  std::list<std::shared_ptr<const Segment>> open_;  // used lately first, as below
  std::list<Loaded> blocks_;
};

}  // namespace automodel::storage
