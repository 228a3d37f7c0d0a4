// The event-sourced agent as a typed actor: an AgentCore, the store behind it, and what follows a commit
// (replies, messages to other agents, jobs, snapshots).
#pragma once

#include <caf/actor_system.hpp>
#include <map>
#include <memory>
#include <string>

#include "actors/runtime/agent_core.hpp"
#include "actors/runtime/job_pool.hpp"
#include "actors/runtime/messages.hpp"

namespace automodel::actors {

using AgentActor = caf::typed_actor<caf::replies_to<events::CommandT>::with<events::ReplyT>,
                                    // where another agent lives now; messages that waited for it leave
                                    caf::reacts_to<KnowAgent>,
                                    // from itself: load history, an append is done, try a target again
                                    caf::reacts_to<recover_atom>, caf::reacts_to<Committed>,
                                    caf::reacts_to<retry_atom, std::string>,
                                    // takes no more commands, and ends when everything decided is durable
                                    caf::reacts_to<stop_atom>,
                                    // it moves: refuses commands with `frozen_code`, and gives its version
                                    // when everything decided is durable
                                    caf::replies_to<freeze_atom>::with<std::uint64_t>,
                                    // it stays after all, and appends under this epoch
                                    caf::reacts_to<unfreeze_atom, std::uint64_t>,
                                    // it has moved: its jobs here are cancelled, and it ends
                                    caf::reacts_to<retire_atom>>;

struct AgentOptions {
  CoreOptions core;
  std::shared_ptr<storage::EventStore> store;
  JobPool pool;  // may be absent: then an agent that opens jobs is a defect, and logged
};

/// Starts an agent. It loads its history first; commands wait meanwhile.
AgentActor spawn_agent(caf::actor_system& system, std::unique_ptr<Machine> machine, AgentOptions options);

template <Decider D>
AgentActor spawn_agent(caf::actor_system& system, AgentOptions options) {
  return spawn_agent(system, std::make_unique<MachineOf<D>>(), std::move(options));
}

}  // namespace automodel::actors
