#include "storage/lmdb_event_store.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/replicas.hpp"
#include "storage/replicas/replica_write.hpp"

namespace automodel::storage {

Replica::Replica(Origin origin, const EventStore& own, std::unique_ptr<LmdbEventStore> store)
    : origin_(std::move(origin)), own_(own), store_(std::move(store)) {}

Replica::~Replica() = default;

Result<std::unique_ptr<Replica>> Replica::open(const std::filesystem::path& directory, const Origin& origin,
                                               const EventStore& own, Durability durability) {
  const auto environment = Environment::open(own.path(), false);
  if (!environment) return fail(environment.error());
  auto identity = identity_of(**environment);
  if (!identity) return fail(identity.error());
  StoreOptions options;
  options.node = origin.node;
  options.durability = durability;
  auto store = LmdbEventStore::open(directory, options);
  if (!store) return fail(store.error());
  if (auto is = (*store)->become_replica(origin.identity); !is) return fail(is.error());
  std::unique_ptr<Replica> replica(new Replica(origin, own, std::move(*store)));
  replica->own_node_ = std::move(identity->node);
  return replica;
}

Result<HistoryPosition> Replica::write(std::uint64_t after, std::vector<events::Bytes> records) {
  std::vector<MovedRecord> checked;
  checked.reserve(records.size());
  for (auto& bytes : records) {
    auto record = check_record(std::move(bytes));
    if (!record) return fail(record.error());
    const auto& view = record->view;
    const std::string stream(view.stream);
    // What the own node wrote it has: so that nobody is told of decisions that it never took.
    if (view.origin_node == own_node_) {
      const auto mine = own_.find(stream, view.version);
      if (!mine) return fail(mine.error());
      if (!*mine || (*mine)->hash != *view.hash)
        return fail("storage.diverged",
                    "node '" + origin_.node + "' has an event that this store ('" + own_node_ +
                        "') is said to have written, which it did not",
                    events::reference(stream, view.version),
                    "two nodes' stores need different names (--name at the first start), and this one must "
                    "not have lost events");
    }
    checked.push_back(std::move(*record));
  }
  if (auto written = store_->write_replica(after, checked); !written) return fail(written.error());
  return position();
}

Result<HistoryPosition> Replica::position() const {
  HistoryPosition at;
  const std::uint64_t last = store_->last_sequence();
  if (last == 0) return at;
  auto read = store_->read_all(last, [&](const events::Recorded& event) {
    at = {event.sequence, event.commit_hash, event.time};
    return false;
  });
  if (!read) return fail(read.error());
  return at;
}

const EventStore& Replica::events() const { return *store_; }

}  // namespace automodel::storage
