// Three nodes with agents under a load of commands: agents move at random, nodes are killed at random.
// Nothing that was acknowledged is lost, nothing is done twice. In full by tools/soak (1,000 moves, 200
// kills); here a fiftieth of it.
#include <boost/test/unit_test.hpp>

#include "tests/end_to_end/disturbance.hpp"
#include "tests/end_to_end/histories.hpp"

using namespace automodel::test;
using nlohmann::json;

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
  Nodes nodes({"a", "b", "c"}, 2000, 0);
  check_under_load(nodes, number_from("AUTOMODEL_SEED", std::random_device{}()),
                   number_from("AUTOMODEL_MIGRATIONS", 20), number_from("AUTOMODEL_KILLS", 4),
                   kill_and_start(nodes));
}
