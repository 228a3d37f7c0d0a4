// Opening: what is there, whose it is, and whether this program may touch it.
#include "storage/directory.hpp"
#include "storage/heads.hpp"
#include "storage/lmdb/page_check.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/lmdb_event_store.hpp"
#include "storage/reader.hpp"
#include "storage/vocabulary.hpp"

namespace automodel::storage {

namespace {

constexpr std::string_view node_key = "node";

struct Identity {
  std::uint64_t format = 0;
  std::string node;
  std::uint64_t last_sequence = 0;
};

Result<void> make_directory(const std::filesystem::path& path, bool create) {
  std::error_code failed;
  if (std::filesystem::exists(path, failed) && !std::filesystem::is_directory(path, failed))
    return fail("storage.not_a_store", "this is no directory", path.string(),
                "give the directory of a store");
  if (std::filesystem::is_directory(path, failed)) return {};
  if (!create)
    return fail("storage.not_a_store", "there is no store", path.string(), "give the directory of a store");
  std::filesystem::create_directories(path, failed);
  if (failed) {
    const bool full = failed == std::errc::no_space_on_device;
    return fail(full ? "storage.full" : "storage.io", "cannot create the directory: " + failed.message(),
                path.string());
  }
  return {};
}

Result<void> initialise(Environment& environment, const std::filesystem::path& path,
                        const std::string& node) {
  auto transaction = environment.write();
  if (!transaction) return fail(transaction.error());
  if (auto created = environment.create_tables(*transaction); !created) return created;
  if (auto put = transaction->put(Table::meta, view(format_key),
                                  encode_number(static_cast<std::uint64_t>(Format::checked)));
      !put)
    return put;
  if (auto put = transaction->put(Table::meta, view(node_key), view(node)); !put) return put;
  if (auto committed = transaction->commit(); !committed) return committed;
  if (auto synced = sync_directory(path); !synced) return synced;
  return path.has_parent_path() ? sync_directory(path.parent_path()) : Result<void>();
}

Result<Identity> identify(const Environment& environment) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  const auto stored = transaction->get(Table::meta, view(format_key));
  if (!stored) return fail(stored.error());
  const auto format = *stored ? decode_number(**stored) : std::nullopt;
  if (!format)
    return fail("storage.not_a_store", "the file does not say which format it has", environment.where(),
                "give the directory of a store");
  if (*format == 0 || *format == 3 || *format == 5 || *format == 6)
    return fail("storage.corrupt",
                "the store says to have format " + std::to_string(*format) + ", which is none",
                environment.where(), "restore the store from a backup");
  if (*format > newest_format)
    return fail("storage.newer_format",
                "the store has format " + std::to_string(*format) + ", this program reads up to " +
                    std::to_string(newest_format),
                environment.where(), "use the newer version of the program that wrote it");
  if (auto known = check_vocabulary(environment, *transaction); !known) return fail(known.error());
  const auto node = transaction->get(Table::meta, view(node_key));
  if (!node) return fail(node.error());
  const auto last = load_last_sequence(*transaction);
  if (!last) return fail(last.error());
  return Identity{*format, *node ? std::string(text(**node)) : std::string(), *last};
}

/// A store of format 1 has the same events; its `state` and `heads` were written with every commit. From now
/// on they are not: what they say is checked this once, then only the format changes.
Result<void> carry_to_format_2(Environment& environment) {
  auto transaction = environment.write();
  if (!transaction) return fail(transaction.error());
  const auto stored = load_stored_state(*transaction);
  const auto state = load_state(*transaction);
  if (!stored || !state) return fail(stored ? state.error() : stored.error());
  if (stored->sequence != state->sequence || stored->commit_hash != state->commit_hash)
    return fail("storage.corrupt", "the last event is not the one that the store recorded",
                "sequence " + std::to_string(stored->sequence), "restore the store from a backup");
  auto put = transaction->put(Table::meta, view(format_key), encode_number(std::uint64_t{2}));
  if (put) put = transaction->commit();
  return put;
}

/// With a larger map where it has no room.
Result<void> carry_over(Environment& environment) {
  for (;;) {
    auto carried = carry_to_format_2(environment);
    if (carried || carried.error().code != map_full) return carried;
    if (auto grown = environment.grow(); !grown) return grown;
  }
}

}  // namespace

Result<std::unique_ptr<LmdbEventStore>> LmdbEventStore::open(const std::filesystem::path& given,
                                                             const StoreOptions& options) {
  const auto path = std::filesystem::absolute(given).lexically_normal();
  const bool create = options.create && !options.read_only;
  if (auto made = make_directory(path, create); !made) return fail(made.error());
  std::error_code unseen;
  if (!create && !std::filesystem::exists(path / "events.mdb", unseen) && !unseen)
    return fail("storage.not_a_store", "there is no store", path.string(), "give the directory of a store");
  std::optional<WriterLock> lock;
  if (!options.read_only) {
    auto taken = WriterLock::take(path);
    if (!taken) return fail(taken.error());
    lock.emplace(std::move(*taken));
    if (auto sound = create ? clear_unborn(path / "events.mdb") : Result<void>(); !sound)
      return fail(sound.error());
    if (auto sound = check_meta_pages(path / "events.mdb", true); !sound) return fail(sound.error());
  }
  auto environment = Environment::open(path, create);
  if (!environment) return fail(environment.error());
  if (!options.read_only && !(*environment)->is_writable())
    return fail("storage.io", "the store may not be written to", path.string(),
                "check the permissions of its files");
  if ((*environment)->is_empty()) {
    if (!create)
      return fail("storage.not_a_store", "the store is empty", path.string(),
                  "give the directory of a store");
    if (auto made = initialise(**environment, path, options.node); !made) return fail(made.error());
  }
  const auto identity = identify(**environment);
  if (!identity) return fail(identity.error());
  if ((*environment)->is_shortened()) {
    const auto verified = verify_history(**environment);
    if (!verified) return fail(verified.error());
    if (const auto whole = require_intact(*verified); !whole) return fail(whole.error());
  }
  if (!options.read_only && identity->format == 1)
    if (auto carried = carry_over(**environment); !carried) return fail(carried.error());
  if (!options.read_only)
    if (auto extended = extend_vocabulary(**environment); !extended) return fail(extended.error());
  return std::unique_ptr<LmdbEventStore>(new LmdbEventStore(
      path, std::move(*environment), std::move(lock), identity->node, identity->last_sequence, options));
}

Result<std::unique_ptr<EventStore>> EventStore::open(const std::filesystem::path& path,
                                                     StoreOptions options) {
  auto store = LmdbEventStore::open(path, options);
  if (!store) return fail(store.error());
  return std::unique_ptr<EventStore>(std::move(*store));
}

}  // namespace automodel::storage
