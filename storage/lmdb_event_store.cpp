#include "storage/lmdb_event_store.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "storage/fold.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/reader.hpp"
#include "storage/scan.hpp"
#include "storage/stored_rows.hpp"

namespace automodel::storage {

LmdbEventStore::LmdbEventStore(std::filesystem::path path, std::shared_ptr<Environment> environment,
                               std::optional<WriterLock> lock, std::string node, std::uint64_t last_sequence,
                               const StoreOptions& options)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      environment_(std::move(environment)),
      node_(std::move(node)),
      last_sequence_(last_sequence),
      announced_(last_sequence),
      kept_(last_sequence),
      readers_(*environment_, options.long_reader_after, options.long_reader),
      projector_(environment_) {
  if (options.read_only) return;
  std::optional<std::chrono::milliseconds> interval;
  if (options.durability == Durability::relaxed) interval = at_risk_ = options.sync_interval;
  writer_ = std::make_unique<GroupWriter>(
      environment_, options.max_queued_appends, interval,
      GroupWriter::Hooks{[this] { announce(); }, [this] { heads_.forget(); },
                         [this] { return projector_.catch_up(); }, [this] { keep_state(); }});
}

void LmdbEventStore::announce() {
  readers_.tick();
  const std::uint64_t sequence = last_sequence_.load();
  if (sequence == announced_) return;
  announced_ = sequence;
  observers_.tell(sequence);
}

/// A store that is closed says which event is its last, so that `verify` misses an end that is cut off. Where
/// it cannot be written it stays as of an earlier commit: nothing but that check needs it.
void LmdbEventStore::keep_state() {
  if (last_sequence_.load() == kept_) return;
  auto transaction = environment_->write();
  if (!transaction) return;
  const auto state = heads_.state(*transaction);
  if (state && store_state(*transaction, **state)) static_cast<void>(transaction->commit());
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
  append_here(std::move(request),
              [promise](Result<Appended> result) { promise->set_value(std::move(result)); });
  return appended.get();
}

/// An append on its way. One that is refused before it is written still answers from the writer thread, after
/// those before it.
class LmdbEventStore::AppendJob final : public WriteJob {
 public:
  AppendJob(LmdbEventStore& store, Result<PreparedAppend> append, std::function<void(Result<Appended>)> done)
      : store_(store), prepared_(std::move(append)), done_(std::move(done)) {}

  Result<void> apply(WriteTransaction& transaction) override {
    if (!prepared_) {
      outcome_ = fail(prepared_.error());
      return {};
    }
    auto outcome = write_append(transaction, *prepared_, store_.node_, store_.heads_);
    if (!outcome) return fail(outcome.error());
    outcome_ = std::move(*outcome);
    const auto& request = prepared_->request;
    if (outcome_ && !request.sender.empty() && !outcome_->repeated)
      store_.recent_replies_.note(request.stream, request.sender, request.number, outcome_->version);
    return {};
  }

  void done(const Result<void>& committed) override {
    store_.counters_.count(committed, outcome_);
    if (!committed) return done_(fail(committed.error()));
    if (outcome_ && !outcome_->repeated && outcome_->last_sequence > store_.last_sequence_.load())
      store_.last_sequence_.store(outcome_->last_sequence);
    done_(std::move(outcome_));
  }

