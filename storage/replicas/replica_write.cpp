#include "storage/replicas/replica_write.hpp"

#include <algorithm>

#include "storage/record_cursor.hpp"

namespace automodel::storage {

namespace {

Result<void> diverged(std::uint64_t sequence, const std::string& what) {
  return fail("storage.diverged", what, "sequence " + std::to_string(sequence),
              "the origin's store was replaced, or lost events that this replica has; remove the replica to "
              "keep the new history");
}

/// An event that is here already is the same, to the bit.
Result<void> compare(const Transaction& transaction, std::uint64_t sequence, const MovedRecord& record) {
  auto cursor = RecordCursor::open(transaction);
  if (!cursor) return fail(cursor.error());
  if (!cursor->seek(sequence)) return fail(cursor->error());
  if (std::ranges::equal(cursor->value(), record.bytes)) return {};
  return diverged(sequence, "the event is another one in this replica");
}

Result<void> append(WriteTransaction& transaction, const MovedRecord& record, Heads& heads) {
  const auto& view = record.view;
  const auto state = heads.state(transaction);
  if (!state) return fail(state.error());
  const std::uint64_t sequence = (*state)->sequence + 1;
  const auto known = heads.head(transaction, std::string(view.stream));
  if (!known) return fail(known.error());
  StreamHead& head = **known;
  if (view.version != head.version + 1)
    return fail(corrupt_at(sequence, "version " + std::to_string(view.version) + " follows version " +
                                         std::to_string(head.version) + " in stream '" +
                                         std::string(view.stream) + "'"));
  if (*view.previous_hash != head.hash)
    return fail(corrupt_at(sequence, "the record does not follow the one before it in stream '" +
                                         std::string(view.stream) + "'"));
  if (*view.commit_hash != events::commit_hash((*state)->commit_hash, sequence, *view.hash))
    return diverged(sequence, "the event does not follow the one before it at its origin");
  return write_record(transaction, view, **state, head);
}

}  // namespace

Result<void> write_replica(WriteTransaction& transaction, std::uint64_t after,
                           const std::vector<MovedRecord>& records, Heads& heads) {
  const auto state = heads.state(transaction);
  if (!state) return fail(state.error());
  const std::uint64_t here = (*state)->sequence;
  if (after > here)
    return fail(corrupt_at(here + 1, "the events up to " + std::to_string(after) + " are missing"));
  std::uint64_t sequence = after;
  for (const auto& record : records) {
    if (record.view.sequence != ++sequence)
      return fail(corrupt_at(sequence, "the record is number " + std::to_string(record.view.sequence)));
    auto taken =
        sequence <= here ? compare(transaction, sequence, record) : append(transaction, record, heads);
    if (!taken) return taken;
  }
  return {};
}

Result<void> write_origin(WriteTransaction& transaction, const std::string& identity, Heads& heads) {
  const auto known = transaction.get(Table::meta, view(origin_key));
  if (!known) return fail(known.error());
  if (*known && text(**known) == identity) return {};
  if (*known)
    return fail("storage.diverged",
                "the replica is of a store with identity " + std::string(text(**known)) +
                    ", the node of that name has " + identity + " now",
                transaction.environment().where(), "remove the replica to follow the new store");
  const auto state = heads.state(transaction);
  if (!state) return fail(state.error());
  if ((*state)->sequence > 0)
    return fail("storage.bad_request", "this is a store of its own, and no replica",
                transaction.environment().where());
  return transaction.put(Table::meta, view(origin_key), view(identity));
}

}  // namespace automodel::storage
