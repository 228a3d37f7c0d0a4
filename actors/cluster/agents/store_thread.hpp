// A thread of its own for what moves ask of the store: parts are read, hashed and checked for milliseconds,
// and meanwhile commands go through the cluster's actor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace automodel::cluster {

/// Tasks run one after the other. What still waits when it is destroyed is dropped.
class StoreThread {
 public:
  StoreThread() : thread_([this](const std::stop_token& stop) { work(stop); }) {}

  void run(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }

 private:
  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !tasks_.empty(); })) {
      if (stop.stop_requested()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // with what it holds
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> tasks_;
  std::jthread thread_;  // ends first
};

}  // namespace automodel::cluster
