#include "storage/reader.hpp"

#include "storage/lmdb/records.hpp"
#include "storage/record_cursor.hpp"
#include "storage/scan.hpp"

namespace automodel::storage {

Result<events::Recorded> decode_checked(const events::EnvelopeView& view) {
  if (*view.hash != events::content_hash(view))
    return fail(corrupt_at(view.sequence, "the record's content does not have its hash"));
  auto recorded = events::decode(view);
  if (!recorded && recorded.error().code == "events.newer_kind") return recorded;
  if (!recorded)
    return fail(corrupt_at(view.sequence, "the record cannot be read: " + to_string(recorded.error())));
  return recorded;
}

Result<events::Recorded> read_event(const Transaction& transaction, std::uint64_t sequence) {
  std::shared_ptr<const SegmentBlock> held;
  const auto record = find_record(transaction, sequence, held);
  if (!record) return fail(record.error());
  if (!*record) return fail(corrupt_at(sequence, "the event is missing"));
  RecordReader reader;
  events::EnvelopeView view;
  if (auto viewed = reader.view(**record, sequence, view); !viewed) return fail(viewed.error());
  return decode_checked(view);
}

Result<std::uint64_t> sequence_of(const Transaction& transaction, const std::string& stream,
                                  std::uint64_t version) {
  auto cursor = Cursor::open(transaction, Table::streams);
  if (!cursor) return fail(cursor.error());
  const auto there = cursor->seek(Key().name(stream).number(version));
  if (!there) return fail(there.error());
  if (!*there || !starts_with(cursor->key(), Key().name(stream))) return 0;
  const auto sequence = decode_number(cursor->value());
  // A later version without this one: the index has a hole.
  if (!sequence || *sequence == 0 || number_at_end(cursor->key()) != version)
    return fail(corrupt_at(sequence.value_or(0), "the index of stream '" + stream + "' cannot be read"));
  return *sequence;
}

Result<void> visit_all(const Environment& environment, std::uint64_t from, const Visit& visit) {
  EventFilter filter;
  filter.from = from;
  return select_events(environment, filter, visit);
}

}  // namespace automodel::storage
