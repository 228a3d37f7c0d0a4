// Typed messages over a transport: each kind of NodeMessage has one handler.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/cluster/transport/transport.hpp"

namespace automodel::cluster {

/// Wraps any member of NodeBody.
template <class T>
events::NodeMessageT node_message(T body) {
  events::NodeMessageT message;
  message.body.Set(std::move(body));
  return message;
}

class Link {
 public:
  using Handler = std::function<void(PeerNumber, events::NodeMessageT)>;
  using Greeted = std::function<void(const PeerState&, bool restarted)>;

  explicit Link(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}
  ~Link() { stop(); }

  /// Before `start`: who takes messages of this kind. Handlers run on the transport's thread: they must be
  /// quick and must not throw.
  void on(events::NodeBody kind, Handler handler) { handlers_[kind] = std::move(handler); }
  /// Before `start`: told of each greeting; several may listen.
  void on_greeted(Greeted greeted) { greeted_.push_back(std::move(greeted)); }
  /// Before `start`: who hears of peers that were turned away, and of messages that nobody can read.
  void on_refused(std::function<void(const Error&)> refused) { refused_ = std::move(refused); }

  void start();
  /// Errors: those of Transport::send, events.incomplete.
  template <class T>
  Result<void> send(PeerNumber peer, T body, std::chrono::milliseconds wait = {}) {
    auto bytes = events::pack_whole(node_message(std::move(body)));
    if (!bytes) return fail(bytes.error());
    return transport_->send(peer, std::move(*bytes), wait);
  }
  /// What is known of a peer: nothing where there is no such number.
  std::optional<PeerState> peer(PeerNumber number) const;
  Transport& transport() { return *transport_; }
  void stop() { transport_->stop(); }

 private:
  void message_came(PeerNumber peer, events::ByteView bytes);

  std::unique_ptr<Transport> transport_;
  std::map<events::NodeBody, Handler> handlers_;
  std::vector<Greeted> greeted_;
  std::function<void(const Error&)> refused_;
};

}  // namespace automodel::cluster
