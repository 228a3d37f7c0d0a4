// Three nodes with agents under a load of commands: agents move at random, nodes are killed at random.
// Nothing that was acknowledged is lost, nothing is done twice. In full by tools/soak (1,000 moves, 200
// kills); here a fiftieth of it.
#include <signal.h>

#include <algorithm>
#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>

#include "actors/session/client.hpp"
#include "tests/end_to_end/load.hpp"

using namespace automodel;
using namespace automodel::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::uint64_t asked(const char* variable, std::uint64_t otherwise) {
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

/// Moves and kills, as often as asked for.
class Disturbance {
 public:
  Disturbance(Nodes& nodes, std::uint64_t seed, std::uint64_t moves, std::uint64_t kills)
      : nodes_(nodes), random_(seed), moves_(moves), kills_(kills), agents_(places(nodes, "a")) {
    BOOST_REQUIRE(agents_.size() >= 2);
    for (const auto& [agent, node] : agents_) known_.push_back(agent);
  }

  /// False, with what it waits for, where nothing moved for two minutes.
  bool run() {
    auto last = std::chrono::steady_clock::now();
    std::uint64_t told = 0;
    while (moved_ < moves_ || killed_ < kills_) {
      // So that the kills are spread over the moves, and none is left when the moves are done.
      const bool kill = killed_ < kills_ && killed_ * moves_ <= moved_ * kills_;
      if (step(kill)) last = std::chrono::steady_clock::now();
      if (std::chrono::steady_clock::now() - last > 120s) return false;
      if (moved_ / 100 > told) {
        told = moved_ / 100;
        std::cerr << "  " << moved_ << " moves, " << killed_ << " kills" << std::endl;
      }
    }
    return true;
  }
  std::uint64_t moved() const { return moved_; }
  std::uint64_t killed() const { return killed_; }
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  /// One move; with `kill`, any node is killed at any moment of it. Whether the agent moved.
  bool step(bool kill) {
    const auto& names = nodes_.names();
    const auto agent = known_[random_() % known_.size()];
    const auto victim = names[random_() % names.size()];
    const auto moment = std::chrono::milliseconds(random_() % 300);
    const auto pause = std::chrono::milliseconds(random_() % 1000);
    std::string failed;
    std::thread killer;
    const auto owner = agents_.at(agent);
    auto target = names[random_() % names.size()];
    while (target == owner) target = names[random_() % names.size()];
    if (kill)
      killer = std::thread([&] {
        std::this_thread::sleep_for(moment);
        nodes_[victim].send(SIGKILL);
        nodes_[victim].wait(30s);
        std::this_thread::sleep_for(pause);
        try {
          nodes_.start(victim);
        } catch (const std::exception& error) {
          failed = error.what();
        }
      });
    const bool moved = move(owner, agent, target);
    if (kill) {
      killer.join();
      BOOST_REQUIRE_MESSAGE(failed.empty(), failed);
      ++killed_;
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
  bool move(const std::string& owner, const std::string& agent, const std::string& target) {
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

  Nodes& nodes_;
  std::mt19937_64 random_;
  std::uint64_t moves_, kills_, moved_ = 0, killed_ = 0;
  std::map<std::string, std::string> agents_;  // where they are, as far as is known
  std::vector<std::string> known_;
  std::string last_refusal_;
};

/// All that the stores have of agents, each event once. What differs between stores, a gap, or two nodes that
/// wrote in one epoch is a fault.
class Histories {
 public:
  /// What one node's store has, in its order.
  void add(const std::string& node, std::vector<json> events) {
    std::map<std::string, std::uint64_t> reached;
    for (auto& event : events) {
      const auto stream = event.at("stream").get<std::string>();
      if (stream.starts_with("node/")) continue;
      const auto version = event.at("version").get<std::uint64_t>();
      if (version != ++reached[stream]) {
        faults_.push_back("gap: " + stream + "#" + std::to_string(version) + " in the store of " + node);
        reached[stream] = version;
      }
      take(stream, version, std::move(event), node);
    }
  }
  const std::map<std::uint64_t, json>& of(const std::string& stream) { return streams_[stream]; }
  std::vector<std::string> faults() const {
    auto found = faults_;
    for (const auto& [stream, events] : streams_) {
      std::map<std::uint64_t, std::string> writers;
      std::uint64_t epoch = 0;
      for (const auto& [version, event] : events) {
        const auto now = event.at("epoch").get<std::uint64_t>();
        const auto writer = event.value("origin_node", "");
        const auto [first, fresh] = writers.emplace(now, writer);
        if (now < epoch || first->second != writer)
          found.push_back("two owners: " + stream + "#" + std::to_string(version) + " of epoch " +
                          std::to_string(now) + " by " + writer + ", before: epoch " + std::to_string(epoch) +
                          " by " + first->second);
        epoch = now;
      }
    }
    return found;
  }

 private:
  void take(const std::string& stream, std::uint64_t version, json event, const std::string& node) {
    const auto [known, fresh] = streams_[stream].emplace(version, event);
    if (!fresh && known->second.at("hash") != event.at("hash"))
      faults_.push_back("diverged: " + stream + "#" + std::to_string(version) + " in the store of " + node);
  }
  std::map<std::string, std::map<std::uint64_t, json>> streams_;
  std::vector<std::string> faults_;
};

void report(const std::string& words, const std::vector<std::string>& faults) {
  BOOST_TEST(faults.empty(), words << ": " << faults.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(faults.size(), 20); ++i) BOOST_ERROR(faults[i]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_checks_find_commands_that_are_lost_doubled_or_out_of_order) {
  const auto resumed = [](const std::string& cause) {
    return json{{"kind", "GoalResumed"}, {"causation", cause}};
  };
  const std::map<std::uint64_t, json> events{{1, {{"kind", "GoalAccepted"}}},
                                             {2, resumed("console/x/1")},
                                             {3, resumed("console/y/1")},
                                             {4, resumed("console/x/2")}};
  const auto first_word = [&](const std::vector<std::vector<std::uint64_t>>& told,
                              const std::map<std::uint64_t, json>& there) {
    const auto found = wrong_commands(told, there);
    return found.empty() ? "" : found.front().substr(0, found.front().find(':'));
  };
  BOOST_TEST(first_word({{2, 4}, {3}}, events) == "");
  BOOST_TEST(first_word({{2}, {3}}, events) == "");            // one that was carried out and not answered
  BOOST_TEST(first_word({{2, 4, 5}, {3}}, events) == "lost");  // no such event
  BOOST_TEST(first_word({{1}}, events) == "lost");             // another event has its place
  BOOST_TEST(first_word({{2, 3}}, events) == "lost");          // another console's command has its place
  BOOST_TEST(first_word({{4, 2}}, events) == "out of order");
  auto twice = events;
  twice[5] = resumed("console/x/1");
  BOOST_TEST(first_word({{2, 4}, {3}}, twice) == "doubled");
}

BOOST_AUTO_TEST_CASE(the_checks_find_gaps_other_histories_and_two_owners) {
  const auto event = [](std::uint64_t version, std::uint64_t epoch, const std::string& node,
                        const std::string& hash) {
    return json{{"stream", "coordinator/main"},
                {"version", version},
                {"epoch", epoch},
                {"origin_node", node},
                {"hash", hash}};
  };
  const auto first_word = [](const std::vector<std::vector<json>>& stores) {
    Histories histories;
    for (std::size_t i = 0; i < stores.size(); ++i) histories.add("n" + std::to_string(i), stores[i]);
    const auto found = histories.faults();
    return found.empty() ? "" : found.front().substr(0, found.front().find(':'));
  };
  const auto one = event(1, 1, "a", "h1"), two = event(2, 2, "b", "h2");
  BOOST_TEST(first_word({{one, two}, {one}}) == "");
  BOOST_TEST(first_word({{two}}) == "gap");
  BOOST_TEST(first_word({{one, two}, {one, event(2, 2, "b", "h3")}}) == "diverged");
  BOOST_TEST(first_word({{one, two, event(3, 2, "a", "h3")}}) == "two owners");
  BOOST_TEST(first_word({{one, two, event(3, 1, "a", "h3")}}) == "two owners");
}

BOOST_AUTO_TEST_CASE(commands_are_neither_lost_nor_doubled_while_agents_move_and_nodes_are_killed) {
  const auto seed = asked("AUTOMODEL_SEED", std::random_device{}());
  const auto moves = asked("AUTOMODEL_MIGRATIONS", 20), kills = asked("AUTOMODEL_KILLS", 4);
  Nodes nodes({"a", "b", "c"}, 2000, 0);
  std::cerr << "AUTOMODEL_SEED=" << seed << " AUTOMODEL_MIGRATIONS=" << moves << " AUTOMODEL_KILLS=" << kills
            << ", stores in " << nodes.directory().string() << std::endl;
  nodes.keep();  // until all has been found well
  // Its trials wait for a person, so that nothing happens but commands.
  const auto goal = nodes.console("a", "goal --data small --metric auc --max-trials 1 --ask");
  BOOST_REQUIRE_MESSAGE(goal.status == 0, goal.output << goal.errors);

  Load load(nodes, 20ms);
  Disturbance disturbance(nodes, seed, moves, kills);
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
  for (const auto& node : nodes.names()) BOOST_TEST(nodes.verified(node), "replay --verify of " << node);

  const auto& test = boost::unit_test::framework::current_test_case();
  const bool held = boost::unit_test::results_collector.results(test.p_id).p_assertions_failed == 0;
  std::cerr << disturbance.moved() << " moves, " << disturbance.killed() << " kills, " << load.acknowledged()
            << " commands acknowledged, " << load.unanswered()
            << " unanswered: " << (held ? "none lost, none doubled" : "see above; the stores are kept in ")
            << (held ? "" : nodes.directory().string()) << std::endl;
  if (held) nodes.keep(false);
}
