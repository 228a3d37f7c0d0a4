#include <algorithm>

#include "events/envelope_view.hpp"
#include "storage/heads.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/record_cursor.hpp"
#include "storage/replicas.hpp"

namespace automodel::storage {

Result<SharedHistory> SharedHistory::open(const EventStore& store) {
  auto environment = Environment::open(store.path(), false);
  if (!environment) return fail(environment.error());
  return SharedHistory(std::move(*environment));
}

namespace {

Result<std::uint64_t> last_of(const Environment& environment) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  return load_last_sequence(*transaction);
}

/// Whether the event at `after` is the one that the follower has.
Result<void> check_common(const Environment& environment, const HistoryPosition& after, std::uint64_t last) {
  const auto diverged = [&](const std::string& what) {
    return fail("storage.diverged", what, "sequence " + std::to_string(after.sequence),
                "this store was replaced, or lost events that its replica has; remove the replica to keep "
                "the new history");
  };
  if (after.sequence > last) return diverged("the history ends with event " + std::to_string(last));
  if (after.sequence == 0) return {};
  const auto record = record_of(environment, after.sequence);
  if (!record) return fail(record.error());
  events::EnvelopeView view;
  if (!events::read_envelope(*record, view))
    return fail(corrupt_at(after.sequence, "the record cannot be read"));
  return *view.commit_hash == after.commit_hash ? Result<void>() : diverged("the history is another one");
}

}  // namespace

Result<SharedHistory::Part> SharedHistory::read(const HistoryPosition& after, std::size_t bytes) const {
  const auto last = last_of(*environment_);
  if (!last) return fail(last.error());
  if (auto common = check_common(*environment_, after, *last); !common) return fail(common.error());
  auto records = read_records(*environment_, after.sequence + 1, *last, bytes);
  if (!records) return fail(records.error());
  return Part{std::move(*records), *last};
}

}  // namespace automodel::storage
