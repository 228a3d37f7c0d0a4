// Two nodes of one process that have greeted each other.
#pragma once

#include <condition_variable>
#include <mutex>

#include "actors/cluster/transport/link.hpp"
#include "tests/storage/support.hpp"

namespace automodel::cluster::testing {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s;  // of a loaded machine

inline std::unique_ptr<Link> make_link(const std::string& name, char digit, std::uint64_t incarnation = 1,
                                       const std::string& listen = "tcp://127.0.0.1:*") {
  TransportOptions options;
  options.self.node = name;
  options.self.identity = std::string(32, digit);
  options.self.incarnation = incarnation;
  options.listen = listen;
  options.tick = 5ms;
  return std::make_unique<Link>(storage::testing::value(Transport::bind(std::move(options))));
}

/// Waits for a peer of a node that has not started yet.
class Acquaintance {
 public:
  explicit Acquaintance(Link& link) {
    link.on_greeted([this](const PeerState& state, bool) {
      const std::lock_guard lock(mutex_);
      peer_ = state.number;
      met_.notify_all();
    });
  }
  PeerNumber wait() {
    std::unique_lock lock(mutex_);
    if (!met_.wait_for(lock, patience, [this] { return peer_.has_value(); }))
      throw std::runtime_error("the nodes did not meet");
    return *peer_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable met_;
  std::optional<PeerNumber> peer_;
};

}  // namespace automodel::cluster::testing
