#include "storage/group_writer.hpp"

#include <chrono>
#include <future>

namespace automodel::storage {

namespace {

constexpr std::size_t max_group = 1024;
// Background work (projections) costs a sync of its own: under load it is done once for many commits.
constexpr std::size_t max_jobs_behind = 512;
constexpr std::chrono::milliseconds quiet{1};

}  // namespace

GroupWriter::GroupWriter(std::shared_ptr<Environment> environment, std::size_t max_queued, Hooks hooks)
    : environment_(std::move(environment)),
      max_queued_(std::max<std::size_t>(1, max_queued)),
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

void GroupWriter::enqueue(WriteJob job) {
  {
    std::unique_lock lock(mutex_);
    // A callback that appends must not wait for itself.
    if (std::this_thread::get_id() != thread_.get_id())
      room_.wait(lock, [&] { return queue_.size() < max_queued_; });
    queue_.push_back(std::move(job));
  }
  work_.notify_one();
}

Result<void> GroupWriter::write(std::function<Result<void>(WriteTransaction&)> apply) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  auto written = promise->get_future();
  enqueue({std::move(apply), [promise](const Result<void>& result) { promise->set_value(result); }});
  return written.get();
}

void GroupWriter::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = behind_ = true;
  }
  work_.notify_one();
}

void GroupWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto woken = [&] { return !queue_.empty() || stopping_ || hurried_; };
    if (behind_)
      work_.wait_for(lock, quiet, woken);
    else
      work_.wait(lock, woken);
    if (behind_ && (queue_.empty() || hurried_ || since_ >= max_jobs_behind)) work_in_background(lock);
    if (queue_.empty()) {
      if (stopping_) return;
      continue;
    }
    auto group = take_group(lock);
    lock.unlock();
    room_.notify_all();
    commit(std::move(group));
    lock.lock();
  }
}

void GroupWriter::work_in_background(std::unique_lock<std::mutex>& lock) {
  hurried_ = behind_ = false;
  since_ = 0;
  lock.unlock();
  const bool more = hooks_.background();
  lock.lock();
  behind_ = behind_ || more;
}

std::deque<WriteJob> GroupWriter::take_group(std::unique_lock<std::mutex>&) {
  std::deque<WriteJob> group;
  while (!queue_.empty() && group.size() < max_group) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  since_ += group.size();
  behind_ = true;
  return group;
}

void GroupWriter::commit(std::deque<WriteJob> group) {
  const Result<void> result = try_commit(group);
  for (const auto& job : group) job.done(result);
  if (result) hooks_.committed();
}

Result<void> GroupWriter::try_commit(std::deque<WriteJob>& group) {
  const auto attempt = [&]() -> Result<void> {
    auto transaction = environment_->write();
    if (!transaction) return fail(transaction.error());
    for (auto& job : group)
      if (auto applied = job.apply(*transaction); !applied) return applied;
    return transaction->commit();
  };
  for (;;) {
    auto result = attempt();
    if (result || result.error().code != map_full) return result;
    if (auto grown = environment_->grow(); !grown) return grown;
  }
}

}  // namespace automodel::storage
