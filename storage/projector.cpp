#include "storage/projector.hpp"

#include <exception>

#include "storage/heads.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/reader.hpp"
#include "storage/stored_rows.hpp"

namespace automodel::storage {

namespace {

constexpr std::uint64_t batch_events = 512;

Error failed(const Projection& projection, std::uint64_t sequence, const std::string& why) {
  return {"storage.projection_failed", "projection '" + projection.name() + "' cannot apply an event: " + why,
          "sequence " + std::to_string(sequence), "its rows stay as they were before this event"};
}

}  // namespace

Result<std::uint64_t> stored_checkpoint(const Transaction& transaction, const std::string& projection) {
  const auto stored = load<Checkpoint>(transaction, Table::checkpoints, view(projection));
  if (!stored) return fail(stored.error());
  return *stored ? (*stored)->sequence : 0;
}

Result<std::uint64_t> Projector::prepare(WriteTransaction& transaction, const Projection& projection) {
  const std::string name = projection.name();
  const auto stored = load<Checkpoint>(transaction, Table::checkpoints, view(name));
  if (!stored) return fail(stored.error());
  if (*stored && (*stored)->schema == projection.schema()) return (*stored)->sequence;
  if (auto erased = erase_rows(transaction, name); !erased) return fail(erased.error());
  const Checkpoint fresh{0, projection.schema()};
  if (auto put = transaction.put(Table::checkpoints, view(name), fresh.encode()); !put)
    return fail(put.error());
  return std::uint64_t{0};
}

Result<void> Projector::attach(std::shared_ptr<Projection> projection, std::uint64_t checkpoint) {
  const std::string name = projection->name();
  const std::lock_guard lock(mutex_);
  if (!attached_.emplace(name, Attached{std::move(projection), checkpoint, {}, false}).second)
    return fail("storage.bad_request", "a projection '" + name + "' is attached already");
  return {};
}

bool Projector::catch_up() {
  std::vector<std::shared_ptr<Projection>> sound;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, one] : attached_)
      if (!one.broken) sound.push_back(one.projection);
  }
  bool more = false;
  for (const auto& projection : sound) {
    const auto batch = apply_batch(*projection);
    const std::lock_guard lock(mutex_);
    Attached& one = attached_.at(projection->name());
    one.status = batch ? Result<void>() : fail(batch.error());
    one.broken = !batch && batch.error().code == "storage.projection_failed";
    if (batch) one.checkpoint = batch->checkpoint;
    more = more || (batch && batch->more);
    moved_.notify_all();
  }
  return more;
}

Result<Projector::Batch> Projector::apply_batch(const Projection& projection) {
  for (;;) {
    auto batch = [&]() -> Result<Batch> {
      // What events say can be applied again: no sync but the one that keeps the file whole.
      auto transaction = environment_->write(Sync::soon);
      if (!transaction) return fail(transaction.error());
      auto applied = apply_in(*transaction, projection);
      if (!applied) return applied;
      if (auto committed = transaction->commit(); !committed) return fail(committed.error());
      return applied;
    }();
    if (batch || batch.error().code != map_full) return batch;
    if (auto grown = environment_->grow(); !grown) return fail(grown.error());
  }
}

// Where it stands is read in the transaction that moves it, so that no event is applied twice.
Result<Projector::Batch> Projector::apply_in(WriteTransaction& transaction, const Projection& projection) {
  const std::string name = projection.name();
  const auto from = stored_checkpoint(transaction, name);
  const auto last = load_last_sequence(transaction);
  if (!from || !last) return fail(from ? last.error() : from.error());
  Batch batch{*from, false};
  TransactionRows rows(transaction, name);
  const std::uint64_t until = std::min(*last, *from + batch_events);
  while (batch.checkpoint < until) {
    const std::uint64_t sequence = batch.checkpoint + 1;
    const auto event = read_event(transaction, sequence);
    if (!event) return fail(event.error());
    try {
      projection.apply(rows, *event);
    } catch (const std::exception& thrown) {
      return fail(failed(projection, sequence, thrown.what()));
    }
    if (!rows.status()) return fail(rows.status().error());
    batch.checkpoint = sequence;
  }
  batch.more = until < *last;
  if (batch.checkpoint == *from) return batch;
  // While the checkpoint moves, the store also says where it stands: no append waits for this transaction.
  const auto state = load_state(transaction);
  if (!state) return fail(state.error());
  if (auto put = store_state(transaction, *state); !put) return fail(put.error());
  const Checkpoint reached{batch.checkpoint, projection.schema()};
  if (auto put = transaction.put(Table::checkpoints, view(name), reached.encode()); !put)
    return fail(put.error());
  return batch;
}

Result<void> Projector::wait_for(const std::string& name, std::uint64_t sequence,
                                 std::optional<std::chrono::milliseconds> timeout) const {
  std::unique_lock lock(mutex_);
  const auto found = attached_.find(name);
  if (found == attached_.end())
    return fail("storage.no_such_projection", "no projection '" + name + "' is attached");
  const Attached& one = found->second;
  const auto settled = [&] { return one.checkpoint >= sequence || one.broken; };
  if (timeout)
    moved_.wait_for(lock, *timeout, settled);
  else  // whoever waits without end wants to know of any failure
    moved_.wait(lock, [&] { return settled() || !one.status; });
  if (one.checkpoint >= sequence) return {};
  if (!one.status) return one.status;
  return fail("storage.timeout", "projection '" + name + "' stands at " + std::to_string(one.checkpoint) +
                                     ", not yet at " + std::to_string(sequence));
}

}  // namespace automodel::storage
