// The one place that decides where a record is read from: the table of events, or a segment of the archive.
// Private to storage/.
#pragma once

#include <cstring>
#include <memory>
#include <optional>

#include "storage/archive/segment.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

/// storage.corrupt, `where` is the sequence.
Error corrupt_at(std::uint64_t sequence, std::string message);

/// Goes over the history's records by their sequences. The table is asked first, so that events which are not
/// archived cost what they always did. Ends before its transaction.
class RecordCursor {
 public:
  static Result<RecordCursor> open(const Transaction& transaction);

  /// To the event of this sequence. Where it is false `error` says why, and the cursor is nowhere.
  bool seek(std::uint64_t sequence);
  /// To the one after or before; after a `seek` that was true, as are these.
  bool next() { return step(MDB_NEXT, sequence_ + 1); }
  bool previous() { return step(MDB_PREV, sequence_ - 1); }

  std::uint64_t sequence() const { return sequence_; }
  /// The record; valid until the cursor moves. It may start at any address.
  events::ByteView value() const { return block_ ? archived_ : live_.value(); }
  /// Why there was none: storage.corrupt where it is missing, or its segment is, or damaged; storage.io.
  Error error() const;
  /// Nothing failed: neither the table nor the archive has this event.
  bool is_missing() const { return !failure_; }

 private:
  RecordCursor(const Transaction& transaction, Cursor live)
      : transaction_(&transaction), live_(std::move(live)) {}
  bool step(MDB_cursor_op operation, std::uint64_t sequence) {
    if (!block_ && live_.step(operation) == 0 && live_is_at(sequence)) {
      sequence_ = sequence;
      return true;
    }
    if (block_ && sequence <= end_ && block_->has(sequence)) {
      sequence_ = sequence;
      archived_ = block_->record(sequence);
      return true;
    }
    return seek(sequence);
  }
  bool live_is_at(std::uint64_t sequence) const {
    std::uint64_t there = 0;
    if (live_.key().size() == sizeof there) std::memcpy(&there, live_.key().data(), sizeof there);
    return there == sequence;
  }
  bool seek_archived();

  const Transaction* transaction_;
  Cursor live_;
  std::uint64_t sequence_ = 0;
  std::uint64_t end_ = 0;                      // of the archive, once it was asked
  std::shared_ptr<const SegmentBlock> block_;  // none: the cursor is in the table
  events::ByteView archived_;
  std::optional<Error> failure_;
};

/// One record. Nothing where there is none; valid while `held` and the transaction are. Errors:
/// storage.corrupt (of a segment), storage.io.
Result<std::optional<events::ByteView>> find_record(const Transaction& transaction, std::uint64_t sequence,
                                                    std::shared_ptr<const SegmentBlock>& held);

/// The block with an archived event; null where the archive has not got it. `end`: of the archive.
Result<std::shared_ptr<const SegmentBlock>> archived_block(const Transaction& transaction,
                                                           std::uint64_t sequence, std::uint64_t& end);

}  // namespace automodel::storage
