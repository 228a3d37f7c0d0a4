#include "storage/operations/import.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "storage/append.hpp"
#include "storage/lmdb_event_store.hpp"
#include "storage/memory/memory.hpp"
#include "storage/operations/files.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/operations/verified_history.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

/// What came of the appends that were not waited for one by one.
class Outcomes {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    ++open_;
  }
  void end(const Result<Appended>& appended) {
    const std::lock_guard lock(mutex_);
    if (!appended && !failed_) failed_ = appended.error();
    if (--open_ == 0) all_.notify_all();
  }
  Result<void> so_far() const {
    const std::lock_guard lock(mutex_);
    return failed_ ? fail(*failed_) : Result<void>();
  }
  Result<void> wait() {
    std::unique_lock lock(mutex_);
    all_.wait(lock, [this] { return open_ == 0; });
    return failed_ ? fail(*failed_) : Result<void>();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable all_;
  std::size_t open_ = 0;
  std::optional<Error> failed_;
};

Result<PreparedAppend> append_of(VerifiedHistory::Next next, const std::string& node,
                                 const std::string& where) {
  events::Recorded& recorded = next.recorded;
  if (recorded.origin_node != node || recorded.origin_sequence != recorded.sequence)
    return fail("storage.malformed",
                "the event was first committed by node '" + recorded.origin_node + "', the history is of '" +
                    node + "'",
                where, "histories with events of other nodes cannot be imported yet");
  const auto& envelope = *flatbuffers::GetRoot<events::Envelope>(next.record.data());
  events::Bytes payload(envelope.payload()->begin(), envelope.payload()->end());
  if (auto named = check_name("stream's name", recorded.stream); !named)
    return fail("storage.malformed", named.error().message, where, named.error().hint);
  PreparedAppend append;
  append.items.push_back({envelope.kind(), std::move(payload)});  // as its program wrote it: readers lift it
  AppendRequest& request = append.request;
  request.stream = std::move(recorded.stream);
  request.expected = Expected::exactly(recorded.version - 1);
  request.epoch = recorded.epoch;
  request.correlation = std::move(recorded.correlation);
  request.causation = std::move(recorded.causation);
  request.time = recorded.time;
  return append;
}

/// Appends everything that `history` has, and collects the artifacts that it refers to.
Result<void> append_all(LmdbEventStore& store, VerifiedHistory& history, std::set<std::string>& artifacts,
                        const ImportOptions& options) {
  Outcomes outcomes;
  const auto append = [&]() -> Result<void> {
    for (;;) {
      auto next = history.next();
      if (!next) return fail(next.error());
      if (!*next) return {};
      if (options.artifacts) add_artifacts_of((*next)->recorded.event, artifacts);
      if ((*next)->recorded.sequence % 1024 == 0)
        if (auto on =
                go_on(options.watch, {"importing", history.bytes_read(), history.bytes_total(), "bytes"});
            !on)
          return on;
      auto prepared = append_of(std::move(**next), history.header().node, history.where());
      if (!prepared) return fail(prepared.error());
      outcomes.begin();
      store.append_prepared(std::move(prepared), [&](const Result<Appended>& done) { outcomes.end(done); });
      if (auto fine = outcomes.so_far(); !fine) return fine;
    }
  };
  const auto appended = append();
  const auto written = outcomes.wait();  // nothing may be under way when this returns
  return appended ? written : appended;
}

/// What was written is what was read: the last commit's hash covers all of it.
Result<void> same_history(const EventStore& store, const HistoryPoint& read) {
  const auto environment = Environment::open(store.path(), false);
  if (!environment) return fail(environment.error());
  const auto identity = identity_of(**environment);
  if (!identity) return fail(identity.error());
  if (identity->last_sequence != read.sequence || identity->commit_hash != read.commit_hash)
    return fail("storage.corrupt", "what was written is not what was read", store.path().string(),
                "import it again, on another disk");
  auto verified = store.verify();
  return verified ? Result<void>() : fail(verified.error());
}

/// Of the stored memory, once it has seen every event.
Result<std::string> memory_digest(const EventStore& store, std::uint64_t events, const Watch& watch) {
  const auto memory = memory_projection();
  for (;;) {
    const auto reached = store.wait_for(memory->name(), events, std::chrono::milliseconds(500));
    if (reached) break;
    if (reached.error().code != "storage.timeout") return fail(reached.error());
    if (auto on = go_on(watch, {"folding memory", 0, 0, {}}); !on) return fail(on.error());
  }
  try {  // a reader of rows has no other way to say that they cannot be read
    return events::hex(digest(*memory, *store.projection_rows(memory->name())));
  } catch (const std::exception& thrown) {
    return fail("storage.io", "the stored rows cannot be read: " + std::string(thrown.what()),
                store.path().string());
  }
}

}  // namespace

Result<ImportResult> import_history(const std::vector<fs::path>& files, const fs::path& target,
                                    const ImportOptions& options) {
  auto history = VerifiedHistory::open(files);
  if (!history) return fail(history.error());
  if (history->header().from != 1)
    return fail("storage.malformed",
                "the history begins with event " + std::to_string(history->header().from), history->where(),
                "give the files before it too, in order: a store begins with event 1");
  auto staged = Staged::directory(target);
  if (!staged) return fail(staged.error());
  StoreOptions creating;
  creating.node = history->header().node;
  auto store = LmdbEventStore::open(staged->path(), creating);
  if (!store) return fail(store.error());
  if (auto attached = (*store)->attach(memory_projection()); !attached) return fail(attached.error());
  std::set<std::string> names;
  if (auto appended = append_all(**store, *history, names, options); !appended) return fail(appended.error());
  ImportResult result{history->header().node, history->at().sequence, history->at().commit_hash, {}, {}};
  if (auto same = same_history(**store, history->at()); !same) return fail(same.error());
  auto memory = memory_digest(**store, result.events, options.watch);
  if (!memory) return fail(memory.error());
  result.memory_digest = std::move(*memory);
  store->reset();  // before it gets its name
  if (options.artifacts) {
    auto copied = copy_artifacts(names, *options.artifacts, staged->path() / "artifacts", options.watch);
    if (!copied) return fail(copied.error());
    result.artifacts = std::move(*copied);
  }
  if (auto on = go_on(options.watch, {"naming the store", 1, 1, {}}); !on) return fail(on.error());
  std::error_code ignored;
  fs::remove(staged->path() / "events.mdb-lock", ignored);
  if (auto published = staged->publish(); !published) return fail(published.error());
  return result;
}

}  // namespace automodel::storage
