#include <boost/test/unit_test.hpp>
#include <random>

#include "actors/session/duration.hpp"
#include "actors/session/goal_text.hpp"
#include "actors/session/suggest.hpp"

using namespace automodel;
using namespace automodel::actors;

BOOST_AUTO_TEST_CASE(an_edit_distance_counts_insertions_deletions_replacements_and_swaps) {
  BOOST_TEST(edit_distance("", "") == 0u);
  BOOST_TEST(edit_distance("evolve", "evolve") == 0u);
  BOOST_TEST(edit_distance("evolv", "evolve") == 1u);
  BOOST_TEST(edit_distance("eovlve", "evolve") == 1u);
  BOOST_TEST(edit_distance("kitten", "sitting") == 3u);
  BOOST_TEST(edit_distance("", "abc") == 3u);
}

BOOST_AUTO_TEST_CASE(an_edit_distance_is_symmetric_and_bounded_by_the_longer_word) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto word = [&] {
    std::string text(random() % 8, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    const std::string a = word(), b = word();
    BOOST_TEST(edit_distance(a, b) == edit_distance(b, a));
    BOOST_TEST(edit_distance(a, b) <= std::max(a.size(), b.size()));
    BOOST_TEST((edit_distance(a, b) == 0) == (a == b));
  }
}

BOOST_AUTO_TEST_CASE(a_near_word_is_suggested_and_a_far_one_is_not) {
  const std::vector<std::string> known = {"evolve", "explain", "events", "auc", "gauc"};
  BOOST_TEST(nearest("evlove", known) == "evolve");
  BOOST_TEST(nearest("EXPLAN", known) == "explain");
  BOOST_TEST(nearest("ev", {"events"}) == "events");
  BOOST_TEST(nearest("aucc", known) == "auc");
  BOOST_TEST(nearest("zebra", known).empty());
  BOOST_TEST(nearest("", known).empty());
  BOOST_TEST(suggestion("evlove", known) == "did you mean 'evolve'?");
  BOOST_TEST(suggestion("zebra", {"a", "b"}) == "known: a, b");
}

BOOST_AUTO_TEST_CASE(spans_of_time_are_read_as_people_write_them) {
  BOOST_TEST(parse_duration("90s").value() == 90.0);
  BOOST_TEST(parse_duration("3m").value() == 180.0);
  BOOST_TEST(parse_duration("1h30m").value() == 5400.0);
  BOOST_TEST(parse_duration("2.5h").value() == 9000.0);
  BOOST_TEST(parse_duration("500ms").value() == 0.5);
  BOOST_TEST(parse_duration("45").value() == 45.0);
  BOOST_TEST(parse_duration("1d").value() == 86400.0);
}

BOOST_AUTO_TEST_CASE(what_is_no_span_of_time_is_refused) {
  for (const char* text :
       {"", "m", "3x", "3 m", "-3m", "0", "0s", "1h30", "3m3", "nan", "inf", "1e9h", "3mm", "9999d", "3m "}) {
    auto parsed = parse_duration(text);
    BOOST_TEST_CONTEXT(text) {
      BOOST_REQUIRE(!parsed);
      BOOST_TEST(parsed.error().code == "usage.bad_duration");
    }
  }
}

BOOST_AUTO_TEST_CASE(spans_of_time_are_written_in_units_that_fit) {
  BOOST_TEST(duration_text(0.04) == "0.0 s");
  BOOST_TEST(duration_text(12.34) == "12.3 s");
  BOOST_TEST(duration_text(59.97) == "1 m 00 s");
  BOOST_TEST(duration_text(185) == "3 m 05 s");
  BOOST_TEST(duration_text(3725) == "1 h 02 m");
}

BOOST_AUTO_TEST_CASE(a_goal_has_a_budget_unless_it_counts_trials) {
  GoalText text;
  text.data = "movielens";
  BOOST_TEST(goal_from_text(text).value().budget_seconds == 180.0);
  text.max_trials = 8;
  BOOST_TEST(goal_from_text(text).value().budget_seconds == 0.0);
  text.budget = "1m";
  BOOST_TEST(goal_from_text(text).value().budget_seconds == 60.0);
  BOOST_TEST(goal_from_text(text).value().max_trials == 8u);
}

BOOST_AUTO_TEST_CASE(a_goal_with_an_unknown_metric_names_the_nearest) {
  GoalText text;
  text.data = "movielens";
  text.metric = "acu";
  auto goal = goal_from_text(text);
  BOOST_REQUIRE(!goal);
  BOOST_TEST(goal.error().code == "goal.unknown_metric");
  BOOST_TEST(goal.error().hint == "did you mean 'auc'?");
}

BOOST_AUTO_TEST_CASE(ratios_are_three_shares_of_one) {
  BOOST_TEST(parse_ratios("0.8,0.1,0.1").value().size() == 3u);
  for (const char* text : {"", "1", "0.8,0.2", "0.8,0.1,0.2", "0.8,,0.2", "a,b,c", "1.2,-0.1,-0.1",
                           "0.8,0.1,0.1,0", "0.8,0.2,0"})
    BOOST_TEST(!parse_ratios(text).has_value(), text);
}
