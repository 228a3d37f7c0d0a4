// The protocol between nodes, carried by an actor: commands go to agents wherever they are, and agents move.
// A ClusterCore decides; this gives it what happens (commands, other nodes' messages, the store's answers,
// time) and carries out what it says.
#pragma once

#include <caf/actor_system.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/cluster/agents/peer_news.hpp"
#include "actors/cluster/core.hpp"
#include "actors/runtime/messages.hpp"
#include "actors/runtime/supervisor.hpp"
#include "storage/event_store.hpp"

namespace automodel::cluster {

/// What the store said, as the core is to be told. Stays in the process.
struct MoveAnswered {
  std::function<void(ClusterCore&)> tell;
};

/// Where agents are, as this node knows. Stays in the process.
struct AgentPlace {
  std::string agent;
  std::string node;
  std::uint64_t epoch = 0;
  std::string state;  // of one that is here: "runs", or the step of its move
};
using AgentPlaces = std::vector<AgentPlace>;

using ClusterActor = caf::typed_actor<
    // a command for an agent, wherever it is; errors besides the agent's own: cluster.unreachable (it may
    // have its effect still), cluster.busy, cluster.stash_full, runtime.stopping
    caf::replies_to<std::string, events::CommandT>::with<events::ReplyT>,
    // moves an agent to a node; answered when it works there, or with the reason why it stays
    caf::replies_to<actors::migrate_atom, std::string, std::string>::with<events::ReplyT>,
    caf::replies_to<actors::list_atom>::with<AgentPlaces>,
    // before anything else: who runs the agents of this node
    caf::reacts_to<actors::Supervisor>,
    // from the supervisor: an agent lives there now
    caf::reacts_to<actors::KnowAgent>, caf::reacts_to<PeerNews>, caf::reacts_to<MoveAnswered>,
    caf::reacts_to<actors::tick_atom>,
    // answers everybody who waits, and ends
    caf::reacts_to<actors::stop_atom>>;

struct ClusterActorOptions {
  ClusterOptions protocol;
  std::shared_ptr<storage::EventStore> store;
  std::chrono::milliseconds tick{50};
  std::set<std::string> agents;  // that this node can run
  /// Whether it joins others: then it makes no agents, and runs what it owns when it has heard of them.
  bool joins = false;
  /// To another node; an error means: not now, it is tried again.
  std::function<Result<void>(const std::string& peer, const events::PeerMessageT&)> send;
  /// Nodes that were heard since it was last asked.
  std::function<std::vector<std::string>()> heard;
};

/// Before any agent runs. Errors: those of EventStore::recover_agents and recover_parts,
/// cluster.has_agents (a store with agents of its own can't join others').
Result<ClusterActor> spawn_cluster(caf::actor_system& system, ClusterActorOptions options);

/// Looks to others like the agent itself.
actors::CommandActor spawn_proxy(caf::actor_system& system, const ClusterActor& cluster, std::string agent);

}  // namespace automodel::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::cluster::PeerNews)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::cluster::MoveAnswered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::cluster::AgentPlaces)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(automodel::actors::Supervisor)
