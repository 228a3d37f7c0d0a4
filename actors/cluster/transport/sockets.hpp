// ZeroMQ sockets between nodes: how they are set up, encrypted and authenticated. Private to the transport.
#pragma once

#include <optional>
#include <string>
#include <zmq.hpp>

#include "actors/cluster/transport/node_keys.hpp"
#include "base/error.hpp"

namespace automodel::cluster {

/// Where a node may listen or connect: any tcp address with keys, one of this machine (or ipc) without.
/// Errors: cluster.keys_required, and those of actors::check_endpoint.
Result<void> check_node_endpoint(const std::string& endpoint, bool encrypted);

/// A ROUTER that listens. With keys it takes encrypted connections only, each judged by the context's
/// `Gatekeeper`. Errors: session.cannot_bind.
Result<zmq::socket_t> listen_at(zmq::context_t& context, const std::string& endpoint, const NodeKeys* keys);

/// A DEALER that connects, now and again whenever the connection is lost. `server` is the key that the other
/// side must have, where there are keys. Errors: cluster.bad_endpoint.
Result<zmq::socket_t> connect_to(zmq::context_t& context, const std::string& endpoint, const NodeKeys* keys,
                                 const CurveKey* server);

/// Sends one frame, after the address `to` where the socket is a ROUTER; false where it cannot go out now.
bool send_frame(zmq::socket_t& socket, const std::string* to, const void* bytes, std::size_t size);

struct Incoming {
  std::string from;  // routing id; of a ROUTER only
  std::string key;   // hexadecimal, of the other side; empty where the connection is not encrypted
  zmq::message_t frame;
  bool whole = true;  // false: a message of more parts than a frame has, read to its end
};
/// What waits at the socket, if anything does.
std::optional<Incoming> receive_frame(zmq::socket_t& socket, bool router);

/// Answers ZeroMQ's question whether a connection may be (ZAP, RFC 27): by the list of allowed keys.
class Gatekeeper {
 public:
  /// Of all sockets of this context. Errors: cluster.cannot_authenticate.
  static Result<Gatekeeper> start(zmq::context_t& context);
  zmq::socket_t& socket() { return socket_; }
  /// Answers one waiting question; the error says who was turned away (cluster.unknown_key).
  std::optional<Error> answer(const AllowList& allowed);

 private:
  explicit Gatekeeper(zmq::socket_t socket) : socket_(std::move(socket)) {}
  zmq::socket_t socket_;
};

}  // namespace automodel::cluster
