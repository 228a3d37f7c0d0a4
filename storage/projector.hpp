// Brings the attached projections up to date, on the writer thread. Private to storage/.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/checked_events.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// Rows of a projection lie in generations. One answers; where its schema is not the attached projection's,
/// the next is built beside it, batch by batch, and takes its place in the transaction of its last batch. The
/// rows of those that left are removed a few at a time. All of it stands in the projection's checkpoint, so
/// that whoever starts next goes on where this one ended.
class Projector {
 public:
  /// `batch_events`: how many events one transaction applies at most. It bounds how long appends wait.
  explicit Projector(std::shared_ptr<Environment> environment, std::uint64_t batch_events = 2048)
      : environment_(std::move(environment)), batch_events_(batch_events) {}

  /// The checkpoint with which `projection` would go on from what is stored.
  static Result<Checkpoint> planned(const Transaction& transaction, const Projection& projection);
  /// Stores it. Nothing is written where it stands there already.
  static Result<Checkpoint> prepare(WriteTransaction& transaction, const Projection& projection);
  /// From now on it is kept up to date. `checkpoint` is what was prepared, after its commit.
  Result<void> attach(std::shared_ptr<Projection> projection, Checkpoint checkpoint);

  /// One batch for each projection that is behind; whether there is more to do. Rows and checkpoint move in
  /// one transaction, and only from where this runner left them. A projection that fails stays before the
  /// event that it failed at, and `wait_for` says why.
  bool catch_up();

  /// Blocks until rows of the attached projection's own schema answer and have applied `sequence`. Errors:
  /// storage.no_such_projection, storage.timeout, storage.projection_failed, storage.projection_conflict
  /// (somebody else moved the checkpoint), or why its rows could not be written.
  Result<void> wait_for(const std::string& name, std::uint64_t sequence,
                        std::optional<std::chrono::milliseconds> timeout) const;

 private:
  struct Attached {
    std::shared_ptr<Projection> projection;
    Checkpoint stored;
    std::optional<Checkpoint> attempted;  // its commit failed: it may stand there all the same
    Result<void> status;                  // why the last batch did not hold
    bool broken = false;                  // it would fail again
  };
  using Change = std::function<Result<void>(WriteTransaction&, Checkpoint&)>;

  Result<void> recover(Attached& one) const;
  Result<bool> advance(Attached& one);
  Result<void> apply_batch(Attached& one, std::uint64_t until);
  Result<bool> remove_some(Attached& one);
  Result<void> move(Attached& one, const Change& change);
  Result<Checkpoint> try_move(Attached& one, const Change& change);
  void settle(Attached& one, const Result<bool>& advanced);

  std::shared_ptr<Environment> environment_;
  std::uint64_t batch_events_;
  CheckedRun run_;  // the writer thread's
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  std::map<std::string, Attached> attached_;
};

/// What is stored of a projection; nothing where there is none.
Result<std::optional<Checkpoint>> load_checkpoint(const Transaction& transaction,
                                                  const std::string& projection);

/// Whether the rows that answer have applied `sequence`, and no rebuild is under way.
bool has_reached(const Checkpoint& checkpoint, std::uint64_t sequence);
/// "stands at 17, not yet at 20", or how far a rebuild is.
std::string progress_of(const std::string& projection, const Checkpoint& checkpoint, std::uint64_t sequence);

}  // namespace automodel::storage
