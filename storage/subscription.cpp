#include "storage/subscription.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace automodel::storage {

namespace {

/// What the thread works on; it outlives a subscription that its own handler destroyed.
class Follower {
 public:
  Follower(EventStore& store, std::uint64_t after, Subscription::Handler handler, SubscriptionOptions options)
      : store_(store), handler_(std::move(handler)), options_(std::move(options)), position_(after) {}

  /// What was committed before it was told of commits counts as well.
  void committed(std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    committed_ = std::max(committed_, sequence);
    changed_.notify_all();
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  std::uint64_t position() const {
    const std::lock_guard lock(mutex_);
    return position_;
  }
  Result<void> status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  Result<void> wait_for(std::uint64_t sequence, std::chrono::milliseconds timeout) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return position_ >= sequence || ended_; });
    if (position_ >= sequence) return {};
    if (!status_) return status_;
    return fail("storage.timeout", "the subscription stands at " + std::to_string(position_) +
                                       ", not yet at " + std::to_string(sequence));
  }

  /// After `end` the store is not touched any more.
  void run() {
    while (const std::uint64_t until = next_goal()) {
      if (auto stepped = step(until); !stepped) return give_up(stepped.error());
    }
  }

 private:
  /// Waits for something to read; 0 at the end.
  std::uint64_t next_goal() {
    std::unique_lock lock(mutex_);
    const auto woken = [&] { return ended_ || committed_ > position_; };
    while (!woken()) {
      if (!store_.is_read_only()) {
        changed_.wait(lock, woken);
      } else if (!changed_.wait_for(lock, options_.poll, woken)) {
        lock.unlock();  // another process writes, and tells nobody
        const std::uint64_t last = store_.last_sequence();
        lock.lock();
        committed_ = std::max(committed_, last);
      }
    }
    return ended_ ? 0 : committed_;
  }

  Result<void> step(std::uint64_t until) {
    EventFilter filter = options_.filter;
    filter.from = position() + 1;
    filter.until = until;
    filter.limit = std::max<std::size_t>(1, options_.batch_events);
    filter.newest_first = false;
    Result<void> handled;
    std::uint64_t given = 0;
    const auto read = store_.read(filter, [&](const events::Recorded& event) {
      handled = handle(event);
      ++given;
      return handled && moved_to(event.sequence);
    });
    if (!handled) return handled;
    if (!read) return read;
    if (given < filter.limit) reached(until);
    return {};
  }

  Result<void> handle(const events::Recorded& event) const {
    try {
      return handler_(event);
    } catch (const std::exception& thrown) {
      return fail("storage.subscriber_failed", std::string("a subscriber threw: ") + thrown.what(),
                  "sequence " + std::to_string(event.sequence));
    }
  }

  /// Whether to go on.
  bool moved_to(std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    position_ = sequence;
    changed_.notify_all();
    return !ended_;
  }

  /// Nothing up to there is wanted any more. A step that was interrupted has not looked at all of it.
  void reached(std::uint64_t until) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    position_ = std::max(position_, until);
    changed_.notify_all();
  }

  void give_up(const Error& why) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;  // whoever ended it is not interested
      status_ = fail(why);
      ended_ = true;
      changed_.notify_all();
    }
    if (options_.failed) options_.failed(why);
  }

  EventStore& store_;
  const Subscription::Handler handler_;
  const SubscriptionOptions options_;
  mutable std::mutex mutex_;  // of what follows
  mutable std::condition_variable changed_;
  std::uint64_t position_;
  std::uint64_t committed_ = 0;
  bool ended_ = false;
  Result<void> status_;
};

class ThreadSubscription final : public Subscription {
 public:
  ThreadSubscription(EventStore& store, std::uint64_t after, Handler handler, SubscriptionOptions options)
      : follower_(std::make_shared<Follower>(store, after, std::move(handler), std::move(options))) {
    // The observer must not keep the follower: the store keeps observers until its next commit.
    commits_ = store.on_commit([weak = std::weak_ptr(follower_)](std::uint64_t sequence) {
      if (const auto follower = weak.lock()) follower->committed(sequence);
    });
    follower_->committed(store.last_sequence());
    thread_ = std::thread([follower = follower_] { follower->run(); });
  }

  ~ThreadSubscription() override {
    commits_.reset();
    follower_->end();
    if (std::this_thread::get_id() == thread_.get_id())
      thread_.detach();
    else
      thread_.join();
  }

  std::uint64_t position() const override { return follower_->position(); }
  Result<void> status() const override { return follower_->status(); }
  Result<void> wait_for(std::uint64_t sequence, std::chrono::milliseconds timeout) const override {
    return follower_->wait_for(sequence, timeout);
  }

 private:
  std::shared_ptr<Follower> follower_;
  std::shared_ptr<void> commits_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Subscription> subscribe(EventStore& store, std::uint64_t after, Subscription::Handler handler,
                                        SubscriptionOptions options) {
  return std::make_unique<ThreadSubscription>(store, after, std::move(handler), std::move(options));
}

}  // namespace automodel::storage
