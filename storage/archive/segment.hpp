// One segment: a piece of history in an immutable, compressed file, read a block at a time. docs/storage.md,
// "Archive", has its form. Private to storage/.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"
#include "storage/operations/files.hpp"

namespace automodel::storage {

/// What a store knows of a segment that it refers to: enough to tell any other file from it.
struct SegmentEntry {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t bytes = 0;  // of the file
  events::Hash256 hash{};   // covers every byte of the file, by the blocks' hashes in its index
  bool operator==(const SegmentEntry&) const = default;
};

/// "00000000000000000001-00000000000000262144.segment", and back: nothing where the name is none.
std::string segment_name(std::uint64_t first, std::uint64_t last);
std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of_segment(std::string_view name);

/// Some consecutive records, unpacked.
class SegmentBlock {
 public:
  /// `bytes` are frames of records, as in a binary export; nothing where they are not `last - first + 1`.
  static std::optional<SegmentBlock> of(events::Bytes bytes, std::uint64_t first, std::uint64_t last);

  bool has(std::uint64_t sequence) const { return sequence >= first_ && sequence - first_ < records_.size(); }
  events::ByteView record(std::uint64_t sequence) const {
    const Place& place = records_[sequence - first_];
    return {bytes_.data() + place.offset, place.size};
  }

 private:
  struct Place {
    std::uint32_t offset;
    std::uint32_t size;
  };
  std::uint64_t first_ = 0;
  events::Bytes bytes_;
  std::vector<Place> records_;
};

/// Every member may be called from any thread.
class Segment {
 public:
  struct Block {
    std::uint64_t first, last;
    std::uint64_t offset;  // of its frame
    std::uint32_t packed, unpacked;
    events::Hash256 hash;  // of the packed bytes
  };

  /// The segment that the store means. Errors: storage.corrupt (it is missing, or not that one),
  /// storage.newer_format, storage.io.
  static Result<std::shared_ptr<const Segment>> open(const std::filesystem::path& file,
                                                     const SegmentEntry& entry);
  /// Whatever the file says that it is; the same errors. `where` is its name, for them.
  static Result<std::shared_ptr<const Segment>> read(Descriptor file, std::string where);

  const SegmentEntry& entry() const { return entry_; }
  const std::string& node() const { return node_; }
  const events::Hash256& commit_before() const { return commit_before_; }  // of the event before the first
  const events::Hash256& commit_after() const { return commit_after_; }    // of the last event
  std::uint64_t record_bytes() const;                                      // unpacked
  const std::vector<Block>& blocks() const { return blocks_; }
  /// The number of the block with an event of this segment.
  std::size_t block_with(std::uint64_t sequence) const;
  /// Read, checked against its hash, and unpacked. Errors: storage.corrupt, storage.io.
  Result<std::shared_ptr<const SegmentBlock>> load(std::size_t block) const;

 private:
  Segment(Descriptor file, std::string where) : file_(std::move(file)), where_(std::move(where)) {}
  Result<void> start();
  Result<events::Bytes> read_head() const;
  Result<void> parse_header(events::ByteView head);
  Result<void> parse_index(events::ByteView index, std::uint64_t begin, std::uint64_t end);
  Result<events::Bytes> bytes_at(std::uint64_t offset, std::uint64_t count) const;
  Error damaged(const std::string& what) const;

  Descriptor file_;
  std::string where_;
  SegmentEntry entry_;
  std::string node_;
  events::Hash256 commit_before_{}, commit_after_{};
  std::vector<Block> blocks_;
};

/// Makes a segment's file from records in order.
class SegmentWriter {
 public:
  /// A new file for events `first` to `last`. Errors: storage.full, storage.io.
  static Result<SegmentWriter> create(const std::filesystem::path& file, std::uint64_t first,
                                      std::uint64_t last, const events::Hash256& commit_before,
                                      const std::string& node);
  SegmentWriter(SegmentWriter&&) noexcept;
  ~SegmentWriter();

  /// The next record. Errors: storage.full, storage.io.
  Result<void> add(events::ByteView record);
  /// After the last one, whose commit hash this is: the file is whole and synced.
  Result<SegmentEntry> finish(const events::Hash256& commit_after);

 private:
  struct State;
  explicit SegmentWriter(std::unique_ptr<State> state);
  Result<void> flush();
  std::unique_ptr<State> state_;
};

}  // namespace automodel::storage
