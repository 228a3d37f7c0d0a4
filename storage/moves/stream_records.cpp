#include "storage/moves/stream_records.hpp"

#include "storage/lmdb/records.hpp"

namespace automodel::storage {

Result<StreamRecords> StreamRecords::open(const Transaction& transaction, std::string stream) {
  auto cursor = RecordCursor::open(transaction);
  if (!cursor) return fail(cursor.error());
  return StreamRecords(transaction, std::move(stream), std::move(*cursor));
}

Result<const events::EnvelopeView*> StreamRecords::at(std::uint64_t version) {
  const auto index = transaction_->get(Table::streams, Key().name(stream_).number(version));
  if (!index) return fail(index.error());
  if (!*index) return nullptr;
  const auto sequence = decode_number(**index);
  if (!sequence) return fail(corrupt_at(0, "the index of stream '" + stream_ + "' cannot be read"));
  if (!cursor_.seek(*sequence)) return fail(cursor_.error());
  if (auto viewed = reader_.view(cursor_.value(), *sequence, view_); !viewed) return fail(viewed.error());
  if (view_.stream != stream_ || view_.version != version)
    return fail(corrupt_at(*sequence, "the record is not " + events::reference(stream_, version)));
  return &view_;
}

}  // namespace automodel::storage
