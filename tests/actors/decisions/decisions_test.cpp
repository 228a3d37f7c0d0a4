#include <boost/test/unit_test.hpp>
#include <cmath>

#include "actors/decisions/record.hpp"
#include "actors/decisions/thompson.hpp"

using namespace automodel;
using namespace automodel::actors;

BOOST_AUTO_TEST_CASE(the_same_seed_number_and_purpose_give_the_same_numbers) {
  Random a(7, 3, "choose"), b(7, 3, "choose"), other(7, 3, "search"), later(7, 4, "choose");
  for (int i = 0; i < 100; ++i) {
    const auto drawn = a.next();
    BOOST_TEST(drawn == b.next());
    BOOST_TEST(drawn != other.next());
    BOOST_TEST(drawn != later.next());
  }
}

BOOST_AUTO_TEST_CASE(normal_numbers_have_the_mean_and_deviation_that_were_asked_for) {
  Random random(1);
  double sum = 0, squares = 0;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal(2, 3);
    sum += x;
    squares += x * x;
  }
  const double mean = sum / n;
  BOOST_TEST(std::abs(mean - 2) < 0.1);
  BOOST_TEST(std::abs(std::sqrt(squares / n - mean * mean) - 3) < 0.1);
}

BOOST_AUTO_TEST_CASE(numbers_below_a_bound_stay_below_it_and_reach_each_value) {
  Random random(5);
  std::vector<int> seen(7);
  for (int i = 0; i < 700; ++i) ++seen.at(random.below(7));
  for (int hits : seen) BOOST_TEST(hits > 50);
}

BOOST_AUTO_TEST_CASE(a_belief_starts_at_what_is_promised_and_moves_to_what_was_seen) {
  const auto fresh = believe(0.02, {});
  BOOST_TEST(fresh.mean == 0.02, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(fresh.deviation == 0.01, boost::test_tools::tolerance(1e-12));
  const auto disappointed = believe(0.02, {6, 0});
  BOOST_TEST(disappointed.mean == 0.02 / 7, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(disappointed.deviation == 0.01 / std::sqrt(7), boost::test_tools::tolerance(1e-12));
  const auto confirmed = believe(0.02, {6, 0.12});
  BOOST_TEST(confirmed.mean == 0.02, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(sampling_prefers_what_brought_more_for_its_cost_but_tries_the_other_too) {
  const std::vector<Arm> arms = {{0.004, 100000, {3, 0.018}}, {0.004, 100000, {3, 0.002}}};
  int first = 0;
  for (std::uint64_t cycle = 0; cycle < 500; ++cycle) {
    Random random(11, cycle, "test");
    first += ranked(draw(random, arms, 80000)).front() == 0;
  }
  BOOST_TEST(first > 400);
  BOOST_TEST(first < 500);
}

BOOST_AUTO_TEST_CASE(a_try_that_is_nearly_free_does_not_win_over_a_large_gain) {
  const std::vector<Arm> arms = {{0.0005, 10, {20, 0.01}}, {0.03, 400000, {20, 0.6}}};
  Random random(3);
  BOOST_TEST(ranked(draw(random, arms, 80000)).front() == 1u);
}

BOOST_AUTO_TEST_CASE(numbers_are_written_without_trailing_zeros) {
  BOOST_TEST(number(0.5) == "0.5");
  BOOST_TEST(number(-0.00001) == "0");
  BOOST_TEST(number(3, 2) == "3");
  BOOST_TEST(signed_number(0.0123) == "+0.0123");
  BOOST_TEST(signed_number(-0.0123) == "-0.0123");
  BOOST_TEST(counted(1, "trial") == "1 trial");
  BOOST_TEST(counted(0, "trial") == "0 trials");
}

BOOST_AUTO_TEST_CASE(a_decision_is_named_by_the_version_that_its_event_will_have) {
  Context context;
  context.stream = "autotrain/main";
  context.version = 16;
  Decision decision;
  decision.events.push_back(event_of(events::GoalPausedT{}));
  Question question;
  question.by = "autotrain";
  question.options = {option("a", "", 1, 0.1, 5), option("b", "", 2, 0.2, 7), option("c", "", 3, 0.4, 9)};
  question.choices = {1, 2};
  const auto ref = record_decision(decision, context, question);
  BOOST_TEST(ref.stream == "autotrain/main");
  BOOST_TEST(ref.version == 18u);
  const auto& made = *decision.events.back().body.AsDecisionMade();
  BOOST_TEST(made.options.size() == 3u);
  BOOST_TEST(made.expected_gain == 0.6, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(made.expected_cost == 16.0);
}

BOOST_AUTO_TEST_CASE(data_are_the_same_by_content_label_and_cut_whatever_their_name) {
  events::DataRefT a, b;
  a.name = "one";
  b.name = "two";
  a.hash = b.hash = "h";
  BOOST_TEST(same_data(a, b));
  b.label = "rating>=4";
  BOOST_TEST(!same_data(a, b));
}
