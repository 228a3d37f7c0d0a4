#include <boost/test/unit_test.hpp>

#include "tests/storage/replicas/two_histories.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

BOOST_AUTO_TEST_SUITE(following)

BOOST_AUTO_TEST_CASE(a_replica_is_the_origins_history_byte_for_byte_under_its_numbers) {
  Followed nodes;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    value(nodes.a.store->append(one("autotrain/main", "goal-" + std::to_string(i))));
    value(nodes.a.store->append(one("coordinator/main", "goal-" + std::to_string(i))));
  }
  value(nodes.b.store->append(one("autoperf/main")));
  nodes.catch_up();
  BOOST_TEST((records_of(nodes.replica->events()) == records_of(*nodes.a.store)));
  BOOST_TEST(value(nodes.replica->events().verify()) == 40u);
  BOOST_TEST(value(nodes.replica->position()).sequence == 40u);
  // The follower's own numbering has nothing of it.
  BOOST_TEST(nodes.b.store->last_sequence() == 1u);
  BOOST_TEST(value(nodes.b.store->streams()) == std::vector<std::string>{"autoperf/main"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_part_that_comes_twice_changes_nothing) {
  Followed nodes;
  for (int i = 0; i < 6; ++i) value(nodes.a.store->append(one("autotrain/main")));
  const auto all = records_of(*nodes.a.store);
  value(nodes.replica->write(0, {all.begin(), all.begin() + 4}));
  BOOST_TEST(value(nodes.replica->write(0, {all.begin(), all.begin() + 4})).sequence == 4u);
  BOOST_TEST(value(nodes.replica->write(2, {all.begin() + 2, all.end()})).sequence == 6u);  // half of it new
  BOOST_TEST((records_of(nodes.replica->events()) == all));
}

BOOST_AUTO_TEST_CASE(a_replica_goes_on_where_it_was_after_a_restart_of_either_side) {
  Followed nodes;
  for (int i = 0; i < 5; ++i) value(nodes.a.store->append(one("autotrain/main")));
  nodes.catch_up();
  nodes.reopen();
  BOOST_TEST(value(nodes.replica->position()).sequence == 5u);
  nodes.a.reopen();
  for (int i = 0; i < 5; ++i) value(nodes.a.store->append(one("autotrain/main")));
  nodes.catch_up();
  nodes.reopen();
  BOOST_TEST((records_of(nodes.replica->events()) == records_of(*nodes.a.store)));
  BOOST_TEST(value(nodes.replica->events().verify()) == 10u);
}

BOOST_AUTO_TEST_CASE(those_who_watch_a_replica_are_told_of_each_part) {
  Followed nodes;
  std::vector<std::uint64_t> told;
  auto& events = const_cast<EventStore&>(nodes.replica->events());
  const auto watching = events.on_commit([&](std::uint64_t last) { told.push_back(last); });
  for (int i = 0; i < 3; ++i) value(nodes.a.store->append(one("autotrain/main")));
  nodes.catch_up(1);
  BOOST_TEST(told == (std::vector<std::uint64_t>{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(events_of_an_agent_that_moved_keep_their_origin_at_each_node_and_in_its_replica) {
  Followed nodes;
  for (std::uint64_t i = 1; i <= 4; ++i) value(nodes.b.store->append(command("autotrain/main", i)));
  Move move{nodes.b, nodes.a, "autotrain/main"};
  move.all();
  value(nodes.a.store->append(command("autotrain/main", 5, 3)));
  nodes.catch_up();
  const auto replicated = history(nodes.replica->events(), "autotrain/main");
  BOOST_REQUIRE(replicated.size() == 7u);  // four, the commit, the activation, one more
  BOOST_TEST(replicated[3].origin_node == "b");
  BOOST_TEST(replicated[6].origin_node == "a");
  BOOST_TEST(content(nodes.replica->events(), "autotrain/main") == content(*nodes.a.store, "autotrain/main"),
             boost::test_tools::per_element());
  // One event has one name at every node: its stream, its version, its hash.
  const auto here = history(*nodes.b.store, "autotrain/main");
  for (std::size_t i = 0; i < here.size(); ++i) BOOST_TEST((here[i].hash == replicated[i].hash));
}

BOOST_AUTO_TEST_CASE(a_part_is_bounded_and_never_empty_while_there_is_more) {
  Followed nodes;
  for (int i = 0; i < 600; ++i) value(nodes.a.store->append(one("autotrain/main")));
  BOOST_TEST(value(nodes.shared.read({}, 1)).records.size() == 1u);
  BOOST_TEST(value(nodes.shared.read({}, 1u << 30)).records.size() == 512u);
  BOOST_TEST(value(nodes.shared.read({}, 1)).last_sequence == 600u);
  nodes.catch_up(1u << 20);
  const auto at = value(nodes.replica->position());
  BOOST_TEST(at.sequence == 600u);
  BOOST_TEST(value(nodes.shared.read(at, 1)).records.empty());
}

BOOST_AUTO_TEST_SUITE_END()
