// Hands committed events, in order, to whoever listens, on a thread of its own.
#pragma once

#include <functional>
#include <memory>

#include "storage/event_store.hpp"

namespace automodel::actors {

class Feed {
 public:
  using Listener = std::function<void(const events::Recorded&)>;

  /// Starts after sequence `from`. `store` must outlive the feed.
  Feed(storage::EventStore& store, std::uint64_t from);
  /// Ends the thread; events that no listener has seen yet are not delivered any more.
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// Listens from the next event on. Destroying the handle ends it: not from within a listener, and the
  /// handle must not outlive the feed. Listeners are called one at a time; one that is slow holds up the
  /// others.
  std::shared_ptr<void> subscribe(Listener listener);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::actors
