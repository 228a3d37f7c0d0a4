#include "storage/scan.hpp"

#include <algorithm>

#include "storage/heads.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

Result<void> RecordReader::view(events::ByteView value, std::uint64_t sequence, events::EnvelopeView& view) {
  if (read(value, sequence, view)) return {};
  const bool legible = reader_.read(bytes_, view);
  return fail(corrupt_at(sequence, legible ? "the record is another one's" : "the record cannot be read"));
}

namespace {

/// One transaction's part of a scan. Returns the next sequence to look at, or 0 where the visitor has enough.
Result<std::uint64_t> scan_part(const Transaction& transaction, std::uint64_t from, std::uint64_t until,
                                const ViewVisit& visit) {
  auto cursor = RecordCursor::open(transaction);
  if (!cursor) return fail(cursor.error());
  Patience patience;
  RecordReader reader;
  events::EnvelopeView view;
  for (bool there = cursor->seek(from);; there = cursor->next()) {
    if (!there) return fail(cursor->error());
    if (!reader.read(cursor->value(), from, view))
      return fail(reader.view(cursor->value(), from, view).error());
    if (!visit(view)) return std::uint64_t{0};
    if (++from > until || patience.is_spent()) return from;
  }
}

}  // namespace

Result<void> scan_all(const Environment& environment, std::uint64_t from, std::uint64_t until,
                      const ViewVisit& visit) {
  from = std::max<std::uint64_t>(from, 1);
  for (bool first = true; from != 0; first = false) {
    const auto transaction = environment.read();
    if (!transaction) return fail(transaction.error());
    if (first) {
      const auto newest = load_last_sequence(*transaction);
      if (!newest) return fail(newest.error());
      until = std::min(until, *newest);
    }
    if (from > until) return {};
    const auto next = scan_part(*transaction, from, until, visit);
    if (!next) return fail(next.error());
    from = *next;
  }
  return {};
}

Result<void> scan_stream(const Environment& environment, const std::string& stream,
                         std::uint64_t from_version, std::uint64_t until_version, const ViewVisit& visit) {
  std::uint64_t version = std::max<std::uint64_t>(from_version, 1);
  const Key prefix = Key().name(stream);
  RecordReader reader;
  events::EnvelopeView view;
  while (version <= until_version) {
    const auto transaction = environment.read();
    if (!transaction) return fail(transaction.error());
    auto index = Cursor::open(*transaction, Table::streams);
    if (!index) return fail(index.error());
    auto records = RecordCursor::open(*transaction);
    if (!records) return fail(records.error());
    Patience patience;
    auto more = index->seek(Key().name(stream).number(version));
    for (;; more = index->next()) {
      if (!more) return fail(more.error());
      if (!*more || !starts_with(index->key(), prefix)) return {};
      const auto sequence = decode_number(index->value());
      if (!sequence || number_at_end(index->key()) != version)
        return fail(corrupt_at(sequence.value_or(0), "the index of stream '" + stream + "' cannot be read"));
      if (!records->seek(*sequence)) return fail(records->error());
      if (auto viewed = reader.view(records->value(), *sequence, view); !viewed) return viewed;
      if (view.stream != stream || view.version != version)
        return fail(corrupt_at(*sequence, "the record is not " + events::reference(stream, version)));
      if (!visit(view)) return {};
      if (version++ == until_version) return {};
      if (patience.is_spent()) break;
    }
  }
  return {};
}

}  // namespace automodel::storage
