#include "actors/cluster/transport/peers.hpp"

namespace automodel::cluster {

bool Outbound::put(events::Bytes message, std::size_t limit, std::chrono::milliseconds wait,
                   bool& was_empty) {
  std::unique_lock lock(mutex_);
  const auto has_room = [&] { return closed_ || queue_.empty() || bytes_ + message.size() <= limit; };
  if (!has_room() && (wait.count() <= 0 || !room_.wait_for(lock, wait, has_room))) return false;
  if (closed_) return false;
  was_empty = queue_.empty();
  bytes_ += message.size();
  queue_.push_back(std::move(message));
  return true;
}

void Outbound::take(std::deque<events::Bytes>& into) {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return;
  for (events::Bytes& message : queue_) into.push_back(std::move(message));
  queue_.clear();
  bytes_ = 0;
  room_.notify_all();
}

void Outbound::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  room_.notify_all();
}

std::optional<PeerNumber> PeerTable::find(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  for (PeerNumber number = 0; number < peers_.size(); ++number)
    if (peers_[number]->hello.node == node) return number;
  return std::nullopt;
}

Outbound* PeerTable::outbound(PeerNumber number) {
  const std::lock_guard lock(mutex_);
  return number < peers_.size() ? &peers_[number]->outbound : nullptr;
}

std::vector<PeerState> PeerTable::states() const {
  const std::lock_guard lock(mutex_);
  return states_;
}

PeerNumber PeerTable::add(std::unique_ptr<Peer> peer) {
  const std::lock_guard lock(mutex_);
  peers_.push_back(std::move(peer));
  return static_cast<PeerNumber>(peers_.size() - 1);
}

void PeerTable::close() {
  const std::lock_guard lock(mutex_);
  for (const auto& peer : peers_) peer->outbound.close();
}

PeerState PeerTable::state_of(PeerNumber number) const {
  const Peer& peer = *peers_[number];
  return {number,           peer.hello.node,        peer.hello.identity,    peer.hello.incarnation,
          peer.hello.roles, peer.hello.endpoint,    peer.hello.event_kinds, peer.channel.silent(),
          peer.encrypted,   peer.channel.counters()};
}

void PeerTable::publish() {
  std::vector<PeerState> states;
  for (PeerNumber number = 0; number < peers_.size(); ++number) states.push_back(state_of(number));
  const std::lock_guard lock(mutex_);
  states_ = std::move(states);
}

}  // namespace automodel::cluster
