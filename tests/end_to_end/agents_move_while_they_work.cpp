// Two nodes with agents: an agent moves from one to the other while it works, its new node is killed, comes
// back, and the agent goes home.
#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <thread>

#include "tests/end_to_end/history_checks.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

bool wait_until(const std::function<bool()>& condition, std::chrono::seconds limit = 240s) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(50ms);
  return condition();
}

struct TwoNodes {
  TemporaryDirectory directory;
  std::unique_ptr<Child> a, b;
  std::string endpoint;  // of a, for b

  fs::path home(const std::string& node) const { return directory.path() / node; }

  std::unique_ptr<Child> start(const std::string& node, std::vector<std::string> more) const {
    fs::create_directories(home(node));
    std::vector<std::string> arguments{"node",  "--name",    node, "--listen",     "ipc://socket", "--store",
                                       "store", "--workers", "1",  "--lost-after", "2s",           "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<Child>(arguments, home(node));
  }
  TwoNodes() {
    fs::create_directories(home("a"));
    import_small(home("a"), 20000);
    a = start("a", {"--cluster", "tcp://127.0.0.1:*"});
    BOOST_REQUIRE_MESSAGE(wait_until([&] { return a->output().find('\n') != std::string::npos; }, 60s),
                          a->errors());
    endpoint = json::parse(a->output()).at("cluster");
    start_b();
  }
  void start_b() {
    b = start("b", {"--join", endpoint});
    BOOST_REQUIRE_MESSAGE(wait_until([&] { return b->output().find('\n') != std::string::npos; }, 60s),
                          b->errors());
    BOOST_REQUIRE(wait_until([&] { return row_of("b").value("state", "") == "connected"; }, 60s));
  }
  Finished console(const std::string& node, const std::string& command) const {
    return run({"console", "--connect", "ipc://socket", "--json", "-c", command}, home(node));
  }
  json row_of(const std::string& node) const {
    for (const auto& row : json::parse(console("a", "nodes").output))
      if (row.at("node") == node) return row;
    return json::object();
  }
  void migrate(const std::string& from, const std::string& agent, const std::string& to) const {
    const auto command = "migrate " + agent + " " + to;
    auto told = console(from, command);
    // A node that has just come back is silent for a moment, and no move begins then.
    for (int again = 0; again < 100 && told.status != 0; ++again) {
      std::this_thread::sleep_for(200ms);
      told = console(from, command);
    }
    BOOST_REQUIRE_MESSAGE(told.status == 0, told.output << told.errors << a->errors() << b->errors());
  }
  std::vector<json> events(const std::string& node) const {
    return events_of(home(node) / "store", home(node));
  }
  long count(const std::string& node, const std::string& kind) const {
    const auto all = events(node);
    return std::ranges::count_if(all, [&](const json& event) { return event.at("kind") == kind; });
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_goal_completes_where_its_agent_moves_to_a_node_that_is_killed_and_moves_back) {
  TwoNodes nodes;
  BOOST_REQUIRE(nodes.console("a", "goal --data small --metric auc --max-trials 40 --seed 3").status == 0);
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return nodes.count("a", "TrialFinished") >= 1; }),
                        nodes.a->errors());

  nodes.migrate("a", "autotrain/main", "b");
  BOOST_TEST(nodes.row_of("b").at("agents").get<std::string>() == "autotrain/main");
  const auto before = nodes.count("b", "TrialFinished");
  BOOST_TEST(before >= 1);  // its history came along
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return nodes.count("b", "TrialFinished") > before; }),
                        nodes.a->errors() << nodes.b->errors());
  nodes.b->send(SIGKILL);
  nodes.b->wait(30s);
  nodes.start_b();
  nodes.migrate("b", "autotrain/main", "a");
  nodes.migrate("a", "coordinator/main", "b");
  nodes.migrate("b", "coordinator/main", "a");
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return nodes.count("a", "GoalFinished") == 1; }),
                        nodes.a->errors() << nodes.b->errors());

  const auto events = nodes.events("a");
  check_no_effect_twice(events);
  check_every_trial_ended(events);
  BOOST_TEST(nodes.count("a", "MigrationCommitted") == 4);
  BOOST_TEST(nodes.count("a", "MigrationActivated") == 4);
  for (const auto* child : {&nodes.b, &nodes.a}) {
    (*child)->send(SIGINT);
    BOOST_TEST((*child)->wait(30s) == 0);
  }
  for (const std::string node : {"a", "b"}) {
    const auto verified = run({"replay", "--store", "store", "--verify", "--json"}, nodes.home(node));
    BOOST_TEST(json::parse(verified.output).at("match").get<bool>());
  }
}

BOOST_AUTO_TEST_CASE(a_move_that_cannot_be_says_why_and_the_agent_stays) {
  TwoNodes nodes;
  const auto refused = [&](const std::string& node, const std::string& command, const std::string& code) {
    const auto told = nodes.console(node, command);
    BOOST_TEST(told.status != 0);
    BOOST_TEST((told.output + told.errors).find(code) != std::string::npos, told.output << told.errors);
  };
  refused("a", "migrate autotrain/main nowhere", "cluster.no_such_node");
  refused("a", "migrate autotrain/main a", "cluster.bad_target");
  refused("b", "migrate autotrain/main a", "cluster.not_here");
  refused("a", "migrate nobody/main b", "cluster.not_here");
  BOOST_TEST(nodes.row_of("a").at("agents").get<std::string>().find("autotrain/main") != std::string::npos);
}
