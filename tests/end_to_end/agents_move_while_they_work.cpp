// Two nodes with agents: an agent moves from one to the other while it works, its new node is killed, comes
// back, and the agent goes home.
#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/end_to_end/history_checks.hpp"
#include "tests/end_to_end/nodes.hpp"

using namespace automodel::test;
using namespace std::chrono_literals;
using nlohmann::json;

BOOST_AUTO_TEST_CASE(a_goal_completes_where_its_agent_moves_to_a_node_that_is_killed_and_moves_back) {
  Nodes nodes({"a", "b"}, 20000, 1);
  BOOST_REQUIRE(nodes.console("a", "goal --data small --metric auc --max-trials 40 --seed 3").status == 0);
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return nodes.count("a", "TrialFinished") >= 1; }),
                        nodes.errors());

  nodes.migrate("a", "autotrain/main", "b");
  BOOST_TEST(nodes.row_of("a", "b").at("agents").get<std::string>() == "autotrain/main");
  const auto before = nodes.count("b", "TrialFinished");
  BOOST_TEST(before >= 1);  // its history came along
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return nodes.count("b", "TrialFinished") > before; }),
                        nodes.errors());
  nodes["b"].send(SIGKILL);
  nodes["b"].wait(30s);
  nodes.start("b");
  BOOST_REQUIRE(wait_until([&] { return nodes.connected("a"); }, 60s));
  nodes.migrate("b", "autotrain/main", "a");
  nodes.migrate("a", "coordinator/main", "b");
  nodes.migrate("b", "coordinator/main", "a");
  BOOST_REQUIRE_MESSAGE(wait_until([&] { return nodes.count("a", "GoalFinished") == 1; }),
                        nodes.errors());

  const auto events = nodes.events("a");
  check_no_effect_twice(events);
  check_every_trial_ended(events);
  BOOST_TEST(nodes.count("a", "MigrationCommitted") == 4);
  BOOST_TEST(nodes.count("a", "MigrationActivated") == 4);
  nodes.stop();
  for (const auto& node : nodes.names()) BOOST_TEST(nodes.verified(node));
}

BOOST_AUTO_TEST_CASE(a_move_that_cannot_be_says_why_and_the_agent_stays) {
  Nodes nodes({"a", "b"}, 20000, 1);
  const auto refused = [&](const std::string& node, const std::string& command, const std::string& code) {
    const auto told = nodes.console(node, command);
    BOOST_TEST(told.status != 0);
    BOOST_TEST((told.output + told.errors).find(code) != std::string::npos, told.output << told.errors);
  };
  refused("a", "migrate autotrain/main nowhere", "cluster.no_such_node");
  refused("a", "migrate autotrain/main a", "cluster.bad_target");
  refused("b", "migrate autotrain/main a", "cluster.not_here");
  refused("a", "migrate nobody/main b", "cluster.not_here");
  BOOST_TEST(nodes.row_of("a", "a").at("agents").get<std::string>().find("autotrain/main") != std::string::npos);
}
