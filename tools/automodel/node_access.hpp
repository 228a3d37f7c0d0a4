// A node of this process as the commands use it: started from settings, fed with goals, serving console
// sessions.
#pragma once

#include <memory>
#include <string>

#include "actors/node/neighbours.hpp"
#include "actors/node/node.hpp"
#include "actors/session/server.hpp"
#include "tools/automodel/goal_data.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {

/// Training processes: as asked, else one for each core.
std::uint32_t worker_count(const Settings& settings);

/// As the settings say. Errors: those of durability_of.
Result<actors::NodeOptions> node_options(const Program& program);

/// Opens or creates the store and starts all agents and workers. Errors: those of Node::start.
Result<std::unique_ptr<actors::Node>> start_node(const Program& program);

/// Carries out a command; a refusal is an error.
Result<events::ReplyT> order(actors::Node& node, const std::string& agent, const events::CommandT& command);

/// Registers the data set, then submits the goal. `sender` with `number` and `number` + 1 names the two
/// commands.
Result<events::ReplyT> submit_goal(actors::Node& node, GoalCommands commands, const std::string& sender,
                                   std::uint64_t number);

/// The endpoint of a node in this process, with the folder of its socket. Errors: those of SessionServer::bind.
Result<std::unique_ptr<actors::SessionServer>> take_endpoint(const std::string& endpoint);

/// What people may order, to the agent that it is for. A goal without a data hash is completed from the
/// node's data directory. `node` must outlive the service. Errors are in the values: session.not_for_people,
/// data.*, and the agents'. `neighbours` may be null: a node alone.
actors::SessionService service_of(actors::Node& node, const std::string& data_directory,
                                  const actors::Neighbours* neighbours = nullptr);

}  // namespace automodel::tools
