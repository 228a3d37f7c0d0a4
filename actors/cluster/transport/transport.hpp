// Messages to and from other nodes: ZeroMQ on one thread of its own, and a reliable channel to each peer.
//
// Messages of one peer arrive once and in order, for as long as both sides run. When a peer starts again,
// what it had not acknowledged may or may not have arrived: protocols number what must outlive that.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/channel.hpp"
#include "actors/cluster/transport/node_keys.hpp"
#include "base/error.hpp"
#include "events/cluster_messages.hpp"
#include "events/codec.hpp"

namespace automodel::cluster {

/// Names a peer to the transport: given at its first greeting, the same for as long as this node runs.
using PeerNumber = std::uint32_t;

struct TransportOptions {
  events::NodeHelloT self;  // node, identity, incarnation, roles; endpoint and kinds of events are filled in
  std::string listen;       // tcp://HOST:PORT, tcp://HOST:*, ipc://PATH
  std::optional<NodeKeys> keys;  // needed where another machine can reach the address
  AllowList allowed;             // looked at where there are keys
  std::chrono::milliseconds tick{25};
  ChannelOptions channel;
  std::size_t queued_bytes = 8u << 20;  // of each peer, before its channel takes them: beyond it `send` waits
};

struct PeerState {
  PeerNumber number = 0;
  std::string node;
  std::string identity;
  std::uint64_t incarnation = 0;
  std::vector<std::string> roles;
  std::string endpoint;
  std::uint32_t event_kinds = 0;
  std::uint64_t silent_ticks = 0;  // since anything was heard of it
  bool encrypted = false;
  ChannelCounters counters;
};

/// What the transport tells, from its own thread: nothing here may block or throw, or call `stop`.
/// Sending is allowed.
struct TransportHandler {
  std::function<void(PeerNumber, events::ByteView)> message;  // the bytes are gone when this returns
  /// A peer was greeted for the first time, or starts again (`restarted`): then what it had not acknowledged
  /// is not sent again.
  std::function<void(const PeerState&, bool restarted)> greeted;
  /// Somebody was turned away, or turned us away, or sent what is no frame; `where` says who.
  std::function<void(const Error&)> refused;
  std::function<void()> tick;
};

class Transport {
 public:
  /// Takes the address. Errors: cluster.bad_name, cluster.keys_required, cluster.cannot_bind,
  /// cluster.cannot_authenticate, session.bad_endpoint.
  static Result<std::unique_ptr<Transport>> bind(TransportOptions options);
  /// Stops.
  ~Transport();

  /// Once: begins to listen. What must be set of the handler: `message`.
  void start(TransportHandler handler);
  /// Connects, and again whenever the connection is lost; whether anybody is there is told by `greeted` and
  /// `refused`. `node` names the peer whose key the other side must have; it may be empty where there are no
  /// keys. Twice the same does nothing. Errors: cluster.unknown_node (no key is allowed for that name),
  /// cluster.keys_required, session.bad_endpoint.
  Result<void> connect(const std::string& endpoint, const std::string& node = {});

  /// Hands a message over; it goes out as soon as the peer has room. Waits for room at most so long. Errors:
  /// cluster.window_full (nothing was taken), cluster.message_too_large, cluster.stopped.
  Result<void> send(PeerNumber peer, events::Bytes message, std::chrono::milliseconds wait = {});

  std::vector<PeerState> peers() const;
  std::optional<PeerNumber> find(const std::string& node) const;
  /// What this node says of itself.
  const events::NodeHelloT& self() const;
  std::chrono::milliseconds tick() const;
  /// With the port that was chosen where `*` was asked for.
  const std::string& endpoint() const;
  /// Ends the thread; messages not yet sent are dropped. Safe to repeat.
  void stop();

 private:
  struct Impl;
  explicit Transport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::cluster
