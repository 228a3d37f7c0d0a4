// The store's writer thread: gathers everything that waits into one transaction and one sync. Private to
// storage/.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// One write. `apply` may run more than once (a full map is grown, then the whole group is done again),
/// always on a transaction that has nothing of it; its error is the transaction's and fails the whole group.
/// `done` runs once, after the commit, with the commit's result.
struct WriteJob {
  std::function<Result<void>(WriteTransaction&)> apply;
  std::function<void(const Result<void>&)> done;
};

class GroupWriter {
 public:
  struct Hooks {
    std::function<void()> committed;   // after each commit that held, and its jobs' `done`
    std::function<bool()> background;  // work for when nothing waits; true: call again, there is more
  };

  GroupWriter(std::shared_ptr<Environment> environment, std::size_t max_queued, Hooks hooks);
  /// Writes what is queued, then ends the thread.
  ~GroupWriter();

  /// Blocks while the queue is full, but not on the writer thread itself.
  void enqueue(WriteJob job);
  /// Enqueues and waits until it is durable. Not from the writer thread.
  Result<void> write(std::function<Result<void>(WriteTransaction&)> apply);
  /// Asks for the background work now rather than when nothing waits.
  void hurry();

 private:
  void run();
  std::deque<WriteJob> take_group(std::unique_lock<std::mutex>& lock);
  void work_in_background(std::unique_lock<std::mutex>& lock);
  void commit(std::deque<WriteJob> group);
  Result<void> try_commit(std::deque<WriteJob>& group);

  std::shared_ptr<Environment> environment_;
  std::size_t max_queued_;
  Hooks hooks_;
  std::mutex mutex_;
  std::condition_variable work_;  // something is queued, or stopping
  std::condition_variable room_;  // the queue has room again
  std::deque<WriteJob> queue_;
  bool stopping_ = false;
  bool hurried_ = false;
  bool behind_ = true;     // background work may be due
  std::size_t since_ = 0;  // jobs committed since the background work was last up to date
  std::thread thread_;
};

}  // namespace automodel::storage
