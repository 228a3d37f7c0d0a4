#include "tools/automodel/node_access.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "actors/session/protocol.hpp"
#include "tools/automodel/datasets.hpp"
#include "tools/automodel/event_page.hpp"
#include "tools/automodel/stores.hpp"

namespace automodel::tools {
namespace {

/// The agent that takes what a person orders; empty for what only agents say to each other.
std::string target_of(const events::CommandT& command) {
  using B = events::CommandBody;
  switch (command.body.type) {
    case B::SubmitGoal:
    case B::PauseGoal:
    case B::ResumeGoal:
    case B::StopGoal:
    case B::ApproveProposal:
    case B::VetoProposal:
      return "coordinator/main";
    case B::RollBack:
      return "autoperf/main";
    case B::AddMethod:
      return "autotrain/main";
    default:
      return {};
  }
}

events::ReplyT refused(const Error& error) {
  events::ReplyT reply;
  reply.failure = std::make_unique<events::FailureT>(actors::failure_of(error));
  return reply;
}

Result<events::ReplyT> goal_from_console(actors::Node& node, const std::string& directory,
                                         const events::CommandT& command) {
  const auto* body = command.body.AsSubmitGoal();
  if (!body->goal || !body->goal->data) return fail("session.no_goal", "a goal without a data set");
  auto data = open_dataset(directory, body->goal->data->name);
  if (!data) return fail(data.error());
  auto commands = commands_for(*data, *body->goal);
  if (!commands) return fail(commands.error());
  // Two commands of one request: the registration has a sender of its own, so that numbers stay the client's.
  commands->register_dataset.sender = command.sender + "/data";
  commands->register_dataset.number = command.number;
  commands->submit_goal.sender = command.sender;
  commands->submit_goal.number = command.number;
  auto registered = node.submit("autofeature/main", commands->register_dataset);
  if (!registered || !registered->accepted) return registered;
  return node.submit("coordinator/main", commands->submit_goal);
}

/// The nodes of the cluster that are or were connected, this one first.
events::AnswerT nodes_answer(const actors::Neighbours* neighbours, const actors::Node& node) {
  nlohmann::json all = nlohmann::json::array();
  std::map<std::string, std::size_t> jobs;
  for (const auto& job : node.running_jobs()) ++jobs[job.node];
  std::map<std::string, std::string> agents;
  for (const auto& place : node.places()) {
    auto& text = agents[place.node];
    text += (text.empty() ? "" : ", ") + place.agent;
    if (!place.state.empty() && place.state != "runs") text += " (" + place.state + ")";
  }
  all.push_back({{"node", neighbours ? neighbours->name() : "this one"}, {"state", "here"}, {"jobs", jobs[""]}});
  if (neighbours) all.back()["agents"] = agents[neighbours->name()];
  for (const auto& other : neighbours ? neighbours->list() : std::vector<actors::Neighbour>{}) {
    std::string roles;
    for (const auto& role : other.peer.roles) roles += (roles.empty() ? "" : ", ") + role;
    all.push_back({{"node", other.peer.node},
                   {"state", other.lost ? "lost" : "connected"},
                   {"roles", roles},
                   {"agents", agents[other.peer.node]},
                   {"jobs", jobs[other.peer.node]},
                   {"silent_seconds", std::round(other.silent_seconds * 10) / 10},
                   {"encrypted", other.peer.encrypted},
                   {"endpoint", other.peer.endpoint}});
  }
  events::AnswerT answer;
  answer.json = all.dump();
  return answer;
}

}  // namespace

std::uint32_t worker_count(const Settings& settings) {
  return settings.workers > 0 ? settings.workers : std::max(1u, std::thread::hardware_concurrency());
}

Result<actors::NodeOptions> node_options(const Program& program) {
  actors::NodeOptions options;
  options.name = program.settings.node_name;
  options.store = program.settings.store;
  options.data_directory = program.settings.data_dir;
  options.workers = worker_count(program.settings);
  options.threads = std::max<std::uint32_t>(1, program.settings.threads);
  options.worker_memory_mb = program.settings.worker_memory_mb;
  options.max_parameters = program.settings.max_parameters;
  auto durability = durability_of(program.settings.durability);
  if (!durability) return fail(durability.error());
  options.durability = *durability;
  return options;
}

Result<std::unique_ptr<actors::Node>> start_node(const Program& program) {
  auto options = node_options(program);
  if (!options) return fail(options.error());
  return actors::Node::start(std::move(*options));
}

Result<events::ReplyT> order(actors::Node& node, const std::string& agent, const events::CommandT& command) {
  auto reply = node.submit(agent, command);
  if (!reply || reply->accepted) return reply;
  if (reply->failure) return fail(actors::error_of(*reply->failure));
  return fail("session.refused", agent + " refused the command");
}

Result<events::ReplyT> submit_goal(actors::Node& node, GoalCommands commands, const std::string& sender,
                                   std::uint64_t number) {
  commands.register_dataset.sender = commands.submit_goal.sender = sender;
  commands.register_dataset.number = number;
  commands.submit_goal.number = number + 1;
  auto registered = order(node, "autofeature/main", commands.register_dataset);
  if (!registered) return registered;
  return order(node, "coordinator/main", commands.submit_goal);
}

Result<std::unique_ptr<actors::SessionServer>> take_endpoint(const std::string& endpoint) {
  if (auto fine = actors::check_endpoint(endpoint); !fine) return fail(fine.error());
  if (endpoint.starts_with("ipc://")) {
    const auto folder = std::filesystem::path(endpoint.substr(6)).parent_path();
    std::error_code error;
    if (!folder.empty()) std::filesystem::create_directories(folder, error);
    if (error) return fail("session.cannot_bind", error.message(), folder.string());
  }
  return actors::SessionServer::bind(endpoint);
}

actors::SessionService service_of(actors::Node& node, const std::string& data_directory,
                                  const actors::Neighbours* neighbours) {
  actors::SessionService service;
  service.command = [&node, data_directory](const events::CommandT& command) {
    if (const auto* move = command.body.AsMigrateAgent()) {
      auto moved = node.migrate(move->agent, move->node);
      return moved ? std::move(*moved) : refused(moved.error());
    }
    const std::string target = target_of(command);
    if (target.empty())
      return refused(
          {"session.not_for_people", "a console may not send this command", {}, "help lists what it may"});
    auto reply = command.body.AsSubmitGoal() ? goal_from_console(node, data_directory, command)
                                             : node.submit(target, command);
    return reply ? std::move(*reply) : refused(reply.error());
  };
  service.ask = [&node, neighbours](const events::QuestionT& question) {
    return question.topic == "nodes" ? nodes_answer(neighbours, node) : node.ask(question);
  };
  service.recommend = [&node](const events::RecommendT& wish) { return node.recommend(wish); };
  service.read_events = [&node](const events::ReadEventsT& wish) { return read_page(node.store(), wish); };
  return service;
}

}  // namespace automodel::tools
