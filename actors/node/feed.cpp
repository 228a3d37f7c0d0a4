#include "actors/node/feed.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "actors/runtime/log.hpp"

namespace automodel::actors {

struct Feed::Impl {
  storage::EventStore& store;
  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  std::uint64_t committed;
  bool ended = false;
  std::mutex listening;  // held while listeners run
  std::map<std::uint64_t, Listener> listeners;
  std::uint64_t next_listener = 1;
  std::uint64_t delivered;
  std::shared_ptr<void> subscription;
  std::thread thread;

  Impl(storage::EventStore& s, std::uint64_t from)
      : store(s), committed(s.last_sequence()), delivered(from) {}

  void run() {
    while (true) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return ended || committed > delivered; });
        if (ended) return;
      }
      auto read = store.read_all(delivered + 1, [&](const events::Recorded& event) {
        delivered = event.sequence;
        const std::lock_guard lock(listening);
        for (const auto& [id, listener] : listeners) listener(event);
        const std::lock_guard state(mutex);
        return !ended;
      });
      if (!read) {
        log().error("events cannot be read for those who watch: {}", to_string(read.error()));
        return;
      }
    }
  }
};

Feed::Feed(storage::EventStore& store, std::uint64_t from) : impl_(std::make_unique<Impl>(store, from)) {
  auto* impl = impl_.get();
  impl->subscription = store.on_commit([impl](std::uint64_t sequence) {
    const std::lock_guard lock(impl->mutex);
    impl->committed = std::max(impl->committed, sequence);
    impl->changed.notify_one();
  });
  impl->thread = std::thread([impl] { impl->run(); });
}

Feed::~Feed() {
  impl_->subscription.reset();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ended = true;
    impl_->changed.notify_one();
  }
  impl_->thread.join();
}

std::shared_ptr<void> Feed::subscribe(Listener listener) {
  auto* impl = impl_.get();
  const std::lock_guard lock(impl->listening);
  const auto id = impl->next_listener++;
  impl->listeners[id] = std::move(listener);
  return std::shared_ptr<void>(nullptr, [impl, id](void*) {
    const std::lock_guard inner(impl->listening);
    impl->listeners.erase(id);
  });
}

}  // namespace automodel::actors
