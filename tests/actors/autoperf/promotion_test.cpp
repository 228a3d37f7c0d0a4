#include <cmath>

#include "actors/autoperf/promotion.hpp"
#include "tests/actors/autoperf/world.hpp"

using namespace automodel;
using namespace automodel::tests;
using namespace automodel::actors::autoperf;

BOOST_AUTO_TEST_CASE(the_probability_of_being_better_reads_the_interval_as_normal) {
  BOOST_TEST(probability_better(difference(0, -0.01, 0.01)) == 0.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(probability_better(difference(0.01, 0, 0.02)) == 0.975, boost::test_tools::tolerance(1e-4));
  BOOST_TEST(probability_better(difference(-0.01, -0.02, 0)) == 0.025, boost::test_tools::tolerance(1e-3));
  events::MetricT bare;
  bare.value = 0.001;
  BOOST_TEST(probability_better(bare) == 1.0);
  bare.value = 0;
  BOOST_TEST(probability_better(bare) == 0.5);
}

BOOST_AUTO_TEST_CASE(a_probable_gain_is_promoted_though_its_interval_reaches_below_zero) {
  const auto champion = model("old", 1000), candidate = model("new", 1000);
  auto result = compared(difference(0.002, -0.003, 0.007));
  const auto probable = judge(goal(), candidate, serving(1), &champion, &result, false);
  BOOST_TEST(probable.promote);
  BOOST_TEST(probable.probability > 0.7);
  result = compared(difference(0.001, -0.004, 0.006));
  const auto doubtful = judge(goal(), candidate, serving(1), &champion, &result, false);
  BOOST_TEST(!doubtful.promote);
  BOOST_TEST(doubtful.reason.find("0.7") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_first_model_is_promoted_unless_it_breaks_a_bound) {
  BOOST_TEST(judge(goal(), model("new", 10), serving(1), nullptr, nullptr, false).promote);
  const auto slow = judge(goal(2), model("new", 10), serving(3), nullptr, nullptr, false);
  BOOST_TEST(!slow.promote);
  BOOST_TEST(slow.reason == "It answers in 3 ms (p99); the goal allows 2 ms.");
  const auto large = judge(goal(0, 1), model("new", 10), serving(1, 3u << 20), nullptr, nullptr, false);
  BOOST_TEST(large.reason == "It takes 3 MiB; the goal allows 1 MiB.");
}

BOOST_AUTO_TEST_CASE(int8_is_promoted_if_it_is_smaller_and_hardly_worse_only) {
  const auto champion = model("old", 4000), small = model("old/int8", 1000), large = model("old/int8", 4000);
  auto hardly = compared(difference(-0.0001, -0.0004, 0.0002));
  auto worse = compared(difference(-0.0001, -0.0008, 0.0006));
  BOOST_TEST(judge(goal(), small, serving(1), &champion, &hardly, true).promote);
  BOOST_TEST(!judge(goal(), small, serving(1), &champion, &worse, true).promote);
  BOOST_TEST(!judge(goal(), large, serving(1), &champion, &hardly, true).promote);
  BOOST_TEST(!judge(goal(), small, serving(1), &champion, &hardly, false).promote);
}

BOOST_AUTO_TEST_CASE(a_comparison_without_a_number_promotes_nothing) {
  const auto champion = model("old", 1000);
  const auto result = compared(difference(std::nan(""), 0, 0));
  BOOST_TEST(!judge(goal(), model("new", 10), serving(1), &champion, &result, false).promote);
  BOOST_TEST(!judge(goal(), model("new", 10), serving(1), &champion, nullptr, false).promote);
}

BOOST_AUTO_TEST_CASE(measured_times_within_the_bounds_do_not_enter_the_reason) {
  const auto champion = model("old", 1000);
  const auto result = compared(difference(0.01, 0.005, 0.015));
  BOOST_TEST(judge(goal(9), model("new", 10), serving(1), &champion, &result, false).reason ==
             judge(goal(9), model("new", 10), serving(8), &champion, &result, false).reason);
}

BOOST_AUTO_TEST_CASE(a_champion_that_does_not_rank_is_no_measure_of_a_ranking_and_the_reason_says_so) {
  auto asked = goal();
  asked.metric = "catalogue_ndcg10";
  auto champion = model("old", 1000);
  const auto judgement = judge(asked, model("new", 10), serving(1), &champion, nullptr, false);
  BOOST_TEST(judgement.promote);
  BOOST_TEST(judgement.reason == "old serves and does not rank: it has no catalogue_ndcg10 to compare with.");
  champion.metrics.push_back(std::make_unique<events::MetricT>(difference(0.1, 0.1, 0.1)));
  champion.metrics.back()->name = "catalogue_ndcg10";
  BOOST_TEST(!judge(asked, model("new", 10), serving(1), &champion, nullptr, false)
                  .promote);  // it is to be compared
}
