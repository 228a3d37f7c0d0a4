#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/evaluation/metrics.hpp"
#include "recsys/evaluation/nearest.hpp"

using namespace automodel::recsys;

namespace {
using Floats = std::vector<float>;
using Users = std::vector<std::uint32_t>;
}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(auc_counts_ordered_pairs_and_half_of_ties) {
  // Pairs (positive, negative): (0.9, 0.5) +, (0.9, 0.1) +, (0.5, 0.5) half, (0.5, 0.1) +: 3.5 of 4.
  const Floats scores = {0.9F, 0.5F, 0.5F, 0.1F}, labels = {1, 1, 0, 0};
  BOOST_TEST(auc(scores, labels) == 0.875);
  BOOST_TEST(evaluate(scores, labels, Users{1, 2, 3, 4}).at("auc") == 0.875);
}

BOOST_AUTO_TEST_CASE(auc_without_both_classes_is_a_coin) {
  BOOST_TEST(auc(Floats{0.1F, 0.9F}, Floats{1, 1}) == 0.5);
  BOOST_TEST(auc(Floats{}, Floats{}) == 0.5);
}

BOOST_AUTO_TEST_CASE(gauc_weighs_users_by_rows_and_leaves_out_those_with_one_class) {
  // User 1: two rows, AUC 1. User 2: three rows, positives 0.2 among negatives 0.1 and 0.3: AUC 0.5. User 3:
  // one class.
  const Floats scores = {0.9F, 0.1F, 0.2F, 0.1F, 0.3F, 0.7F}, labels = {1, 0, 1, 0, 0, 1};
  const auto m = evaluate(scores, labels, Users{1, 1, 2, 2, 2, 3});
  BOOST_TEST(m.at("gauc") == (2 * 1.0 + 3 * 0.5) / 5, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(log_loss_is_the_mean_of_the_negative_log_likelihood) {
  const auto m = evaluate(Floats{0.8F, 0.4F}, Floats{1, 0}, Users{1, 1});
  BOOST_TEST(m.at("logloss") == -(std::log(0.8) + std::log(0.6)) / 2, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(std::isfinite(evaluate(Floats{0, 1}, Floats{1, 0}, Users{1, 1}).at("logloss")));
}

BOOST_AUTO_TEST_CASE(ranking_metrics_of_one_user_by_hand) {
  // Order by score: negative, positive, negative, positive.
  const Floats scores = {0.9F, 0.8F, 0.7F, 0.6F}, labels = {0, 1, 0, 1};
  const auto m = evaluate(scores, labels, Users{5, 5, 5, 5});
  const double dcg = 1 / std::log2(3.0) + 1 / std::log2(5.0), ideal = 1 + 1 / std::log2(3.0);
  BOOST_TEST(m.at("ndcg10") == dcg / ideal, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(m.at("mrr") == 0.5);
  BOOST_TEST(m.at("recall10") == 1.0);
}

BOOST_AUTO_TEST_CASE(only_the_first_ten_count_at_ten) {
  // 12 rows: the positives are at ranks 10 and 11.
  Floats scores, labels(12, 0.0F);
  for (int i = 0; i < 12; ++i) scores.push_back(1.0F - 0.01F * static_cast<float>(i));
  labels[9] = labels[10] = 1;
  const auto m = evaluate(scores, labels, Users(12, 1));
  BOOST_TEST(m.at("recall10") == 0.5);
  BOOST_TEST(m.at("ndcg10") == (1 / std::log2(11.0)) / (1 + 1 / std::log2(3.0)),
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(m.at("mrr") == 0.1, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(calibration_error_of_two_groups_by_hand) {
  // Ten rows of 0.8 of which 6 positive, ten rows of 0.2 of which 2 positive, spread so that no bin mixes the
  // groups: each bin holds two rows. First group: bins of two with (1,1), (1,1), (1,1), (0,0), (0,0).
  Floats scores, labels = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  for (int i = 0; i < 20; ++i) scores.push_back(i < 10 ? 0.8F : 0.2F);
  const double expected = (3 * 0.2 + 2 * 0.8 + 1 * 0.8 + 4 * 0.2) / 10;
  BOOST_TEST(evaluate(scores, labels, Users(20, 1)).at("calibration") == expected,
             boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(an_unknown_metric_names_its_neighbour) {
  const auto wrong = higher_is_better("ndgc10");
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().code == "evaluation.unknown_metric");
  BOOST_TEST(wrong.error().hint.find("'ndcg10'") != std::string::npos);
  BOOST_TEST(*higher_is_better("auc"));
  BOOST_TEST(!*higher_is_better("logloss"));
  BOOST_TEST(!*higher_is_better("calibration"));
}

BOOST_AUTO_TEST_CASE(edit_distance_counts_single_changes) {
  BOOST_TEST(edit_distance("kitten", "sitting") == 3U);
  BOOST_TEST(edit_distance("", "abc") == 3U);
  BOOST_TEST(edit_distance("auc", "auc") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
