// The peers of a transport: who they are, by which connection they are reached, and what waits for them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/cluster/channel.hpp"
#include "actors/cluster/transport/transport.hpp"

namespace automodel::cluster {

/// What other threads hand over for one peer; the only part that they share with the transport's thread.
class Outbound {
 public:
  /// False: no room came in time, or it is closed. `was_empty`: the transport's thread has to be woken.
  bool put(events::Bytes message, std::size_t limit, std::chrono::milliseconds wait, bool& was_empty);
  /// Everything that waits, and room for more.
  void take(std::deque<events::Bytes>& into);
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<events::Bytes> queue_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

/// The way to a peer: a connection that we made, or one that it made.
struct Route {
  std::size_t connection = 0;          // of ours, where `address` is empty
  std::optional<std::string> address;  // routing id at our ROUTER
  bool operator==(const Route&) const = default;
};

struct Peer {
  explicit Peer(events::NodeHelloT greeting, Incarnation own, const ChannelOptions& options)
      : hello(std::move(greeting)), channel(own, hello.incarnation, options) {}
  events::NodeHelloT hello;
  Channel<events::Bytes> channel;
  std::optional<Route> route;
  bool encrypted = false;
  std::deque<events::Bytes> ready;  // taken from `outbound`, not yet by the channel
  Outbound outbound;
};

/// Of the transport's thread only, but for `find`, `outbound` and `states`.
class PeerTable {
 public:
  std::optional<PeerNumber> find(const std::string& node) const;
  Outbound* outbound(PeerNumber number);
  std::vector<PeerState> states() const;

  Peer& at(PeerNumber number) { return *peers_[number]; }
  PeerNumber size() const { return static_cast<PeerNumber>(peers_.size()); }
  PeerNumber add(std::unique_ptr<Peer> peer);
  PeerState state_of(PeerNumber number) const;
  /// Whoever waits for room is told that none comes.
  void close();
  /// Publishes what others may see of all peers.
  void publish();

 private:
  mutable std::mutex mutex_;  // of what other threads read
  std::deque<std::unique_ptr<Peer>> peers_;
  std::vector<PeerState> states_;
};

}  // namespace automodel::cluster
