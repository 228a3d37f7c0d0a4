// Keeps agents alive. It owns how to make each, watches them, starts one that ended again from its history
// (after a pause that grows while it keeps failing), and tells everyone where each lives now.
#pragma once

#include <caf/actor_system.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/agent_actor.hpp"

namespace automodel::actors {

/// Starts the agent; called again for each restart. It appends under `epoch`, or where there is none under one
/// of its own, above all before.
using AgentFactory = std::function<AgentActor(caf::actor_system&, std::optional<std::uint64_t> epoch)>;

/// Wants to know where agents live.
using AgentWatcher = caf::typed_actor<caf::reacts_to<KnowAgent>>;

using Supervisor = caf::typed_actor<
    // a command for an agent by its stream; refused with agents.no_such_agent or, while it starts again,
    // runtime.restarting (then ask again)
    caf::replies_to<std::string, events::CommandT>::with<events::ReplyT>,
    // from itself: the pause before a restart is over
    caf::reacts_to<respawn_atom, std::string>,
    // of a cluster: the agent is this node's under that epoch, or no longer
    caf::reacts_to<start_atom, std::string, std::uint64_t>, caf::reacts_to<retire_atom, std::string>,
    // ends every agent when what it decided is durable, then itself
    caf::replies_to<stop_atom>::with<bool>>;

struct SupervisorOptions {
  std::map<std::string, AgentFactory> agents;  // by stream
  /// What an agent is told first, at each start, before anybody else can reach it. Named commands: one that
  /// was carried out has no second effect.
  std::map<std::string, std::vector<events::CommandT>> greetings;
  JobPool pool;  // is told where agents live; may be absent
  /// Of a cluster: agents begin and end when they are told to, and it alone, besides them, knows where they
  /// live; agents and pool reach each agent through `proxies`, wherever it is.
  AgentWatcher cluster;
  std::map<std::string, CommandActor> proxies;
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{30'000};
};

Supervisor spawn_supervisor(caf::actor_system& system, SupervisorOptions options);

}  // namespace automodel::actors
