#include "storage/projector.hpp"

#include <algorithm>
#include <exception>

#include "storage/heads.hpp"
#include "storage/stored_rows.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t rows_removed_at_once = 4096;
constexpr std::string_view conflict = "storage.projection_conflict";
constexpr std::string_view failed = "storage.projection_failed";

/// An event that a projection cannot apply.
struct Failed {
  std::uint64_t sequence = 0;
  Error error;
};

Failed failed_at(const Projection& projection, std::uint64_t sequence, const std::string& why) {
  return {sequence,
          {std::string(failed), "projection '" + projection.name() + "' cannot apply an event: " + why,
           "sequence " + std::to_string(sequence), "its rows stay as they were before this event"}};
}

Result<std::uint64_t> last_sequence(const Environment& environment) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  return load_last_sequence(*transaction);
}

std::uint64_t newest_generation(const Checkpoint& checkpoint) {
  std::uint64_t newest = checkpoint.generation;
  if (checkpoint.building) newest = std::max(newest, checkpoint.building->generation);
  for (const auto leaving : checkpoint.leaving) newest = std::max(newest, leaving);
  return newest;
}

/// The generation that was built takes the place of the one that answered.
void switch_over(Checkpoint& checkpoint) {
  checkpoint.leaving.push_back(checkpoint.generation);
  checkpoint.sequence = checkpoint.building->sequence;
  checkpoint.schema = std::move(checkpoint.building->schema);
  checkpoint.generation = checkpoint.building->generation;
  checkpoint.building.reset();
}

}  // namespace

Result<std::optional<Checkpoint>> load_checkpoint(const Transaction& transaction,
                                                  const std::string& projection) {
  return load<Checkpoint>(transaction, Table::checkpoints, view(projection));
}

bool has_reached(const Checkpoint& checkpoint, std::uint64_t sequence) {
  return !checkpoint.building && checkpoint.sequence >= sequence;
}

std::string progress_of(const std::string& projection, const Checkpoint& checkpoint, std::uint64_t sequence) {
  const auto& building = checkpoint.building;
  return "projection '" + projection + "' " +
         (building ? "is being rebuilt and stands at " + std::to_string(building->sequence)
                   : "stands at " + std::to_string(checkpoint.sequence)) +
         ", not yet at " + std::to_string(sequence);
}

Result<Checkpoint> Projector::planned(const Transaction& transaction, const Projection& projection) {
  const auto stored = load_checkpoint(transaction, projection.name());
  if (!stored) return fail(stored.error());
  Checkpoint checkpoint = stored->value_or(Checkpoint{});
  auto& building = checkpoint.building;
  const std::string schema = projection.schema();
  const bool current = checkpoint.schema == schema;
  if (building && (current || building->schema != schema)) {  // of a program that is not this one
    checkpoint.leaving.push_back(building->generation);
    building.reset();
  }
  if (current || building) return checkpoint;
  const auto last = load_last_sequence(transaction);
  if (!last) return fail(last.error());
  const bool nothing_answers = checkpoint.schema.empty() && *last == 0;
  if (nothing_answers)
    checkpoint.schema = schema;
  else
    building = Checkpoint::Building{0, schema, newest_generation(checkpoint) + 1};
  return checkpoint;
}

Result<Checkpoint> Projector::prepare(WriteTransaction& transaction, const Projection& projection) {
  auto checkpoint = planned(transaction, projection);
  const auto stored = load_checkpoint(transaction, projection.name());
  if (!checkpoint || !stored) return fail(checkpoint ? stored.error() : checkpoint.error());
  if (*stored == *checkpoint) return checkpoint;
  if (auto put = transaction.put(Table::checkpoints, view(projection.name()), checkpoint->encode()); !put)
    return fail(put.error());
  return checkpoint;
}

Result<void> Projector::attach(std::shared_ptr<Projection> projection, Checkpoint checkpoint) {
  const std::string name = projection->name();
  const std::lock_guard lock(mutex_);
  Attached one;
  one.projection = std::move(projection);
  one.stored = std::move(checkpoint);
  if (!attached_.emplace(name, std::move(one)).second)
    return fail("storage.bad_request", "a projection '" + name + "' is attached already");
  return {};
}

bool Projector::catch_up() {
  std::vector<Attached> sound;  // what is here is the writer thread's: others only read it, and attach more
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, one] : attached_)
      if (!one.broken) sound.push_back(one);
  }
  bool more = false;
  for (auto& one : sound) {
    const auto advanced = advance(one);
    settle(one, advanced);
    more = more || (advanced && *advanced);
  }
  return more;
}

void Projector::settle(Attached& one, const Result<bool>& advanced) {
  const std::lock_guard lock(mutex_);
  one.status = advanced ? Result<void>() : fail(advanced.error());
  one.broken = !advanced && (advanced.error().code == failed || advanced.error().code == conflict);
  attached_.at(one.projection->name()) = one;
  moved_.notify_all();
}

/// Where a commit failed, it may have held all the same.
Result<void> Projector::recover(Attached& one) const {
  if (!one.attempted) return {};
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  const auto stored = load_checkpoint(*transaction, one.projection->name());
  if (!stored) return fail(stored.error());
  if (*stored == *one.attempted) one.stored = std::move(*one.attempted);
  one.attempted.reset();
  return {};
}

