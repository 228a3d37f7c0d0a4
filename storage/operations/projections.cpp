#include "storage/operations/projections.hpp"

#include <algorithm>

#include "storage/lmdb/records.hpp"
#include "storage/memory/memory.hpp"
#include "storage/memory/query.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/operations/write_to.hpp"
#include "storage/projector.hpp"
#include "storage/stored_rows.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t rows_at_once = 4096;

bool is_of_nodes(const std::string& name) { return name == memory_projection()->name(); }

Result<std::vector<StoredProjection>> all_in(const Transaction& transaction) {
  auto cursor = Cursor::open(transaction, Table::checkpoints);
  if (!cursor) return fail(cursor.error());
  std::vector<StoredProjection> all;
  auto more = cursor->seek({});
  for (; more && *more; more = cursor->next()) {
    const auto stored = Checkpoint::decode(cursor->value());
    if (!stored)
      return fail("storage.corrupt", "a projection's checkpoint cannot be read", {},
                  "restore the store from a backup");
    const auto& building = stored->building;
    const std::string name(text(cursor->key()));
    all.push_back({name, stored->schema, building ? building->sequence : stored->sequence,
                   building.has_value(), is_of_nodes(name)});
  }
  if (!more) return fail(more.error());
  return all;
}

Error no_such(const std::string& name, const std::vector<StoredProjection>& all) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& one : all) {
    names.push_back(one.name);
    list += (list.empty() ? "" : ", ") + one.name;
  }
  const std::string meant = nearest_name(name, names);
  return {"storage.no_such_projection",
          "no projection is called '" + name + "'",
          {},
          !meant.empty() ? "did you mean '" + meant + "'?"
          : list.empty() ? "there are none"
                         : "there are: " + list};
}

/// Nothing answers from now on, and all its generations leave: so it stands wherever this ends.
void give_up(Checkpoint& checkpoint) {
  std::vector<std::uint64_t> generations = checkpoint.leaving;
  if (!checkpoint.schema.empty()) generations.push_back(checkpoint.generation);
  if (checkpoint.building) generations.push_back(checkpoint.building->generation);
  std::uint64_t newest = checkpoint.generation;
  for (const auto generation : generations) newest = std::max(newest, generation);
  checkpoint = Checkpoint{0, {}, newest + 1, std::nullopt, std::move(generations)};
}

/// One transaction of it; the checkpoint that it leaves, nothing at the end.
Result<std::optional<Checkpoint>> drop_some(Environment& environment, const std::string& name,
                                            std::uint64_t& rows) {
  std::optional<Checkpoint> left;
  std::uint64_t erased = 0;
  const auto apply = [&](WriteTransaction& transaction) -> Result<void> {
    auto stored = load_checkpoint(transaction, name);
    if (!stored) return fail(stored.error());
    left = std::move(*stored);
    erased = 0;
    if (!left) return {};
    if (!left->schema.empty() || left->building) {
      give_up(*left);
    } else if (!left->leaving.empty()) {
      const auto before = transaction.entries(Table::rows);
      const auto gone = erase_rows(transaction, rows_space(name, left->leaving.back()), rows_at_once);
      const auto after = transaction.entries(Table::rows);
      if (!before || !gone || !after)
        return fail(!gone ? gone.error() : !before ? before.error() : after.error());
      erased = *before - *after;
      if (*gone) left->leaving.pop_back();
    } else {
      left.reset();
      const auto removed = transaction.erase(Table::checkpoints, view(name));
      return removed ? Result<void>() : fail(removed.error());
    }
    return transaction.put(Table::checkpoints, view(name), left->encode());
  };
  if (auto written = write_to(environment, apply); !written) return fail(written.error());
  rows += erased;
  return left;
}

}  // namespace

Result<std::vector<StoredProjection>> stored_projections(const std::filesystem::path& store) {
  const auto opened = open_to_read(store);
  if (!opened) return fail(opened.error());
  const auto transaction = opened->environment->read();
  if (!transaction) return fail(transaction.error());
  return all_in(*transaction);
}

Result<std::uint64_t> drop_projection(const std::filesystem::path& given, const std::string& name,
                                      const Watch& watch) {
  if (is_of_nodes(name))
    return fail("storage.projection_in_use", "every node attaches projection '" + name + "'", given.string(),
                "start the node once (automodel node): it catches up");
  StoreOptions writing;
  writing.create = false;
  const auto store = EventStore::open(given, writing);  // nobody else writes meanwhile
  if (!store) return fail(store.error());
  const auto environment = Environment::open((*store)->path(), false);
  if (!environment) return fail(environment.error());
  {
    const auto transaction = (*environment)->read();
    if (!transaction) return fail(transaction.error());
    const auto all = all_in(*transaction);
    if (!all) return fail(all.error());
    if (std::ranges::find(*all, name, &StoredProjection::name) == all->end())
      return fail(no_such(name, *all));
  }
  std::uint64_t rows = 0;
  for (;;) {
    const auto left = drop_some(**environment, name, rows);
    if (!left) return fail(left.error());
    if (!*left) return rows;
    if (watch && !watch({"removing rows", rows, 0, "rows"}))
      return fail("storage.interrupted", "interrupted while removing rows", given.string(),
                  "its rows do not answer any more; start it again for the rest");
  }
}

}  // namespace automodel::storage
