#include "tests/end_to_end/disturbance.hpp"

#include <signal.h>

#include <algorithm>
#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "actors/session/client.hpp"
#include "tests/end_to_end/histories.hpp"

namespace automodel::test {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

void report(const std::string& words, const std::vector<std::string>& faults) {
  BOOST_TEST(faults.empty(), words << ": " << faults.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(faults.size(), 20); ++i) BOOST_ERROR(faults[i]);
}

}  // namespace

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

/// Agent and its node, as `node` sees them.
std::map<std::string, std::string> places(const Nodes& nodes, const std::string& node) {
  std::map<std::string, std::string> found;
  const auto told = nodes.console(node, "nodes");
  if (told.status != 0) return found;
  for (const auto& row : json::parse(told.output)) {
    std::istringstream agents(row.value("agents", ""));
    for (std::string agent; std::getline(agents >> std::ws, agent, ',');) {
      agent = agent.substr(0, agent.find(" ("));  // what it is doing
      found[agent] += (found[agent].empty() ? "" : " and ") + row.at("node").get<std::string>();
    }
  }
  return found;
}

Disturbance::Disturbance(Nodes& nodes, std::uint64_t seed, std::uint64_t moves, std::uint64_t troubles,
                         Trouble trouble)
    : nodes_(nodes),
      random_(seed),
      moves_(moves),
      troubles_(troubles),
      trouble_(std::move(trouble)),
      agents_(places(nodes, nodes.names().front())) {
  BOOST_REQUIRE(agents_.size() >= 2);
  for (const auto& [agent, node] : agents_) known_.push_back(agent);
}

bool Disturbance::run() {
  auto last = std::chrono::steady_clock::now(), told = last;
  while (moved_ < moves_ || troubled_ < troubles_) {
    // So that the troubles are spread over the moves, and none is left when the moves are done.
    const bool trouble = troubled_ < troubles_ && troubled_ * moves_ <= moved_ * troubles_;
    if (step(trouble)) last = std::chrono::steady_clock::now();
    const auto now = std::chrono::steady_clock::now();
    if (now - last > 120s) return false;
    if (now - told < 10s) continue;
    told = now;
    std::cerr << "  " << moved_ << " of " << moves_ << " moves, " << troubled_ << " of " << troubles_
              << " troubles" << std::endl;
  }
  return true;
}

/// One move; with `trouble`, some node has it at some moment of it. Whether the agent moved.
bool Disturbance::step(bool trouble) {
  const auto& names = nodes_.names();
  const auto agent = known_[random_() % known_.size()];
  const auto victim = names[random_() % names.size()];
  const auto moment = std::chrono::milliseconds(random_() % 300);
  const auto pause = std::chrono::milliseconds(random_() % 1000);
  std::string failed;
  std::thread troubler;
  const auto owner = agents_.at(agent);
  auto target = names[random_() % names.size()];
  while (target == owner) target = names[random_() % names.size()];
  if (trouble)
    troubler = std::thread([&] {
      std::this_thread::sleep_for(moment);
      try {
        trouble_(victim, pause);
      } catch (const std::exception& error) {
        failed = error.what();
      }
    });
  const bool moved = move(owner, agent, target);
  if (trouble) {
    troubler.join();
    BOOST_REQUIRE_MESSAGE(failed.empty(), failed);
    ++troubled_;
  }
  if (moved) {
    ++moved_;
    agents_[agent] = target;
  } else {
    std::this_thread::sleep_for(200ms);
    for (const auto& [known, node] : places(nodes_, names[random_() % names.size()]))
      if (agents_.contains(known) && std::ranges::find(names, node) != names.end()) agents_[known] = node;
  }
  return moved;
}

bool Disturbance::move(const std::string& owner, const std::string& agent, const std::string& target) {
  auto console = actors::SessionClient::connect("ipc://" + (nodes_.home(owner) / "socket").string(), 2s);
  if (!console) return false;
  events::MigrateAgentT wish;
  wish.agent = agent;
  wish.node = target;
  events::CommandT command;
  command.body.Set(std::move(wish));
  const auto reply = console->submit(std::move(command));
  if (!reply) last_refusal_ = agent + " from " + owner + " to " + target + ": " + to_string(reply.error());
  return reply.has_value();
}

Disturbance::Trouble kill_and_start(Nodes& nodes) {
  return [&nodes](const std::string& node, std::chrono::milliseconds pause) {
    nodes[node].send(SIGKILL);
    nodes[node].wait(30s);
    std::this_thread::sleep_for(pause);
    nodes.start(node);
  };
}

void check_under_load(Nodes& nodes, std::uint64_t seed, std::uint64_t moves, std::uint64_t troubles,
                      const Disturbance::Trouble& trouble) {
  std::cerr << "AUTOMODEL_SEED=" << seed << ", " << moves << " moves, " << troubles << " troubles, stores in "
            << nodes.directory().string() << std::endl;
  nodes.keep();  // until all has been found well
  // Its trials wait for a person, so that nothing happens but commands.
  const auto goal = nodes.console("a", "goal --data small --metric auc --max-trials 1 --ask");
  BOOST_REQUIRE_MESSAGE(goal.status == 0, goal.output << goal.errors);

  Load load(nodes, 20ms);
  Disturbance disturbance(nodes, seed, moves, troubles, trouble);
  BOOST_TEST(disturbance.run(), "nothing moved for two minutes; last: " << disturbance.last_refusal());
  load.stop();

  const auto settled = [&] {
    std::vector<std::map<std::string, std::string>> seen;
    for (const auto& node : nodes.names()) {
      if (!nodes.connected(node)) return false;
      seen.push_back(places(nodes, node));
    }
    return seen[0] == seen[1] && seen[1] == seen[2] && seen[0].contains("coordinator/main");
  };
  BOOST_TEST(wait_until(settled, 60s), "the nodes do not agree where the agents are");
  for (const auto& node : nodes.names()) {  // whoever is asked, the agent is reached
    const auto resumed = nodes.console(node, "resume");
    BOOST_TEST(resumed.status == 0, node << ": " << resumed.output << resumed.errors);
  }
  nodes.stop();
  Histories histories;
  for (const auto& node : nodes.names()) histories.add(node, nodes.events(node));
  report("faults of the histories", histories.faults());
  report("commands", load.wrong(histories.of("coordinator/main")));
  BOOST_TEST(load.acknowledged() > 0u);
  BOOST_TEST(histories.count("MigrationCommitted") >= static_cast<long>(disturbance.moved()));
  for (const auto& node : nodes.names()) BOOST_TEST(nodes.verified(node), "replay --verify of " << node);

  const auto& test = boost::unit_test::framework::current_test_case();
  const bool held = boost::unit_test::results_collector.results(test.p_id).p_assertions_failed == 0;
  std::cerr << disturbance.moved() << " moves, " << disturbance.troubled() << " troubles, "
            << load.acknowledged() << " commands acknowledged, " << load.unanswered()
            << " unanswered: " << (held ? "none lost, none doubled" : "see above; the stores are kept in ")
            << (held ? "" : nodes.directory().string()) << std::endl;
  if (held) nodes.keep(false);
}

}  // namespace automodel::test
