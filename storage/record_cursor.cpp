#include "storage/record_cursor.hpp"

#include "storage/archive/segments.hpp"

namespace automodel::storage {

Error corrupt_at(std::uint64_t sequence, std::string message) {
  return {"storage.corrupt", std::move(message), "sequence " + std::to_string(sequence),
          "restore the store from a backup"};
}

Result<RecordCursor> RecordCursor::open(const Transaction& transaction) {
  auto live = Cursor::open(transaction, Table::events);
  if (!live) return fail(live.error());
  return RecordCursor(transaction, std::move(*live));
}

bool RecordCursor::seek(std::uint64_t sequence) {
  sequence_ = sequence;
  failure_.reset();
  block_.reset();
  const int code = live_.step(MDB_SET_KEY, SequenceKey(sequence));
  if (code == 0) return true;
  if (code != MDB_NOTFOUND) failure_ = live_.error(code);
  return code == MDB_NOTFOUND && seek_archived();
}

bool RecordCursor::seek_archived() {
  auto block = archived_block(*transaction_, sequence_, end_);
  if (!block) failure_ = block.error();
  if (!block || *block == nullptr) return false;
  block_ = std::move(*block);
  archived_ = block_->record(sequence_);
  return true;
}

Error RecordCursor::error() const {
  return failure_ ? *failure_ : corrupt_at(sequence_, "the event is missing");
}

Result<std::shared_ptr<const SegmentBlock>> archived_block(const Transaction& transaction,
                                                           std::uint64_t sequence, std::uint64_t& end) {
  const auto archived = load_archived(transaction);
  if (!archived) return fail(archived.error());
  end = *archived;
  if (sequence == 0 || sequence > end) return nullptr;
  const auto entry = load_segment(transaction, sequence);
  if (!entry) return fail(entry.error());
  if (!*entry) return fail(corrupt_at(sequence, "the event is archived, and no segment is known to have it"));
  return transaction.environment().segments().block(**entry, sequence);
}

Result<std::optional<events::ByteView>> find_record(const Transaction& transaction, std::uint64_t sequence,
                                                    std::shared_ptr<const SegmentBlock>& held) {
  auto live = transaction.get(Table::events, SequenceKey(sequence));
  if (!live || *live) return live;
  std::uint64_t end = 0;
  auto block = archived_block(transaction, sequence, end);
  if (!block) return fail(block.error());
  if (*block == nullptr) return std::optional<events::ByteView>();
  held = std::move(*block);
  return std::optional(held->record(sequence));
}

}  // namespace automodel::storage
