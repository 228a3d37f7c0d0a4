// The store's writer: its thread gathers everything that waits into one transaction and one sync; a caller
// whom nobody waits beside writes by himself. Private to storage/.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "storage/activity.hpp"
#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// One write.
class WriteJob {
 public:
  virtual ~WriteJob() = default;
  /// May run more than once (a full map is grown, then the whole group is done again), always on a
  /// transaction that has nothing of it; its error is the transaction's and fails the whole group.
  virtual Result<void> apply(WriteTransaction& transaction) = 0;
  /// Runs once, after the commit, with the commit's result.
  virtual void done(const Result<void>& committed) = 0;
};

class GroupWriter {
 public:
  struct Hooks {
    std::function<void()> committed;   // after each commit that held, and its jobs' `done`
    std::function<void()> undone;      // a transaction in which jobs were applied did not hold
    std::function<bool()> background;  // work for when nothing waits; true: call again, there is more
    std::function<void()> ended;       // everything is written, the thread ends
  };

  /// With a `sync_interval` jobs are done when their commit outlives the process; it outlives a power cut at
  /// the latest so long after. Without one each commit is on the disk when its jobs are done.
  GroupWriter(std::shared_ptr<Environment> environment, std::size_t max_queued,
              std::optional<std::chrono::milliseconds> sync_interval, Hooks hooks);
  /// Writes what is queued, then ends the thread.
  ~GroupWriter();

  /// The thread writes it. Blocks while the queue is full, but not in a callback.
  void enqueue(std::unique_ptr<WriteJob> job);
  /// Where nothing else is written or waits, the calling thread writes it, `done` included, before this
  /// returns: two changes of thread less. Otherwise `enqueue`.
  void write_here(std::unique_ptr<WriteJob> job);
  /// Waits until it is durable. Not from a callback.
  Result<void> write(std::function<Result<void>(WriteTransaction&)> apply);
  /// Asks for the background work now rather than when nothing waits.
  void hurry();
  WriterActivity activity();

 private:
  using Group = std::vector<std::unique_ptr<WriteJob>>;
  using Lock = std::unique_lock<std::mutex>;
  void run();
  bool work(Lock& lock);
  void gather(Lock& lock);
  void take_turn(Lock& lock);
  void end_turn();
  bool is_nobody_else() const;
  void committed(std::size_t jobs);
  Group take_group();
  void wait_for_work(Lock& lock);
  void work_in_background(Lock& lock);
  void sync_if_due(Lock& lock, bool ending);
  void commit(const Group& group);
  Result<void> try_commit(const Group& group);
  Result<void> timed(WriteTransaction& transaction, std::size_t jobs);

  std::shared_ptr<Environment> environment_;
  std::size_t max_queued_;
  std::optional<std::chrono::milliseconds> sync_interval_;
  Hooks hooks_;
  std::mutex mutex_;
  std::condition_variable work_;  // the thread has a reason to look
  std::condition_variable room_;  // the queue has room again
  std::condition_variable turn_;  // nobody writes
  std::thread::id owner_;         // whose turn to write it is: one thread's at a time
  bool turn_wanted_ = false;      // the writer thread waits for its turn
  Group queue_;
  std::size_t wanted_ = 1;    // wake the thread when so many are queued
  std::size_t expected_ = 1;  // so many are likely to be queued in a moment
  std::size_t crowd_ = 1;     // so many were there at the last commit
  std::size_t gathers_to_skip_ = 0, skipped_ = 0;
  std::size_t blocked_ = 0;  // callers that wait for room
  bool stopping_ = false;
  bool hurried_ = false;
  bool behind_ = true;     // background work may be due
  std::size_t since_ = 0;  // jobs committed since the background work was last up to date
  std::chrono::steady_clock::time_point quiet_since_{};
  std::optional<std::chrono::steady_clock::time_point> sync_due_;  // a commit is not on the disk yet
  std::mutex counted_;  // of activity_: it is up to date before anybody is answered
  WriterActivity activity_;
  std::thread thread_;
};

}  // namespace automodel::storage
