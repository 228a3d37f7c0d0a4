// What operators ask of a node: moves, adoption, leaving.
#include <algorithm>

#include "actors/cluster/core.hpp"

namespace automodel::cluster {

namespace {

/// An adoption's epoch is beyond every epoch that moves can reach meanwhile (the upper half counts
/// adoptions), and differs between two nodes that adopt at once, each out of the other's sight.
std::uint64_t epoch_of_adoption(std::uint64_t known, const std::string& identity) {
  std::uint32_t tag = 2166136261u;
  for (const unsigned char c : identity) tag = (tag ^ c) * 16777619u;
  return (((known >> 32) + 1) << 32) | (std::uint64_t{(tag ^ (tag >> 16)) & 0xffffu} << 16);
}

}  // namespace

// --- operators ---------------------------------------------------------------------------------------

void ClusterCore::migrate(Ticket ticket, const std::string& agent, const std::string& target) {
  departures_.migrate(ticket, agent, target);
}

void ClusterCore::adopt(Ticket ticket, const std::string& agent) {
  const auto* arrival = arrivals_.find(agent);
  if (shared_.local(agent) || (arrival && arrival->step != Arrival::Step::prepared))
    return shared_.refuse(ticket, {"cluster.moving", "the agent is here, or on its way", agent, {}});
  const auto* place = shared_.directory.find(agent);
  const auto* owner = place ? shared_.members.find(place->node) : nullptr;
  if (owner && shared_.members.reachable(place->node))
    return shared_.refuse(
        ticket, {"cluster.not_lost", "node '" + place->node + "' has the agent and can be heard", agent,
                 "migrate it"});
  const auto known = std::max(place ? place->epoch : 0, arrival ? arrival->epoch + 1 : 0);
  Write write{Write::Kind::adopted};
  write.agent = agent;
  write.epoch = known;
  write.new_epoch = epoch_of_adoption(known, shared_.options.identity);
  write.peer = place ? place->node : "";
  const auto epoch = write.new_epoch;
  adoptions_[shared_.write(std::move(write))] = {ticket, agent, epoch};
}

void ClusterCore::leave(Ticket ticket) {
  if (leave_ticket_ || left_)
    return shared_.refuse(ticket,
                          {"cluster.leaving", "the node is leaving already", shared_.options.node, {}});
  leaving_ = true;
  leave_ticket_ = ticket;
  for (const auto& [name, member] : shared_.members.members()) shared_.send(name, events::PeerLeavingT{});
}

/// Moves away what is still here, to one node after the other; then says goodbye.
void ClusterCore::empty_this_node() {
  if (shared_.agents.empty() && departures_.size() == 0) {
    left_ = true;
    for (const auto& [name, member] : shared_.members.members()) shared_.send(name, events::PeerLeftT{});
    shared_.answer(*leave_ticket_, {});
    leave_ticket_.reset();
    return;
  }
  std::vector<std::string> targets;
  for (const auto& [name, member] : shared_.members.members())
    if (shared_.members.takes_moves(name)) targets.push_back(name);
  if (targets.empty() || shared_.now % shared_.options.step_again != 0) return;
  std::vector<std::string> here;
  for (const auto& [agent, local] : shared_.agents)
    if (local.state == LocalAgent::State::runs && !departures_.find(agent)) here.push_back(agent);
  for (const auto& agent : here)
    departures_.migrate(std::nullopt, agent, targets[next_target_++ % targets.size()]);
}

}  // namespace automodel::cluster
