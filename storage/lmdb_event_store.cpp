#include "storage/lmdb_event_store.hpp"

#include <future>
#include <thread>

#include "storage/append.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/reader.hpp"
#include "storage/stored_rows.hpp"

namespace automodel::storage {

LmdbEventStore::LmdbEventStore(std::filesystem::path path, std::shared_ptr<Environment> environment,
                               std::optional<WriterLock> lock, std::string node, std::uint64_t last_sequence,
                               std::size_t max_queued)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      environment_(std::move(environment)),
      node_(std::move(node)),
      last_sequence_(last_sequence),
      announced_(last_sequence),
      projector_(environment_) {
  if (max_queued == 0) return;
  writer_ = std::make_unique<GroupWriter>(
      environment_, max_queued,
      GroupWriter::Hooks{[this] { announce(); }, [this] { return projector_.catch_up(); }});
}

void LmdbEventStore::announce() {
  const std::uint64_t sequence = last_sequence_.load();
  if (sequence == announced_) return;
  announced_ = sequence;
  observers_.tell(sequence);
}

Result<void> LmdbEventStore::writable() const {
  if (writer_) return {};
  return fail("storage.read_only", "the store was opened read-only", path_.string(), "open it for writing");
}

Result<void> LmdbEventStore::write(std::function<Result<void>(WriteTransaction&)> apply) {
  if (auto may = writable(); !may) return may;
  return writer_->write(std::move(apply));
}

// --- appending -------------------------------------------------------------------------------------

Result<Appended> LmdbEventStore::append(AppendRequest request) {
  auto promise = std::make_shared<std::promise<Result<Appended>>>();
  auto appended = promise->get_future();
  append_async(std::move(request),
               [promise](Result<Appended> result) { promise->set_value(std::move(result)); });
  return appended.get();
}

void LmdbEventStore::append_async(AppendRequest request, std::function<void(Result<Appended>)> done) {
  // A request that is refused here still answers from the writer thread, after those before it.
  struct Pending {
    Result<PreparedAppend> prepared;
    AppendOutcome outcome;
    std::function<void(Result<Appended>)> done;
  };
  if (auto may = writable(); !may) return done(fail(may.error()));
  auto pending = std::make_shared<Pending>(Pending{prepare(std::move(request)), {}, std::move(done)});
  const auto apply = [this, pending](WriteTransaction& transaction) -> Result<void> {
    if (!pending->prepared) {
      pending->outcome = fail(pending->prepared.error());
      return {};
    }
    auto outcome = write_append(transaction, *pending->prepared, node_);
    if (!outcome) return fail(outcome.error());
    pending->outcome = std::move(*outcome);
    return {};
  };
  const auto finish = [this, pending](const Result<void>& committed) {
    if (!committed) return pending->done(fail(committed.error()));
    if (pending->outcome && !pending->outcome->repeated &&
        pending->outcome->last_sequence > last_sequence_.load())
      last_sequence_.store(pending->outcome->last_sequence);
    pending->done(std::move(pending->outcome));
  };
  writer_->enqueue({apply, finish});
}

// --- reading ---------------------------------------------------------------------------------------

Result<void> LmdbEventStore::read_stream(const std::string& stream, std::uint64_t from_version,
                                         const std::function<bool(const events::Recorded&)>& visit) const {
  if (auto named = check_name("stream's name", stream); !named) return named;
  return visit_stream(*environment_, stream, from_version, visit);
}

Result<void> LmdbEventStore::read_all(std::uint64_t from,
                                      const std::function<bool(const events::Recorded&)>& visit) const {
  return visit_all(*environment_, from, visit);
}

Result<std::optional<events::Recorded>> LmdbEventStore::find(const std::string& stream,
                                                             std::uint64_t version) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  const auto index = transaction->get(Table::streams, Key().name(stream).number(version));
  if (!index) return fail(index.error());
  if (!*index) return std::optional<events::Recorded>();
  auto recorded = read_event(*transaction, decode_number(**index).value_or(0));
  if (!recorded) return fail(recorded.error());
  return std::optional<events::Recorded>(std::move(*recorded));
}

Result<std::vector<std::string>> LmdbEventStore::streams() const {
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  auto cursor = Cursor::open(*transaction, Table::heads);
  if (!cursor) return fail(cursor.error());
  std::vector<std::string> names;
  auto more = cursor->seek({});
  for (; more && *more; more = cursor->next()) {
    const auto head = StreamHead::decode(cursor->value());
    // An epoch may be raised before the first event.
    if (head && head->version > 0) names.emplace_back(text(cursor->key()));
  }
  if (!more) return fail(more.error());
  return names;
}

std::uint64_t LmdbEventStore::last_sequence() const {
  if (writer_) return last_sequence_.load();
  // Another process writes. Where it cannot be asked just now, what was seen last still holds.
  if (const auto transaction = environment_->read())
    if (const auto state = load_state(*transaction)) last_sequence_.store(state->sequence);
  return last_sequence_.load();
}

Result<std::uint64_t> LmdbEventStore::stream_version(const std::string& stream) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  const auto head = load<StreamHead>(*transaction, Table::heads, view(stream));
  if (!head) return fail(head.error());
  return *head ? (*head)->version : 0;
}

// --- snapshots, inbox, outbox, epochs --------------------------------------------------------------

