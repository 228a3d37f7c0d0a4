#include "storage/group_writer.hpp"

#include <sys/prctl.h>

#include <chrono>
#include <future>

namespace automodel::storage {

namespace {

constexpr std::size_t max_group = 1024;
// Background work (projections) costs a sync of its own: under load it is done once for many commits.
constexpr std::size_t max_jobs_behind = 512;
constexpr std::chrono::milliseconds quiet{1};
// Those whom a commit answered often ask again at once. Waiting for them this long, about half a sync, saves
// a whole one.
constexpr std::chrono::microseconds patience{100};
constexpr std::size_t most_skipped = 63;

/// A write whose caller waits.
class WaitedJob final : public WriteJob {
 public:
  explicit WaitedJob(std::function<Result<void>(WriteTransaction&)> apply) : apply_(std::move(apply)) {}
  std::future<Result<void>> written() { return written_.get_future(); }
  Result<void> apply(WriteTransaction& transaction) override { return apply_(transaction); }
  void done(const Result<void>& committed) override { written_.set_value(committed); }

 private:
  std::function<Result<void>(WriteTransaction&)> apply_;
  std::promise<Result<void>> written_;
};

}  // namespace

GroupWriter::GroupWriter(std::shared_ptr<Environment> environment, std::size_t max_queued,
                         std::optional<std::chrono::milliseconds> sync_interval, Hooks hooks)
    : environment_(std::move(environment)),
      max_queued_(std::max<std::size_t>(1, max_queued)),
      sync_interval_(sync_interval),
      hooks_(std::move(hooks)),
      thread_([this] { run(); }) {}

GroupWriter::~GroupWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  thread_.join();
}

void GroupWriter::enqueue(std::unique_ptr<WriteJob> job) {
  bool wake = false;
  {
    Lock lock(mutex_);
    // A callback that appends must not wait for itself.
    if (queue_.size() >= max_queued_ && std::this_thread::get_id() != owner_) {
      ++blocked_;
      room_.wait(lock, [&] { return queue_.size() < max_queued_; });
      --blocked_;
    }
    queue_.push_back(std::move(job));
    wake = queue_.size() == wanted_ || queue_.size() >= max_queued_;
  }
  if (wake) work_.notify_one();
}

Result<void> GroupWriter::write(std::function<Result<void>(WriteTransaction&)> apply) {
  auto job = std::make_unique<WaitedJob>(std::move(apply));
  auto written = job->written();
  write_here(std::move(job));
  return written.get();
}

void GroupWriter::write_here(std::unique_ptr<WriteJob> job) {
  Lock lock(mutex_);
  if (!is_nobody_else()) {
    lock.unlock();
    return enqueue(std::move(job));
  }
  owner_ = std::this_thread::get_id();
  lock.unlock();
  {
    Group group;
    group.push_back(std::move(job));
    commit(group);
  }
  lock.lock();
  const bool thread_knows = behind_;
  ++since_;
  behind_ = true;
  committed(1);
  end_turn();
  lock.unlock();
  if (!thread_knows) work_.notify_one();  // it has something to do when all is quiet
}

/// One who writes alone would make those who come meanwhile wait: only where lately nobody did.
bool GroupWriter::is_nobody_else() const {
  return owner_ == std::thread::id() && queue_.empty() && crowd_ <= 1 && wanted_ == 1 && !turn_wanted_ &&
         !stopping_;
}

void GroupWriter::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = behind_ = true;
  }
  work_.notify_one();
}

void GroupWriter::run() {
  ::prctl(PR_SET_TIMERSLACK, 1000);  // nanoseconds: the wait for a group is short
  Lock lock(mutex_);
  for (bool ended = false; !ended;) {
    gather(lock);
    wait_for_work(lock);
    take_turn(lock);
    ended = work(lock);
    end_turn();
  }
  lock.unlock();
  hooks_.ended();
}

/// What is due, in the thread's turn; whether it was the last.
bool GroupWriter::work(Lock& lock) {
  sync_if_due(lock, false);
  if (behind_ && (queue_.empty() || hurried_ || since_ >= max_jobs_behind)) work_in_background(lock);
  if (queue_.empty()) {
    if (stopping_) sync_if_due(lock, true);
    return stopping_;
  }
  const Group group = take_group();
  const bool crowded = blocked_ > 0;
  lock.unlock();
  if (crowded) room_.notify_all();
  commit(group);
  lock.lock();
  committed(group.size());
  return false;
}

void GroupWriter::take_turn(Lock& lock) {
  turn_wanted_ = true;
  turn_.wait(lock, [&] { return owner_ == std::thread::id(); });
  turn_wanted_ = false;
  owner_ = std::this_thread::get_id();
}

