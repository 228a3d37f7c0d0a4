// Who wants to know of commits. Private to storage/.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace automodel::storage {

class Observers {
 public:
  /// After the handle is destroyed the observer is not called again, and no call of it is under way (except
  /// the one that destroys it).
  std::shared_ptr<void> add(std::function<void(std::uint64_t)> call) {
    auto observer = std::make_shared<Observer>();
    observer->call = std::move(call);
    const std::lock_guard lock(mutex_);
    observers_.push_back(observer);
    return std::shared_ptr<void>(observer.get(), [observer](void*) {
      const std::lock_guard held(observer->mutex);
      observer->subscribed = false;
    });
  }

  void tell(std::uint64_t sequence) {
    std::vector<std::shared_ptr<Observer>> present;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(observers_, [](const auto& one) {
        const std::lock_guard held(one->mutex);
        return !one->subscribed;
      });
      present = observers_;
    }
    for (const auto& one : present) {
      const std::lock_guard held(one->mutex);
      if (one->subscribed) one->call(sequence);
    }
  }

  /// Waits for no observer.
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(observers_, [](const auto& one) { return one->subscribed.load(); }));
  }

 private:
  struct Observer {
    std::recursive_mutex mutex;  // an observer may unsubscribe itself
    std::atomic<bool> subscribed{true};
    std::function<void(std::uint64_t)> call;
  };
  std::mutex mutex_;
  std::vector<std::shared_ptr<Observer>> observers_;
};

}  // namespace automodel::storage
