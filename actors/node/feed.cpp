#include "actors/node/feed.hpp"

#include <map>
#include <mutex>

#include "actors/runtime/log.hpp"
#include "storage/subscription.hpp"

namespace automodel::actors {

struct Feed::Impl {
  std::mutex listening;  // held while listeners run
  std::map<std::uint64_t, Listener> listeners;
  std::uint64_t next_listener = 1;
  std::unique_ptr<storage::Subscription> subscription;  // ends before what it uses

  Result<void> tell(const events::Recorded& event) {
    const std::lock_guard lock(listening);
    for (const auto& [id, listener] : listeners) listener(event);
    return {};
  }
};

Feed::Feed(storage::EventStore& store, std::uint64_t from) : impl_(std::make_unique<Impl>()) {
  storage::SubscriptionOptions options;
  options.failed = [](const Error& why) {
    log().error("events cannot be read for those who watch: {}", to_string(why));
  };
  impl_->subscription = storage::subscribe(
      store, from, [impl = impl_.get()](const events::Recorded& event) { return impl->tell(event); },
      std::move(options));
}

Feed::~Feed() = default;

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