/// Whether there is more to do.
Result<bool> Projector::advance(Attached& one) {
  if (auto recovered = recover(one); !recovered) return fail(recovered.error());
  const auto last = last_sequence(*environment_);
  if (!last) return fail(last.error());
  const auto& building = one.stored.building;
  const std::uint64_t from = building ? building->sequence : one.stored.sequence;
  bool more = false;
  if (from < *last || building) {
    const std::uint64_t until = std::min(*last, from + batch_events_);
    if (auto applied = apply_batch(one, until); !applied) return fail(applied.error());
    more = until < *last;
  }
  if (one.stored.leaving.empty()) return more;
  const auto removing = remove_some(one);
  return removing ? Result<bool>(more || *removing) : removing;
}

/// Applies what lies between the checkpoint and `until`; a building generation that reaches the newest event
/// takes over.
Result<void> Projector::apply_batch(Attached& one, std::uint64_t until) {
  const Projection& projection = *one.projection;
  const bool builds = one.stored.building.has_value();
  const std::uint64_t from = builds ? one.stored.building->sequence : one.stored.sequence;
  if (auto loaded = run_.load(*environment_, from + 1, until); !loaded) return loaded;
  std::optional<Failed> refused;
  const auto change = [&](WriteTransaction& transaction, Checkpoint& checkpoint) -> Result<void> {
    const std::uint64_t generation = builds ? checkpoint.building->generation : checkpoint.generation;
    TransactionRows rows(transaction, rows_space(projection.name(), generation));
    const auto fold = projection.fold(rows);
    std::uint64_t at = from;
    try {
      for (const auto& event : run_.events()) {
        at = event.sequence;
        fold->apply(event);
        if (!rows.status()) return rows.status();
      }
      fold->finish();
    } catch (const std::exception& thrown) {
      if (!rows.status()) return rows.status();
      refused = failed_at(projection, at, thrown.what());
      return fail(refused->error);
    }
    if (!rows.status()) return rows.status();
    // While the checkpoint moves, the store also says where it stands: no append waits for this transaction.
    const auto state = load_state(transaction);
    if (!state) return fail(state.error());
    if (auto put = store_state(transaction, *state); !put) return put;
    (builds ? checkpoint.building->sequence : checkpoint.sequence) = until;
    if (builds && until >= state->sequence) switch_over(checkpoint);
    return {};
  };
  auto moved = move(one, change);
  if (moved) return {};
  // What comes before the event that failed is still applied; then it fails at the first of its batch.
  if (refused && refused->sequence > from + 1)
    if (auto before = apply_batch(one, refused->sequence - 1); !before) return before;
  return moved;
}

/// Removes some rows of a generation that left; whether there are more.
Result<bool> Projector::remove_some(Attached& one) {
  const auto change = [&](WriteTransaction& transaction, Checkpoint& checkpoint) -> Result<void> {
    const auto space = rows_space(one.projection->name(), checkpoint.leaving.back());
    const auto gone = erase_rows(transaction, space, rows_removed_at_once);
    if (!gone) return fail(gone.error());
    if (*gone) checkpoint.leaving.pop_back();
    return {};
  };
  if (auto moved = move(one, change); !moved) return fail(moved.error());
  return !one.stored.leaving.empty();
}

/// One transaction that begins at the checkpoint as this runner left it and ends at the changed one.
Result<void> Projector::move(Attached& one, const Change& change) {
  for (;;) {
    auto moved = try_move(one, change);
    if (moved) {
      one.stored = std::move(*moved);
      return {};
    }
    if (moved.error().code != map_full) return fail(moved.error());
    if (auto grown = environment_->grow(); !grown) return grown;
  }
}

Result<Checkpoint> Projector::try_move(Attached& one, const Change& change) {
  // What events say can be applied again: no sync but the one that keeps the file whole.
  auto transaction = environment_->write(Sync::soon);
  if (!transaction) return fail(transaction.error());
  const std::string name = one.projection->name();
  auto stored = load_checkpoint(*transaction, name);
  if (!stored) return fail(stored.error());
  if (*stored != one.stored)
    return fail(std::string(conflict), "somebody else moves projection '" + name + "'",
                "checkpoint " + std::to_string(*stored ? (*stored)->sequence : 0) + " instead of " +
                    std::to_string(one.stored.sequence),
                "end the other program, then open the store again");
  Checkpoint checkpoint = one.stored;
  if (auto changed = change(*transaction, checkpoint); !changed) return fail(changed.error());
  if (auto put = transaction->put(Table::checkpoints, view(name), checkpoint.encode()); !put)
    return fail(put.error());
  if (auto committed = transaction->commit(); !committed) {
    one.attempted = std::move(checkpoint);
    return fail(committed.error());
  }
  return checkpoint;
}

Result<void> Projector::wait_for(const std::string& name, std::uint64_t sequence,
                                 std::optional<std::chrono::milliseconds> timeout) const {
  std::unique_lock lock(mutex_);
  const auto found = attached_.find(name);
  if (found == attached_.end())
    return fail("storage.no_such_projection", "no projection '" + name + "' is attached");
  const Attached& one = found->second;
  const auto settled = [&] { return has_reached(one.stored, sequence) || one.broken; };
  if (timeout)
    moved_.wait_for(lock, *timeout, settled);
  else  // whoever waits without end wants to know of any failure
    moved_.wait(lock, [&] { return settled() || !one.status; });
  if (has_reached(one.stored, sequence)) return {};
  if (!one.status) return one.status;
  return fail("storage.timeout", progress_of(name, one.stored, sequence));
}

}  // namespace automodel::storage