void GroupWriter::end_turn() {
  owner_ = {};
  if (turn_wanted_) turn_.notify_one();
}

void GroupWriter::committed(std::size_t jobs) {
  quiet_since_ = std::chrono::steady_clock::now();
  if (sync_interval_) sync_due_ = quiet_since_ + *sync_interval_;
  crowd_ = expected_ = std::min({max_group, max_queued_, jobs + queue_.size()});
}

/// Gives those whom the last commit answered, and those who came meanwhile, the chance of being one group.
/// Where that was in vain it is not tried again for a while.
void GroupWriter::gather(Lock& lock) {
  const std::size_t before = queue_.size(), expected = std::exchange(expected_, 1);
  if (before >= expected || hurried_ || stopping_) return;
  if (skipped_ < gathers_to_skip_) {
    ++skipped_;
    return;
  }
  wanted_ = expected;
  work_.wait_for(lock, patience, [&] { return queue_.size() >= wanted_ || hurried_ || stopping_; });
  wanted_ = 1;
  const bool paid = queue_.empty() || 2 * (queue_.size() - before) >= expected - before;
  skipped_ = 0;
  gathers_to_skip_ = paid ? 0 : std::min(most_skipped, 2 * gathers_to_skip_ + 1);
}

void GroupWriter::wait_for_work(Lock& lock) {
  const auto woken = [&] {
    return !queue_.empty() || stopping_ || hurried_ || (behind_ && since_ >= max_jobs_behind);
  };
  while (!woken()) {
    // Others may write meanwhile: what is due then is later than it was.
    if (!behind_ && !sync_due_) {
      work_.wait(lock);
      continue;
    }
    const auto due = behind_ ? quiet_since_ + quiet : *sync_due_;
    if (std::chrono::steady_clock::now() >= due) return;
    work_.wait_until(lock, due);
  }
}

/// Under load nothing is to be done: each commit puts the one before it on the disk.
void GroupWriter::sync_if_due(Lock& lock, bool ending) {
  if (!sync_due_ || (!ending && std::chrono::steady_clock::now() < *sync_due_)) return;
  lock.unlock();
  const auto synced = environment_->sync();
  lock.lock();
  // A disk that does not take it is asked again: an append that fails says so meanwhile.
  if (synced)
    sync_due_.reset();
  else
    sync_due_ = std::chrono::steady_clock::now() + *sync_interval_;
}

void GroupWriter::work_in_background(Lock& lock) {
  hurried_ = behind_ = false;
  since_ = 0;
  lock.unlock();
  const bool more = hooks_.background();
  lock.lock();
  quiet_since_ = std::chrono::steady_clock::now();
  behind_ = behind_ || more;
}

GroupWriter::Group GroupWriter::take_group() {
  Group group;
  if (queue_.size() <= max_group) {
    group.swap(queue_);
  } else {
    const auto end = queue_.begin() + max_group;
    group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
  }
  since_ += group.size();
  behind_ = true;
  return group;
}

void GroupWriter::commit(const Group& group) {
  const Result<void> result = try_commit(group);
  if (!result) {
    const std::lock_guard lock(counted_);
    ++activity_.failed;
  }
  for (const auto& job : group) job->done(result);
  if (result) hooks_.committed();
}

Result<void> GroupWriter::try_commit(const Group& group) {
  const auto attempt = [&]() -> Result<void> {
    auto transaction = environment_->write(sync_interval_ ? Sync::soon : Sync::now);
    if (!transaction) return fail(transaction.error());
    for (const auto& job : group)
      if (auto applied = job->apply(*transaction); !applied) return applied;
    return timed(*transaction, group.size());
  };
  for (;;) {
    auto result = attempt();
    if (!result) hooks_.undone();
    if (result || result.error().code != map_full) return result;
    if (auto grown = environment_->grow(); !grown) return grown;
  }
}

Result<void> GroupWriter::timed(WriteTransaction& transaction, std::size_t jobs) {
  const auto begun = std::chrono::steady_clock::now();
  auto committed = transaction.commit();
  if (!committed) return committed;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const std::lock_guard lock(counted_);
  activity_.writes.add(static_cast<double>(jobs));
  activity_.seconds.add(took.count());
  return committed;
}

WriterActivity GroupWriter::activity() {
  WriterActivity now;
  {
    const std::lock_guard lock(counted_);
    now = activity_;
  }
  const std::lock_guard lock(mutex_);
  now.queued = queue_.size();
  return now;
}

}  // namespace automodel::storage
