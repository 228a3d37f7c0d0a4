#include "recsys/evaluation/catalogue.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

using namespace automodel::recsys;

namespace {
using Floats = std::vector<float>;
using Items = std::vector<std::uint32_t>;
}  // namespace

BOOST_AUTO_TEST_SUITE(catalogue)

BOOST_AUTO_TEST_CASE(ranks_count_what_is_above_and_half_of_what_is_level) {
  const Floats scores = {0.5F, 0.9F, 0.5F, 0.1F, 0.5F, 0.7F};
  BOOST_TEST(mid_rank(scores, 1, Items{}) == 1);
  BOOST_TEST(mid_rank(scores, 3, Items{}) == 6);
  BOOST_TEST(mid_rank(scores, 0, Items{}) == 4);           // two above, two level
  BOOST_TEST(mid_rank(scores, 0, Items{1, 2}) == 2.5);     // one above, one level
  BOOST_TEST(mid_rank(scores, 0, Items{0, 1, 2}) == 2.5);  // itself is always there
  BOOST_TEST(mid_rank(Floats(4, 1.0F), 2, Items{}) == 2.5);
}

BOOST_AUTO_TEST_CASE(metrics_of_ranks_by_hand) {
  const auto near = boost::test_tools::tolerance(1e-12);
  const auto m = catalogue_metrics(std::vector<double>{1, 3, 10, 10.5});
  BOOST_TEST(m.at("catalogue_mrr") == (1 + 1 / 3.0 + 0.1 + 1 / 10.5) / 4, near);
  BOOST_TEST(m.at("catalogue_ndcg10") == (1 + 0.5 + 1 / std::log2(11.0)) / 4, near);
  BOOST_TEST(m.at("catalogue_recall10") == 0.75, near);
  for (const auto& name : catalogue_metric_names()) BOOST_TEST(catalogue_metrics({}).at(name) == 0);
}

BOOST_AUTO_TEST_CASE(ranks_are_those_of_a_sorted_list) {
  const std::uint32_t seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int n = 0; n < 200; ++n) {
    Floats scores(1 + random() % 30);
    for (auto& s : scores) s = static_cast<float>(random() % 8);
    Items left_out;
    for (std::uint32_t i = 0; i < scores.size(); ++i)
      if (random() % 3 == 0) left_out.push_back(i);
    const auto item = static_cast<std::uint32_t>(random() % scores.size());
    Floats rest;
    for (std::uint32_t i = 0; i < scores.size(); ++i)
      if (i == item || !std::binary_search(left_out.begin(), left_out.end(), i)) rest.push_back(scores[i]);
    std::sort(rest.begin(), rest.end(), std::greater<>());
    const auto [first, last] = std::equal_range(rest.begin(), rest.end(), scores[item], std::greater<>());
    const auto expected =
        (static_cast<double>(first - rest.begin()) + 1 + static_cast<double>(last - rest.begin())) / 2;
    BOOST_REQUIRE(mid_rank(scores, item, left_out) == expected);
  }
}

BOOST_AUTO_TEST_CASE(the_rows_that_are_ranked_are_the_positive_ones_evenly_chosen) {
  Items rows(30000);
  Floats labels(30000);
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    rows[i] = i;
    labels[i] = i % 2 == 0 ? 1.0F : 0.0F;
  }
  const auto few = rows_to_rank(std::span(rows).subspan(0, 10), labels, 100);
  BOOST_TEST(few == (Items{0, 2, 4, 6, 8}), boost::test_tools::per_element());
  const auto many = rows_to_rank(rows, labels, 100);
  BOOST_TEST(many.size() == most_ranked_rows);
  for (std::size_t i = 0; i < many.size(); ++i) BOOST_REQUIRE(many[i] == 6 * i);
  BOOST_TEST(rows_to_rank(rows, labels, 200'000).size() == most_ranked_scores / 200'000);
  BOOST_TEST(rows_to_rank(rows, labels, 100'000'000).size() == 500U);
}

BOOST_AUTO_TEST_CASE(the_interval_of_a_mean_over_ranks_holds_it_and_a_paired_one_tells_who_is_better) {
  std::mt19937 random(5);
  std::vector<double> good, poor;
  Items users;
  for (std::uint32_t user = 0; user < 40; ++user)
    for (int question = 0; question < 3; ++question) {
      users.push_back(user);
      good.push_back(1.0 + static_cast<double>(random() % 8));
      poor.push_back(good.back() + 2.0 + static_cast<double>(random() % 30));
    }
  for (const auto& name : catalogue_metric_names()) {
    BOOST_TEST(is_of_catalogue(name));
    const auto own = bootstrap_ranks(name, good, {}, users, 300, 1);
    BOOST_TEST(own.value == catalogue_metrics(good).at(name), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(own.low <= own.value);
    BOOST_TEST(own.value <= own.high);
    const auto up = bootstrap_ranks(name, good, poor, users, 300, 1),
               down = bootstrap_ranks(name, poor, good, users, 300, 1);
    BOOST_TEST(up.value == catalogue_metrics(good).at(name) - catalogue_metrics(poor).at(name),
               boost::test_tools::tolerance(1e-9));
    BOOST_TEST(up.low > 0);
    BOOST_TEST(up.p_value < 0.01);
    BOOST_TEST(down.value == -up.value, boost::test_tools::tolerance(1e-9));
    const auto same = bootstrap_ranks(name, good, good, users, 300, 1);
    BOOST_TEST(same.low == 0);
    BOOST_TEST(same.high == 0);
    BOOST_TEST(same.p_value == 1);
    BOOST_TEST(bootstrap_ranks(name, good, poor, users, 300, 1).low == up.low);  // the same seed
  }
  BOOST_TEST(!is_of_catalogue("ndcg10"));
  BOOST_TEST(bootstrap_ranks("catalogue_mrr", {}, {}, {}, 300, 1).value == 0);
}

BOOST_AUTO_TEST_SUITE_END()
