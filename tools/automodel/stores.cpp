#include "tools/automodel/stores.hpp"

#include <spdlog/spdlog.h>

#include "storage/memory/memory.hpp"
#include "tools/automodel/report.hpp"

namespace automodel::tools {

namespace {

/// A process that was killed may have left memory behind its events: who comes next brings it up to date.
/// Where another process holds the store, that one is about to; on a disk that can only be read, nobody can.
void catch_up(const std::filesystem::path& path) {
  storage::StoreOptions options;
  options.create = false;
  auto store = storage::EventStore::open(path, options);
  if (!store) return;
  auto caught_up = (*store)->attach(storage::memory_projection());
  if (caught_up)
    caught_up = (*store)->wait_for("memory", (*store)->last_sequence(), std::chrono::minutes(10));
  if (!caught_up) spdlog::warn("memory lags behind its events: {}", to_string(caught_up.error()));
}

/// Whether memory is of this program's making, and has seen every event.
bool is_current(const storage::EventStore& store) {
  const auto state = store.projection_state("memory");
  return state && !state->rebuilt && state->schema == storage::memory_projection()->schema() &&
         state->sequence >= store.last_sequence();
}

}  // namespace

Result<std::unique_ptr<storage::EventStore>> open_for_reading(const std::filesystem::path& path) {
  std::error_code none;
  if (!std::filesystem::exists(path, none))
    return fail("storage.no_such_store", "there is no store", path.string(),
                "automodel evolve makes one; --store names another directory");
  storage::StoreOptions options;
  options.create = false;
  options.read_only = true;
  auto store = storage::EventStore::open(path, options);
  if (!store || is_current(**store)) return store;
  store->reset();  // an environment is open once in a process
  catch_up(path);
  return storage::EventStore::open(path, options);
}

Result<storage::Durability> durability_of(const std::string& word) {
  if (word == "durable") return storage::Durability::durable;
  if (word == "relaxed") return storage::Durability::relaxed;
  return fail("usage.durability", "'" + word + "' is no durability", "--durability",
              "durable: what is acknowledged outlives a power cut; relaxed: all but the last 50 ms does");
}

Result<std::string> goal_of(const storage::Memory& memory, const std::string& wanted) {
  std::string goal = wanted.empty() ? current_goal(memory) : wanted;
  if (goal.empty())
    return fail("memory.no_goal", "the store has no goal yet", {},
                "automodel evolve --data NAME gives it one");
  return goal;
}

}  // namespace automodel::tools
