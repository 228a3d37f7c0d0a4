// Private to training: threads that do the same work at the same time, many times a second.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace automodel::recsys {

class ThreadPool {
 public:
  /// The calling thread is one of them: it is number 0. Throws std::system_error where the system refuses
  /// one.
  explicit ThreadPool(std::uint32_t threads, const std::function<void()>& at_start) : count_(threads) {
    try {
      for (std::uint32_t i = 1; i < threads; ++i) {
        others_.emplace_back([this, i, at_start] {
          at_start();
          serve(i);
        });
      }
    } catch (...) {
      end();
      throw;
    }
  }
  ~ThreadPool() { end(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::uint32_t size() const { return count_; }

  /// `work`(number of the thread) on all threads; comes back when all are done. `work` throws nothing.
  void run(const std::function<void(std::uint32_t)>& work) {
    work_ = &work;
    left_.store(static_cast<std::uint32_t>(others_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    work(0);
    for (auto left = left_.load(std::memory_order_acquire); left != 0;
         left = left_.load(std::memory_order_acquire))
      wait(left_, left);
  }

 private:
  /// Looks a few times before it lets the system put it to sleep: the others are about as fast.
  static void wait(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    for (int i = 0; i < 2000; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    value.wait(old, std::memory_order_acquire);
  }

  void serve(std::uint32_t number) {
    for (std::uint32_t seen = 0;;) {
      while (round_.load(std::memory_order_acquire) == seen) wait(round_, seen);
      ++seen;
      if (ended_.load(std::memory_order_acquire)) return;
      (*work_)(number);
      if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
    }
  }

  void end() {
    ended_.store(true, std::memory_order_release);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (auto& thread : others_) thread.join();
    others_.clear();
  }

  std::uint32_t count_;
  std::vector<std::thread> others_;
  std::atomic<std::uint32_t> round_ = 0, left_ = 0;
  std::atomic<bool> ended_ = false;
  const std::function<void(std::uint32_t)>* work_ = nullptr;
};

}  // namespace automodel::recsys
