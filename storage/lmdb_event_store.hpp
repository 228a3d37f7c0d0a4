// The event store over LMDB. Private to storage/: everyone else knows EventStore.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/append.hpp"
#include "storage/append_counters.hpp"
#include "storage/event_store.hpp"
#include "storage/group_writer.hpp"
#include "storage/heads.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/moves/recent_replies.hpp"
#include "storage/observers.hpp"
#include "storage/projector.hpp"
#include "storage/readers.hpp"
#include "storage/writer_lock.hpp"

namespace automodel::storage {

struct MovedRecord;  // storage/moves/moved_records.hpp

class LmdbEventStore final : public EventStore {
 public:
  static Result<std::unique_ptr<LmdbEventStore>> open(const std::filesystem::path& path,
                                                      const StoreOptions& options);

  Result<Appended> append(AppendRequest request) override;
  void append_async(AppendRequest request, std::function<void(Result<Appended>)> done) override {
    append_prepared(prepare(std::move(request)), std::move(done));
  }
  /// `append_async` of what is packed already, in whatever version of its kind.
  void append_prepared(Result<PreparedAppend> append, std::function<void(Result<Appended>)> done);
  void append_here(AppendRequest request, std::function<void(Result<Appended>)> done) override;
  Result<void> read_stream(const std::string& stream, std::uint64_t from_version,
                           const std::function<bool(const events::Recorded&)>& visit) const override;
  Result<void> read_all(std::uint64_t from,
                        const std::function<bool(const events::Recorded&)>& visit) const override;
  Result<void> read(const EventFilter& filter,
                    const std::function<bool(const events::Recorded&)>& visit) const override;
  Result<void> scan(std::uint64_t from, std::uint64_t until,
                    const std::function<bool(const events::EnvelopeView&)>& visit) const override;
  Result<void> scan_stream(const std::string& stream, std::uint64_t from_version, std::uint64_t until_version,
                           const std::function<bool(const events::EnvelopeView&)>& visit) const override;
  Result<std::optional<events::Recorded>> find(const std::string& stream,
                                               std::uint64_t version) const override;
  Result<std::vector<std::string>> streams() const override;
  std::uint64_t last_sequence() const override;
  Result<std::uint64_t> stream_version(const std::string& stream) const override;
  Result<void> save_snapshot(const std::string& stream, Snapshot snapshot) override;
  void save_snapshot_async(const std::string& stream, Snapshot snapshot,
                           std::function<void(const Result<void>&)> done) override;
  Result<std::optional<Snapshot>> load_snapshot(const std::string& stream) const override;
  Result<std::optional<events::Bytes>> find_reply(const std::string& stream, const std::string& sender,
                                                  std::uint64_t number) const override;
  Result<std::vector<PendingMessage>> outbox(const std::string& stream) const override;
  Result<void> acknowledge(const std::string& stream, std::uint64_t outbox_id) override;
  Result<std::uint64_t> epoch(const std::string& stream) const override;
  Result<void> raise_epoch(const std::string& stream, std::uint64_t epoch) override;
  void write_move(const std::string& node, MoveWrite write,
                  std::function<void(Result<MoveWritten>)> done) override;
  Result<ReadPart> read_move(const std::string& stream, std::uint64_t after, std::size_t bytes,
                             bool last) const override;
  Result<std::uint64_t> whole_until(const std::string& stream) const override;
  Result<std::vector<RecoveredAgent>> recover_agents(const std::string& node) override;
  Result<std::vector<RecoveredParts>> recover_parts() const override;
  /// Of a replica (storage/replicas.hpp): records that prove themselves. Waits until they are durable.
  Result<void> write_replica(std::uint64_t after, const std::vector<MovedRecord>& records);
  Result<void> become_replica(const std::string& identity);
  std::shared_ptr<void> on_commit(std::function<void(std::uint64_t)> observer) override;
  Result<std::uint64_t> verify() const override;
  Result<Verification> verify(const VerifyOptions& options) const override;
  Result<void> attach(std::shared_ptr<Projection> projection) override;
  Result<ProjectionState> projection_state(const std::string& projection) const override;
  Result<FoldFigures> rebuild(const Projection& projection, RowWriter& rows,
                              std::uint64_t until) const override;
  Result<void> wait_for(const std::string& projection, std::uint64_t sequence,
                        std::chrono::milliseconds timeout) const override;
  std::shared_ptr<const RowReader> projection_rows(const std::string& projection) const override;
  const std::filesystem::path& path() const override { return path_; }
  Result<std::vector<OpenReader>> readers() const override;
  bool is_read_only() const override { return !writer_; }
  std::chrono::milliseconds at_risk() const override { return at_risk_; }
  /// Of a store that is open for writing; without readers.
  StoreActivity activity() const;

 private:
  LmdbEventStore(std::filesystem::path path, std::shared_ptr<Environment> environment,
                 std::optional<WriterLock> lock, std::string node, std::uint64_t last_sequence,
                 const StoreOptions& options);
  class AppendJob;
  class MoveJob;     // storage/moves/
  class ReplicaJob;  // storage/replicas/
  class SnapshotJob;
  Result<void> writable() const;
  Result<Checkpoint> prepare_projection(const std::shared_ptr<Projection>& projection);
  Result<void> write(std::function<Result<void>(WriteTransaction&)> apply);
  void announce();
  void keep_state();

  std::filesystem::path path_;
  std::optional<WriterLock> lock_;  // let go of last: after the writer thread and the environment
  std::shared_ptr<Environment> environment_;
  std::string node_;
  mutable std::atomic<std::uint64_t> last_sequence_;
  std::uint64_t announced_ = 0;  // the writer's: of the thread whose turn it is
  Heads heads_;                  // the writer's
  std::chrono::milliseconds at_risk_{};
  std::uint64_t kept_;  // the writer's: last_sequence_ when `state` was surely up to date
  mutable Observers observers_;
  AppendCounters counters_;
  RecentReplies recent_replies_;
  mutable ReaderWatch readers_;
  Projector projector_;
  std::unique_ptr<GroupWriter> writer_;  // none where read-only; ends first
};

}  // namespace automodel::storage
