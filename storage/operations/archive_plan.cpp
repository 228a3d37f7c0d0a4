#include "storage/operations/archive_plan.hpp"

#include <algorithm>
#include <charconv>

#include "storage/archive/segments.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/memory/past.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/reader.hpp"

namespace automodel::storage {

namespace {

/// The next append is checked against them: a store that starts needs no segment.
constexpr std::uint64_t newest_that_stay = 2;
const std::string start_once = "start the node once (automodel node): it catches up";
constexpr const char* dropped = "where no program uses it any more: automodel projections drop ";
constexpr const char* stop_once =
    "start the node and stop it once (automodel node, then Ctrl-C): its agents take a snapshot when they "
    "stop";

std::optional<std::uint64_t> sequence_in(std::string_view text) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

/// The last event that `before` names, as far as there are any. Clocks go backwards: up to the first event of
/// that time or a later one, so that nothing of then is archived.
Result<std::uint64_t> last_before(const EventStore& store, std::uint64_t archived, std::string_view before) {
  const std::uint64_t newest = store.last_sequence();
  if (const auto sequence = sequence_in(before))
    return std::min(newest, std::max<std::uint64_t>(*sequence, 1) - 1);
  const auto time = time_span_of(before);
  if (!time) return fail(time.error());
  std::uint64_t last = archived;
  auto scanned = store.scan(archived + 1, newest, [&](const events::EnvelopeView& event) {
    if (event.time >= time->first) return false;
    last = event.sequence;
    return true;
  });
  if (!scanned) return fail(scanned.error());
  return last;
}

/// Takes the plan's end back to before what something still needs.
class Limits {
 public:
  Limits(const Transaction& transaction, ArchivePlan& plan) : transaction_(transaction), plan_(plan) {}

  Result<void> by_projections() {
    auto cursor = Cursor::open(transaction_, Table::checkpoints);
    if (!cursor) return fail(cursor.error());
    auto more = cursor->seek({});
    for (; more && *more; more = cursor->next()) {
      const auto checkpoint = Checkpoint::decode(cursor->value());
      if (!checkpoint)
        return fail("storage.corrupt", "a projection's checkpoint cannot be read", {},
                    "restore the store from a backup");
      const auto& building = checkpoint->building;
      const std::uint64_t applied = building ? building->sequence : checkpoint->sequence;
      const std::string name(text(cursor->key()));
      stop_at(applied + 1,
              "projection '" + name + "' " +
                  (building ? "is being rebuilt, and stands at event " : "has applied the events up to ") +
                  std::to_string(applied),
              start_once + (name == memory_projection()->name() ? "" : "; " + (dropped + name)));
    }
    return more ? Result<void>() : fail(more.error());
  }

  Result<void> by_streams(const std::vector<std::string>& streams) {
    for (const std::string& stream : streams) {
      const auto snapshot = load<StoredSnapshot>(transaction_, Table::snapshots, view(stream));
      if (!snapshot) return fail(snapshot.error());
      const std::uint64_t covered = *snapshot ? (*snapshot)->version : 0;
      const auto next = sequence_of(transaction_, stream, covered + 1);
      if (!next) return fail(next.error());
      if (*next == 0) continue;  // the snapshot has all of it
      stop_at(*next,
              *snapshot
                  ? "the snapshot of stream '" + stream + "' ends with version " + std::to_string(covered)
                  : "stream '" + stream + "' has no snapshot",
              stop_once);
    }
    return {};
  }

 private:
  void stop_at(std::uint64_t sequence, std::string reason, std::string remedy) {
    if (sequence > plan_.until) return;
    plan_.until = sequence - 1;
    plan_.held_back = HeldBack{sequence, std::move(reason), std::move(remedy)};
  }

  const Transaction& transaction_;
  ArchivePlan& plan_;
};

}  // namespace

Result<ArchivePlan> plan_archive(const EventStore& store, const Environment& environment,
                                 std::string_view before) {
  const auto streams = store.streams();
  if (!streams) return fail(streams.error());
  ArchivePlan plan;
  {
    const auto transaction = environment.read();
    if (!transaction) return fail(transaction.error());
    const auto archived = load_archived(*transaction);
    if (!archived) return fail(archived.error());
    plan.archived = *archived;
  }
  const auto named = last_before(store, plan.archived, before);
  if (!named) return fail(named.error());
  plan.named = *named;
  plan.until = std::min(*named, std::max(store.last_sequence(), newest_that_stay) - newest_that_stay);
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  Limits limits(*transaction, plan);
  if (auto limited = limits.by_projections(); !limited) return fail(limited.error());
  if (auto limited = limits.by_streams(*streams); !limited) return fail(limited.error());
  if (plan.until < plan.archived) plan.until = plan.archived;  // a snapshot that was there is gone
  return plan;
}

Result<ArchivePlan> plan_archive(const std::filesystem::path& store, std::string_view before) {
  const auto opened = open_to_read(store);
  if (!opened) return fail(opened.error());
  return plan_archive(*opened->store, *opened->environment, before);
}

}  // namespace automodel::storage
