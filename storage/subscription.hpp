// Following the history: what is there already, then what comes, without a gap and without a repeat.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "storage/event_store.hpp"
#include "storage/filter.hpp"

namespace automodel::storage {

struct SubscriptionOptions {
  /// Only these; `from`, `until`, `limit` and `newest_first` have no meaning here.
  EventFilter filter;
  /// At most so many events are read before the subscription looks up: whether it was ended.
  std::size_t batch_events = 256;
  /// How often a store that another process writes to is asked for more.
  std::chrono::milliseconds poll{200};
  /// Called once, on the subscription's thread, where an error ends it.
  std::function<void(const Error&)> failed;
};

/// Events come one at a time, in order, on a thread of its own. The handler runs outside of any transaction:
/// it may take its time, read, and append; nobody waits for it. Events that it has not seen yet stay where
/// they are: in the store.
class Subscription {
 public:
  /// An error ends the subscription; so does an exception (storage.subscriber_failed).
  using Handler = std::function<Result<void>(const events::Recorded&)>;

  /// Ends it. Waits for a handler that runs, except when it is the handler that does this. Not from a
  /// callback of the store. Must happen before the store is closed.
  virtual ~Subscription() = default;

  /// The last sequence that is done with: handled, or not wanted by the filter.
  virtual std::uint64_t position() const = 0;
  /// Why it ended by itself; no error while it runs.
  virtual Result<void> status() const = 0;
  /// Waits until `position` has reached a sequence. Errors: storage.timeout, or why it ended before.
  virtual Result<void> wait_for(std::uint64_t sequence, std::chrono::milliseconds timeout) const = 0;
};

/// Events after sequence `after`.
std::unique_ptr<Subscription> subscribe(EventStore& store, std::uint64_t after, Subscription::Handler handler,
                                        SubscriptionOptions options = {});

}  // namespace automodel::storage
