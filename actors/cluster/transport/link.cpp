#include "actors/cluster/transport/link.hpp"

namespace automodel::cluster {

void Link::start() {
  TransportHandler handler;
  handler.message = [this](PeerNumber peer, events::ByteView bytes) { message_came(peer, bytes); };
  handler.greeted = [this](const PeerState& peer, bool restarted) {
    for (const auto& listener : greeted_) listener(peer, restarted);
  };
  handler.refused = refused_;
  transport_->start(std::move(handler));
}

void Link::message_came(PeerNumber peer, events::ByteView bytes) {
  auto message = events::unpack<events::NodeMessageT>(bytes);
  const auto handler = message ? handlers_.find(message->body.type) : handlers_.end();
  if (handler != handlers_.end()) return handler->second(peer, std::move(*message));
  if (!refused_) return;
  const auto from = this->peer(peer);
  refused_({message ? "cluster.unknown_message" : message.error().code,
            message ? "a message that nobody here takes" : message.error().message, from ? from->node : "",
            "it may come from a newer version of the program"});
}

std::optional<PeerState> Link::peer(PeerNumber number) const {
  for (PeerState& state : transport_->peers())
    if (state.number == number) return std::move(state);
  return std::nullopt;
}

}  // namespace automodel::cluster