Result<void> LmdbEventStore::save_snapshot(const std::string& stream, Snapshot snapshot) {
  if (auto named = check_name("stream's name", stream); !named) return named;
  const StoredSnapshot stored{snapshot.version, std::move(snapshot.schema), std::move(snapshot.bytes)};
  return write([stream, bytes = stored.encode()](WriteTransaction& transaction) {
    return transaction.put(Table::snapshots, view(stream), bytes);
  });
}

Result<std::optional<Snapshot>> LmdbEventStore::load_snapshot(const std::string& stream) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  auto stored = load<StoredSnapshot>(*transaction, Table::snapshots, view(stream));
  if (!stored) return fail(stored.error());
  if (!*stored) return std::optional<Snapshot>();
  return std::optional<Snapshot>(
      {(*stored)->version, std::move((*stored)->schema), std::move((*stored)->bytes)});
}

Result<std::optional<events::Bytes>> LmdbEventStore::find_reply(const std::string& stream,
                                                                const std::string& sender,
                                                                std::uint64_t number) const {
  for (const auto& named : {check_name("stream's name", stream), check_name("sender's name", sender)})
    if (!named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  auto entry = load<InboxEntry>(*transaction, Table::inbox, Key().name(stream).name(sender).number(number));
  if (!entry) return fail(entry.error());
  if (!*entry) return std::optional<events::Bytes>();
  return std::optional<events::Bytes>(std::move((*entry)->reply));
}

Result<std::vector<PendingMessage>> LmdbEventStore::outbox(const std::string& stream) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  auto cursor = Cursor::open(*transaction, Table::outbox);
  if (!cursor) return fail(cursor.error());
  std::vector<PendingMessage> pending;
  const Key prefix = Key().name(stream);
  auto more = cursor->seek(prefix);
  for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next()) {
    auto message = events::unpack<events::OutboxMessageT>(cursor->value());
    if (!message)
      return fail("storage.corrupt", "a message cannot be read: " + to_string(message.error()),
                  "outbox of '" + stream + "', " + std::to_string(number_at_end(cursor->key())));
    pending.push_back({number_at_end(cursor->key()), stream, std::move(*message)});
  }
  if (!more) return fail(more.error());
  return pending;
}

Result<void> LmdbEventStore::acknowledge(const std::string& stream, std::uint64_t outbox_id) {
  if (auto named = check_name("stream's name", stream); !named) return named;
  return write([stream, outbox_id](WriteTransaction& transaction) -> Result<void> {
    const auto erased = transaction.erase(Table::outbox, Key().name(stream).number(outbox_id));
    return erased ? Result<void>() : fail(erased.error());
  });
}

Result<std::uint64_t> LmdbEventStore::epoch(const std::string& stream) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  return load_epoch(*transaction, stream);
}

Result<void> LmdbEventStore::raise_epoch(const std::string& stream, std::uint64_t epoch) {
  if (auto named = check_name("stream's name", stream); !named) return named;
  auto outcome = std::make_shared<Result<void>>();
  const auto written = write([stream, epoch, outcome](WriteTransaction& transaction) -> Result<void> {
    auto raised = write_epoch(transaction, stream, epoch);
    if (!raised) return fail(raised.error());
    *outcome = std::move(*raised);
    return {};
  });
  return written ? *outcome : written;
}

// --- observers, projections, verification ----------------------------------------------------------

std::shared_ptr<void> LmdbEventStore::on_commit(std::function<void(std::uint64_t)> observer) {
  return observers_.add(std::move(observer));
}

Result<std::uint64_t> LmdbEventStore::verify() const { return verify_history(*environment_); }

Result<void> LmdbEventStore::attach(std::shared_ptr<Projection> projection) {
  const std::string name = projection->name();
  if (auto named = check_name("projection's name", name); !named) return named;
  auto checkpoint = std::make_shared<std::uint64_t>(0);
  const auto prepared = write([projection, checkpoint](WriteTransaction& transaction) -> Result<void> {
    const auto stored = Projector::prepare(transaction, *projection);
    if (!stored) return fail(stored.error());
    *checkpoint = *stored;
    return {};
  });
  if (!prepared) return prepared;
  if (auto attached = projector_.attach(std::move(projection), *checkpoint); !attached) return attached;
  writer_->hurry();
  return projector_.wait_for(name, last_sequence(), std::nullopt);
}

Result<void> LmdbEventStore::wait_for(const std::string& projection, std::uint64_t sequence,
                                      std::chrono::milliseconds timeout) const {
  if (writer_) {
    writer_->hurry();
    return projector_.wait_for(projection, sequence, timeout);
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {  // another process moves it
    {
      const auto transaction = environment_->read();
      if (!transaction) return fail(transaction.error());
      const auto checkpoint = stored_checkpoint(*transaction, projection);
      if (!checkpoint) return fail(checkpoint.error());
      if (*checkpoint >= sequence) return {};
    }
    if (std::chrono::steady_clock::now() >= deadline)
      return fail("storage.timeout",
                  "projection '" + projection + "' has not reached " + std::to_string(sequence));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::shared_ptr<const RowReader> LmdbEventStore::projection_rows(const std::string& projection) const {
  return stored_rows(environment_, projection);
}

}  // namespace automodel::storage
