// Two machines' worth of processes: one has the agents, the others train for it. One of them is killed.
#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/end_to_end/history_checks.hpp"
#include "tests/end_to_end/nodes.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct Cluster {
  TemporaryDirectory directory;
  fs::path home = directory.path() / "a";
  std::unique_ptr<Child> agents;
  std::string endpoint;

  Cluster() {
    fs::create_directories(home);
    import_small(home, 8000);
    agents = std::make_unique<Child>(
        std::vector<std::string>{"node", "--name", "a", "--roles", "agents", "--listen", "ipc://a.socket",
                                 "--cluster", "tcp://127.0.0.1:*", "--store", "store", "--lost-after", "2s",
                                 "--json"},
        home);
    BOOST_REQUIRE_MESSAGE(wait_until([&] { return agents->output().find('\n') != std::string::npos; }, 60s),
                          agents->errors());
    endpoint = json::parse(agents->output()).at("cluster");
  }
  std::unique_ptr<Child> trainer(const std::string& name) const {
    const fs::path place = directory.path() / name;
    fs::create_directories(place);
    return std::make_unique<Child>(
        std::vector<std::string>{"node", "--name", name, "--roles", "trainer", "--join", endpoint, "--store",
                                 "store", "--workers", "1", "--lost-after", "2s", "--json"},
        place);
  }
  json console(const std::string& command) const {
    const auto told = run({"console", "--connect", "ipc://a.socket", "--json", "-c", command}, home);
    BOOST_REQUIRE_MESSAGE(told.status == 0, told.output << told.errors);
    return json::parse(told.output);
  }
  /// The state of a node as the others see it; empty where they never saw it.
  std::string state_of(const std::string& node) const {
    for (const auto& row : console("nodes"))
      if (row.at("node") == node) return row.at("state");
    return {};
  }
  std::vector<json> events() const { return events_of(home / "store", home); }
  long count(const std::string& kind) const {
    const auto all = events();
    return std::ranges::count_if(all, [&](const json& event) { return event.at("kind") == kind; });
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_goal_completes_where_the_node_that_trains_is_killed_and_another_one_joins) {
  Cluster cluster;
  auto first = cluster.trainer("b");
  BOOST_REQUIRE(wait_until([&] { return cluster.state_of("b") == "connected"; }, 60s));
  cluster.console("goal --data small --metric auc --max-trials 12 --seed 3");
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return cluster.count("TrialFinished") >= 2; }),
                        cluster.agents->errors() << first->errors());
  first->send(SIGKILL);
  BOOST_TEST(wait_until([&] { return cluster.state_of("b") == "lost"; }, 60s));
  const auto second = cluster.trainer("c");
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return cluster.count("GoalFinished") == 1; }),
                        cluster.agents->errors() << second->errors());
  const auto events = cluster.events();
  check_no_effect_twice(events);
  check_every_trial_ended(events);
  BOOST_TEST(cluster.count("TrialFailed") == 0);
  // What the trials read was brought there, and what they made is here.
  BOOST_TEST(fs::exists(cluster.directory.path() / "c/var/data/small/manifest.json"));
  for (const auto& event : events)
    if (event.at("kind") == "TrialFinished")
      BOOST_TEST(fs::exists(cluster.home / "store/artifacts" /
                            event.at("body").at("result").at("checkpoint").get<std::string>()));
  second->send(SIGINT);
  cluster.agents->send(SIGINT);
  BOOST_TEST(second->wait(30s) == 0);
  BOOST_TEST(cluster.agents->wait(30s) == 0);
  const auto verified = run({"replay", "--store", "store", "--verify", "--json"}, cluster.home);
  BOOST_TEST(json::parse(verified.output).at("match").get<bool>());
}
