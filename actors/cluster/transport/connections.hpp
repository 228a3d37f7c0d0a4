// What the transport's thread does: greets, receives, delivers, sends. Private to the transport.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/transport/frames.hpp"
#include "actors/cluster/transport/greeting.hpp"
#include "actors/cluster/transport/peers.hpp"
#include "actors/cluster/transport/sockets.hpp"

namespace automodel::cluster {

class Connections {
 public:
  Connections(const TransportOptions& options, zmq::context_t& context, zmq::socket_t router,
              std::optional<Gatekeeper> gatekeeper, PeerTable& table);

  void connect(const std::string& endpoint, const std::string& node);
  /// Until something arrives, `wake` is readable, or the time is over.
  void wait(int wake, std::chrono::milliseconds timeout);
  void receive();
  /// Everything that has room to go.
  void send();
  void tick();

  TransportHandler handler;

 private:
  /// A connection that this node made.
  struct Dialled {
    std::string endpoint;
    std::string node;  // whose key it must be; may be empty without keys
    zmq::socket_t socket;
    std::optional<PeerNumber> peer;
    std::uint64_t ticks_to_greeting = 0;
    std::uint64_t unanswered = 0;  // ticks
    std::string refused;           // the code of the last refusal: told once
  };
  /// Who sent a frame: a connection of ours, or an address at our ROUTER with its key.
  struct Sender {
    Route route;
    const AllowedPeer* key = nullptr;
    std::string place;  // for errors
  };

  void drain(zmq::socket_t& socket, std::optional<std::size_t> dialled);
  void frame_came(const Sender& sender, const zmq::message_t& frame);
  void hello_came(const Sender& sender, const events::NodeHelloT& hello);
  void batch_came(const Sender& sender, const ReceivedBatch& batch);
  void greet(const Route& route, bool asks);
  void refuse(const Sender& sender, const Error& error);
  void refused_by(const Sender& sender, const Error& error);
  void count_unanswered(Dialled& connection);
  PeerNumber know(const events::NodeHelloT& hello);
  void say(const Error& error) const;
  std::optional<PeerNumber> peer_at(const Route& route) const;
  bool carry(const Route& route, const events::Bytes& bytes);
  void send_to(Peer& peer);

  const TransportOptions& options_;
  zmq::context_t& context_;
  zmq::socket_t router_;
  std::optional<Gatekeeper> gatekeeper_;
  PeerTable& table_;
  std::vector<Dialled> dialled_;
  std::map<std::string, PeerNumber> callers_;  // by address at our ROUTER
  std::vector<const events::Bytes*> batch_;    // kept for its memory
  events::Bytes scratch_;
};

}  // namespace automodel::cluster
