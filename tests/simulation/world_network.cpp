// The network between the nodes of a world.
#include "tests/simulation/world.hpp"

namespace automodel::cluster::simulation {

// --- the network ---------------------------------------------------------------------------------------

void World::flush(int index) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  for (int other = 0; other < plan_.nodes; ++other) {
    if (other == index) continue;
    const auto peer = node_name(other);
    for (;;) {
      Packet packet{index, other, {}, {}};
      auto head =
          node.links->next_batch(peer, [&](const Parcel& parcel) { packet.parcels.push_back(parcel); });
      if (!head) break;
      packet.head = *head;
      ++counts_.batches;
      if (faulty() && chance(plan_.repetition)) post(packet);
      post(std::move(packet));
    }
  }
}

void World::post(Packet packet) {
  if (faulty() && chance(plan_.loss)) {
    ++counts_.lost;
    return;
  }
  auto latency = 1 + below(6);
  if (faulty() && chance(plan_.delay)) latency += below(80);
  const auto to = packet.to;
  std::size_t slot = packets_.size();
  if (free_packets_.empty()) {
    packets_.push_back(std::move(packet));
  } else {
    slot = free_packets_.back();
    free_packets_.pop_back();
    packets_[slot] = std::move(packet);
  }
  schedule(Event::Kind::packet, now_ + static_cast<Time>(latency), to, 0, slot);
}

bool World::cut(int from, int to) const {
  auto at = cuts_.find({from, to});
  return at != cuts_.end() && faulty() && now_ < at->second;
}

void World::arrive(Packet packet) {
  auto& node = nodes_[static_cast<std::size_t>(packet.to)];
  if (!node.up || cut(packet.from, packet.to)) return;
  const auto from = static_cast<std::size_t>(packet.from);
  const auto peer = node_name(packet.from);
  const auto heard = node.links->receive(peer, packet.head);
  if (heard.started) {
    node.heard[from] = node.said[from] = 0;
    node.core->peer_started(peer, node.links->find(peer)->peer());
  }
  if (heard.taken.verdict == Verdict::impossible)
    checker_.violation("a batch with numbers that nobody sends");
  if (heard.taken.verdict == Verdict::taken) node.core->peer_heard(peer);
  for (auto i = heard.taken.from; i < heard.taken.until; ++i) {
    const auto& parcel = packet.parcels[i];
    checker_.delivered(node.heard[from], parcel.serial);
    if (parcel.message->body.type == events::PeerBody::Ask) {
      const auto hops = parcel.message->body.AsAsk()->hops;
      if (hops > 0) ++counts_.forwarded;
      checker_.hops(hops);
    }
    node.core->received(peer, *parcel.message);
  }
  settle(packet.to);
}

}  // namespace automodel::cluster::simulation