 private:
  LmdbEventStore& store_;
  Result<PreparedAppend> prepared_;
  AppendOutcome outcome_;
  std::function<void(Result<Appended>)> done_;
};

void LmdbEventStore::append_prepared(Result<PreparedAppend> append,
                                     std::function<void(Result<Appended>)> done) {
  if (auto may = writable(); !may) return done(fail(may.error()));
  writer_->enqueue(std::make_unique<AppendJob>(*this, std::move(append), std::move(done)));
}

void LmdbEventStore::append_here(AppendRequest request, std::function<void(Result<Appended>)> done) {
  if (auto may = writable(); !may) return done(fail(may.error()));
  writer_->write_here(std::make_unique<AppendJob>(*this, prepare(std::move(request)), std::move(done)));
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

Result<void> LmdbEventStore::read(const EventFilter& filter,
                                  const std::function<bool(const events::Recorded&)>& visit) const {
  for (const auto& stream : filter.streams)
    if (auto named = check_name("stream's name", stream); !named) return named;
  return select_events(*environment_, filter, visit);
}

Result<void> LmdbEventStore::scan(std::uint64_t from, std::uint64_t until, const ViewVisit& visit) const {
  return scan_all(*environment_, from, until, visit);
}

Result<void> LmdbEventStore::scan_stream(const std::string& stream, std::uint64_t from_version,
                                         std::uint64_t until_version, const ViewVisit& visit) const {
  if (auto named = check_name("stream's name", stream); !named) return named;
  return storage::scan_stream(*environment_, stream, from_version, until_version, visit);
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
  auto cursor = Cursor::open(*transaction, Table::streams);
  if (!cursor) return fail(cursor.error());
  std::vector<std::string> names;
  auto more = cursor->seek({});
  while (more && *more) {  // from each stream's first entry to the first behind its last
    const auto key = text(cursor->key());
    names.emplace_back(key.substr(0, key.find('\0')));
    more = cursor->seek(Key().rest(names.back()).rest("\1"));
  }
  if (!more) return fail(more.error());
  return names;
}

std::uint64_t LmdbEventStore::last_sequence() const {
  if (writer_) return last_sequence_.load();
  // Another process writes. Where it cannot be asked just now, what was seen last still holds.
  if (const auto transaction = environment_->read())
    if (const auto last = load_last_sequence(*transaction)) last_sequence_.store(*last);
  return last_sequence_.load();
}

Result<std::uint64_t> LmdbEventStore::stream_version(const std::string& stream) const {
  if (auto named = check_name("stream's name", stream); !named) return fail(named.error());
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  return load_version(*transaction, stream);
}

// --- snapshots, inbox, outbox, epochs --------------------------------------------------------------

class LmdbEventStore::SnapshotJob final : public WriteJob {
 public:
  SnapshotJob(std::string stream, events::Bytes bytes, std::function<void(const Result<void>&)> done)
      : stream_(std::move(stream)), bytes_(std::move(bytes)), done_(std::move(done)) {}
  Result<void> apply(WriteTransaction& transaction) override {
    return transaction.put(Table::snapshots, view(stream_), bytes_);
  }
  void done(const Result<void>& committed) override { done_(committed); }

 private:
  std::string stream_;
  events::Bytes bytes_;
  std::function<void(const Result<void>&)> done_;
};

void LmdbEventStore::save_snapshot_async(const std::string& stream, Snapshot snapshot,
                                         std::function<void(const Result<void>&)> done) {
  if (auto named = check_name("stream's name", stream); !named) return done(named);
  if (auto may = writable(); !may) return done(may);
  const StoredSnapshot stored{snapshot.version, std::move(snapshot.schema), std::move(snapshot.bytes)};
  writer_->enqueue(std::make_unique<SnapshotJob>(stream, stored.encode(), std::move(done)));
}

Result<void> LmdbEventStore::save_snapshot(const std::string& stream, Snapshot snapshot) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  auto saved = promise->get_future();
  save_snapshot_async(stream, std::move(snapshot),
                      [promise](const Result<void>& result) { promise->set_value(result); });
  return saved.get();
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
  const auto head = load_head(*transaction, stream);
  if (!head) return fail(head.error());
  return head->epoch;
}

Result<void> LmdbEventStore::raise_epoch(const std::string& stream, std::uint64_t epoch) {
  if (auto named = check_name("stream's name", stream); !named) return named;
  auto outcome = std::make_shared<Result<void>>();
  const auto written = write([this, stream, epoch, outcome](WriteTransaction& transaction) -> Result<void> {
    auto raised = write_epoch(transaction, stream, epoch, heads_);
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

Result<std::uint64_t> LmdbEventStore::verify() const {
  const auto verified = verify_history(*environment_);
  return verified ? require_intact(*verified) : fail(verified.error());
}

Result<std::vector<OpenReader>> LmdbEventStore::readers() const { return readers_.look(); }

Result<Verification> LmdbEventStore::verify(const VerifyOptions& options) const {
  return verify_history(*environment_, options);
}

Result<void> LmdbEventStore::attach(std::shared_ptr<Projection> projection) {
  const std::string name = projection->name();
  if (auto may = writable(); !may) return may;
  if (auto named = check_name("projection's name", name); !named) return named;
  if (std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < ' '; }))
    return fail("storage.bad_request", "a projection's name has no control characters");
  auto checkpoint = prepare_projection(projection);
  if (!checkpoint) return fail(checkpoint.error());
  const bool older_answer = checkpoint->building && !checkpoint->schema.empty();
  if (auto attached = projector_.attach(std::move(projection), std::move(*checkpoint)); !attached)
    return attached;
  writer_->hurry();
  return older_answer ? Result<void>() : projector_.wait_for(name, last_sequence(), std::nullopt);
}

/// A projection that stands where it should costs no write.
Result<Checkpoint> LmdbEventStore::prepare_projection(const std::shared_ptr<Projection>& projection) {
  {
    const auto transaction = environment_->read();
    if (!transaction) return fail(transaction.error());
    const auto stored = load_checkpoint(*transaction, projection->name());
    auto planned = Projector::planned(*transaction, *projection);
    if (!stored || !planned) return fail(stored ? planned.error() : stored.error());
    if (*stored == *planned) return planned;
  }
  auto prepared = std::make_shared<Checkpoint>();
  const auto written = write([projection, prepared](WriteTransaction& transaction) -> Result<void> {
    auto checkpoint = Projector::prepare(transaction, *projection);
    if (!checkpoint) return fail(checkpoint.error());
    *prepared = std::move(*checkpoint);
    return {};
  });
  if (!written) return fail(written.error());
  return std::move(*prepared);
}

Result<ProjectionState> LmdbEventStore::projection_state(const std::string& projection) const {
  const auto transaction = environment_->read();
  if (!transaction) return fail(transaction.error());
  const auto stored = load_checkpoint(*transaction, projection);
  if (!stored) return fail(stored.error());
  ProjectionState state;
  if (!*stored) return state;
  state.sequence = (*stored)->sequence;
  state.schema = (*stored)->schema;
  if (const auto& building = (*stored)->building) state.rebuilt = building->sequence;
  return state;
}

Result<FoldFigures> LmdbEventStore::rebuild(const Projection& projection, RowWriter& rows,
                                            std::uint64_t until) const {
  const auto last = last_sequence();
  return fold_history(*environment_, projection, rows, until == 0 ? last : std::min(until, last));
}

Result<void> LmdbEventStore::wait_for(const std::string& projection, std::uint64_t sequence,
                                      std::chrono::milliseconds timeout) const {
  if (writer_) {
    writer_->hurry();
    return projector_.wait_for(projection, sequence, timeout);
  }
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {  // another process moves it
    std::string progress;
    {
      const auto transaction = environment_->read();
      if (!transaction) return fail(transaction.error());
      const auto stored = load_checkpoint(*transaction, projection);
      if (!stored) return fail(stored.error());
      const Checkpoint checkpoint = stored->value_or(Checkpoint{});
      if (has_reached(checkpoint, sequence)) return {};
      progress = progress_of(projection, checkpoint, sequence);
    }
    if (std::chrono::steady_clock::now() >= deadline) return fail("storage.timeout", progress);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::shared_ptr<const RowReader> LmdbEventStore::projection_rows(const std::string& projection) const {
  return stored_rows(environment_, projection);
}

}  // namespace automodel::storage
