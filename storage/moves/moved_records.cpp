#include "storage/moves/moved_records.hpp"

#include "events/evolution.hpp"
#include "storage/append.hpp"
#include "storage/moves/stream_records.hpp"

namespace automodel::storage {

namespace {

/// Of the record at a version that is here.
Result<events::Hash256> hash_at(StreamRecords& records, const std::string& stream, std::uint64_t version) {
  const auto record = records.at(version);
  if (!record) return fail(record.error());
  if (!*record) return fail(corrupt_at(0, "the index lacks " + events::reference(stream, version)));
  return *(*record)->hash;
}

}  // namespace

Result<void> write_record(WriteTransaction& transaction, const events::EnvelopeView& view, NodeState& node,
                          StreamHead& head) {
  events::Recorded record;
  record.sequence = ++node.sequence;
  record.stream = view.stream;
  record.version = head.version = view.version;
  record.time = view.time;
  record.correlation = view.correlation;
  record.causation = view.causation;
  record.epoch = view.epoch;
  record.origin_node = view.origin_node;
  record.origin_sequence = view.origin_sequence;
  record.previous_hash = *view.previous_hash;
  record.hash = head.hash = *view.hash;
  record.commit_hash = node.commit_hash = events::commit_hash(node.commit_hash, record.sequence, record.hash);
  head.epoch = std::max(head.epoch, view.epoch);
  const events::Bytes bytes = events::encode_envelope_as(view.kind, record, view.payload);
  if (auto put = transaction.put(Table::events, SequenceKey(record.sequence), bytes, MDB_APPEND); !put)
    return put;
  return transaction.put(Table::streams, Key().name(record.stream).number(record.version),
                         encode_number(record.sequence));
}

namespace {

/// Bytes with their fields, which nobody vouches for yet. Errors: storage.corrupt.
Result<MovedRecord> read_record(events::Bytes bytes, const std::string& where) {
  MovedRecord record;
  record.bytes = std::move(bytes);
  if (record.bytes.size() > events::max_message_bytes || !events::read_envelope(record.bytes, record.view))
    return fail("storage.corrupt", "a record that came from another node cannot be read", where);
  return record;
}

Result<MovedRecord> check_content(MovedRecord record) {
  const auto& view = record.view;
  const std::string where = events::reference(view.stream, view.version);
  const auto corrupt = [&](const std::string& what) { return fail("storage.corrupt", what, where); };
  if (auto known = events::check_kind(view.kind); !known) {
    Error newer = known.error();
    newer.where = where;
    return fail(std::move(newer));
  }
  if (*view.hash != events::content_hash(view))
    return corrupt("the content of a record that came from another node does not have its hash");
  if (!events::payload_is_whole(view))
    return corrupt("the payload of a record that came from another node is no event of its kind");
  if (!events::is_as_written(view, record.bytes))
    return corrupt("the bytes of a record that came from another node are not as they were written");
  return record;
}

}  // namespace

Result<MovedRecord> check_record(const std::string& stream, std::uint64_t version, events::Bytes bytes) {
  const std::string where = events::reference(stream, version);
  auto record = read_record(std::move(bytes), where);
  if (!record) return record;
  if (record->view.stream != stream || record->view.version != version)
    return fail("storage.corrupt",
                "a record that came from another node is " +
                    events::reference(record->view.stream, record->view.version),
                where);
  return check_content(std::move(*record));
}

Result<MovedRecord> check_record(events::Bytes bytes) {
  auto record = read_record(std::move(bytes), {});
  if (!record) return record;
  const std::string stream(record->view.stream);
  if (auto named = check_name("stream's name", stream); !named)
    return fail("storage.corrupt", "a record that came from another node: " + named.error().message);
  return check_content(std::move(*record));
}

Result<void> check_links(const std::vector<MovedRecord>& records, std::uint64_t epoch) {
  const MovedRecord* before = nullptr;
  for (const auto& record : records) {
    const auto corrupt = [&](const std::string& what) {
      return fail("storage.corrupt", what, events::reference(record.view.stream, record.view.version));
    };
    if (before && *record.view.previous_hash != *before->view.hash)
      return corrupt("a record that came from another node does not follow the one before it");
    if (record.view.epoch > epoch || (before && record.view.epoch < before->view.epoch))
      return corrupt("a record that came from another node is of epoch " + std::to_string(record.view.epoch));
    before = &record;
  }
  return {};
}

Result<Result<void>> fits(const Transaction& transaction, const std::string& stream, std::uint64_t after,
                          const std::vector<MovedRecord>& records, const StreamHead& head,
                          const std::string& node) {
  const auto refused = [&](std::string_view code, std::uint64_t version, const std::string& what) {
    return Result<void>(fail(code, what, events::reference(stream, version)));
  };
  if (after > head.version)
    return refused("storage.corrupt", after,
                   "the events after version " + std::to_string(head.version) + " are missing");
  if (records.empty()) return Result<void>();
  auto here = StreamRecords::open(transaction, stream);
  if (!here) return fail(here.error());
  const auto diverged = [&](std::uint64_t version) {
    return refused("storage.diverged", version, "the event is another one in this store");
  };
  if (after > 0) {
    const auto before = hash_at(*here, stream, after);
    if (!before) return fail(before.error());
    if (*before != *records.front().view.previous_hash) return diverged(after);
  } else if (*records.front().view.previous_hash != events::no_hash) {
    return refused("storage.corrupt", 1, "the first record follows another one");
  }
  // Where the last of them that is here is the same, all before it are: each names the one before it.
  const std::uint64_t both = std::min(head.version, after + records.size());
  if (both > after) {
    const auto last = hash_at(*here, stream, both);
    if (!last) return fail(last.error());
    if (*last != *records[both - after - 1].view.hash) return diverged(both);
  }
  for (std::size_t i = both - after; i < records.size(); ++i) {
    const auto& view = records[i].view;
    if (view.epoch < head.epoch)
      return refused("storage.fenced", view.version,
                     "an event of epoch " + std::to_string(view.epoch) + ", and the stream is at epoch " +
                         std::to_string(head.epoch) + " here");
    // So that a record with this store's name was written by this store: owners are told by that.
    if (view.origin_node == node)
      return refused("storage.diverged", view.version,
                     "the event says that this store ('" + node + "') wrote it, which it did not");
  }
  return Result<void>();
}

Result<void> write_records(WriteTransaction& transaction, const std::vector<MovedRecord>& records,
                           NodeState& node, StreamHead& head) {
  for (const auto& record : records)
    if (record.view.version > head.version)
      if (auto written = write_record(transaction, record.view, node, head); !written) return written;
  return {};
}

}  // namespace automodel::storage
