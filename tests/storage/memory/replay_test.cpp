#include <boost/test/unit_test.hpp>

#include "history.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

BOOST_AUTO_TEST_SUITE(memory_replay)

BOOST_AUTO_TEST_CASE(memory_rebuilt_from_events_equals_the_stored_one) {
  HistoryStore store(small_goal());
  auto result = replay(store);
  BOOST_REQUIRE(result);
  BOOST_TEST(result->events == store.last_sequence());
  BOOST_TEST(result->match);
  BOOST_TEST(result->chain_intact);
  BOOST_TEST(result->digest == result->stored_digest);
}

BOOST_AUTO_TEST_CASE(a_changed_row_does_not_match) {
  HistoryStore store(small_goal());
  auto row = stored_memory(store).find<events::GoalRowT>("goals", "goal-1");
  BOOST_REQUIRE(row);
  row->champion = "trial-2";
  store.rows().put("goals", "goal-1", events::pack(*row));
  auto result = replay(store);
  BOOST_REQUIRE(result);
  BOOST_TEST(!result->match);
}

BOOST_AUTO_TEST_CASE(a_missing_row_does_not_match) {
  HistoryStore store(small_goal());
  store.rows().erase("trials_by_goal", "goal-1 @ trial-3");
  auto result = replay(store);
  BOOST_REQUIRE(result);
  BOOST_TEST(!result->match);
}

BOOST_AUTO_TEST_CASE(replay_until_a_sequence_stops_there) {
  HistoryStore store(small_goal());
  auto result = replay(store, 5);
  BOOST_REQUIRE(result);
  BOOST_TEST(result->events == 5u);
  BOOST_TEST(result->stored_digest.empty());
  auto again = replay(store, 5);
  BOOST_TEST(result->digest == again->digest);
  BOOST_TEST(result->digest != replay(store)->digest);
}

BOOST_AUTO_TEST_SUITE_END()
