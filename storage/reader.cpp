#include "storage/reader.hpp"

#include "storage/heads.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

namespace {

// A batch is copied in one short transaction, then handed out: visitors may take their time, and append.
constexpr std::size_t batch_events = 512;
constexpr std::size_t batch_bytes = 4u << 20;

struct Stored {
  std::uint64_t sequence;
  events::Bytes bytes;
};

Error corrupt(std::uint64_t sequence, const std::string& message) {
  return {"storage.corrupt", message, "sequence " + std::to_string(sequence),
          "restore the store from a backup"};
}

Result<events::Recorded> decode(std::uint64_t sequence, events::ByteView bytes) {
  auto recorded = events::decode_envelope(bytes);
  if (!recorded && recorded.error().code == "events.newer_kind") return recorded;
  if (!recorded) return fail(corrupt(sequence, "the record cannot be read: " + to_string(recorded.error())));
  if (recorded->sequence != sequence) return fail(corrupt(sequence, "the record is another one's"));
  return recorded;
}

Result<events::Recorded> decode_checked(std::uint64_t sequence, events::ByteView unaligned) {
  events::Bytes scratch;
  const auto bytes = events::detail::aligned(unaligned, scratch);
  const auto record = events::view_envelope(bytes);
  if (!record) return fail(corrupt(sequence, "the record cannot be read: " + to_string(record.error())));
  if (auto intact = events::verify_content(**record); !intact)
    return fail(corrupt(sequence, intact.error().message));
  return decode(sequence, bytes);
}

Result<std::vector<Stored>> batch_of_all(const Environment& environment, std::uint64_t from,
                                         std::uint64_t until) {
  std::vector<Stored> batch;
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  auto cursor = Cursor::open(*transaction, Table::events);
  if (!cursor) return fail(cursor.error());
  std::size_t bytes = 0;
  auto more = cursor->seek(SequenceKey(from));
  for (; from <= until && batch.size() < batch_events && bytes < batch_bytes; ++from, more = cursor->next()) {
    if (!more) return fail(more.error());
    if (!*more || SequenceKey::of(cursor->key()) != from) return fail(corrupt(from, "the event is missing"));
    batch.push_back({from, {cursor->value().begin(), cursor->value().end()}});
    bytes += batch.back().bytes.size();
  }
  return batch;
}

Result<std::vector<Stored>> batch_of_stream(const Environment& environment, const std::string& stream,
                                            std::uint64_t from_version) {
  std::vector<Stored> batch;
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  auto cursor = Cursor::open(*transaction, Table::streams);
  if (!cursor) return fail(cursor.error());
  const Key prefix = Key().name(stream);
  std::size_t bytes = 0;
  auto more = cursor->seek(Key().name(stream).number(from_version));
  for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next()) {
    if (batch.size() == batch_events || bytes >= batch_bytes) break;
    const auto sequence = decode_number(cursor->value());
    if (!sequence) return fail(corrupt(0, "the index of stream '" + stream + "' cannot be read"));
    const auto record = transaction->get(Table::events, SequenceKey(*sequence));
    if (!record) return fail(record.error());
    if (!*record) return fail(corrupt(*sequence, "the event is missing"));
    batch.push_back({*sequence, {(*record)->begin(), (*record)->end()}});
    bytes += batch.back().bytes.size();
  }
  if (!more) return fail(more.error());
  return batch;
}

}  // namespace

Result<events::Recorded> read_event(const Transaction& transaction, std::uint64_t sequence) {
  const auto record = transaction.get(Table::events, SequenceKey(sequence));
  if (!record) return fail(record.error());
  if (!*record) return fail(corrupt(sequence, "the event is missing"));
  return decode_checked(sequence, **record);
}

Result<void> visit_all(const Environment& environment, std::uint64_t from, const Visit& visit) {
  std::uint64_t until = 0;
  {
    const auto transaction = environment.read();
    if (!transaction) return fail(transaction.error());
    const auto last = load_last_sequence(*transaction);
    if (!last) return fail(last.error());
    until = *last;
  }
  for (from = std::max<std::uint64_t>(from, 1); from <= until;) {
    const auto batch = batch_of_all(environment, from, until);
    if (!batch) return fail(batch.error());
    for (const Stored& one : *batch) {
      const auto recorded = decode_checked(one.sequence, one.bytes);
      if (!recorded) return fail(recorded.error());
      if (!visit(*recorded)) return {};
    }
    from += batch->size();
  }
  return {};
}

Result<void> visit_stream(const Environment& environment, const std::string& stream,
                          std::uint64_t from_version, const Visit& visit) {
  std::uint64_t version = std::max<std::uint64_t>(from_version, 1);
  for (;;) {
    const auto batch = batch_of_stream(environment, stream, version);
    if (!batch) return fail(batch.error());
    if (batch->empty()) return {};
    for (const Stored& one : *batch) {
      const auto recorded = decode_checked(one.sequence, one.bytes);
      if (!recorded) return fail(recorded.error());
      if (recorded->stream != stream || recorded->version != version)
        return fail(corrupt(one.sequence, "the record is not " + events::reference(stream, version)));
      if (!visit(*recorded)) return {};
      ++version;
    }
  }
}

}  // namespace automodel::storage
