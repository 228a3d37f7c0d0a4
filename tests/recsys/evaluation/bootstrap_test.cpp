#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "recsys/evaluation/metrics.hpp"

using namespace automodel::recsys;

namespace {

constexpr unsigned kSeed = 77;

struct Sample {
  std::vector<float> good, bad, labels;
  std::vector<std::uint32_t> users;
};

Sample draw() {
  std::mt19937 random(kSeed);
  std::normal_distribution<float> normal;
  Sample s;
  for (std::uint32_t i = 0; i < 1200; ++i) {
    const float label = random() % 3 == 0 ? 1.0F : 0.0F;
    const auto probability = [&](float shift) {
      return 1 / (1 + std::exp(-(shift * label + normal(random))));
    };
    s.labels.push_back(label);
    s.users.push_back(i % 60);
    s.good.push_back(probability(2.0F));
    s.bad.push_back(probability(0.2F));
  }
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bootstrap_over_users)

BOOST_AUTO_TEST_CASE(the_value_is_the_metric_itself_and_lies_in_its_interval) {
  const auto s = draw();
  const auto metrics = evaluate(s.good, s.labels, s.users);
  for (const auto& name : metric_names()) {
    const auto i = bootstrap(name, s.good, {}, s.labels, s.users, 200, 1);
    BOOST_TEST(i.value == metrics.at(name), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(i.low < i.high);
    // Resampling users roughens calibration: its draws lie above the value, as a percentile bootstrap cannot
    // help.
    if (name != "calibration") BOOST_TEST((i.low <= i.value && i.value <= i.high), name);
  }
}

BOOST_AUTO_TEST_CASE(the_better_model_differs_with_a_small_p_value) {
  const auto s = draw();
  for (const auto* name : {"auc", "gauc", "ndcg10", "mrr", "recall10"}) {
    const auto d = bootstrap(name, s.good, s.bad, s.labels, s.users, 300, 2);
    BOOST_TEST(d.low > 0, name);
    BOOST_TEST(d.p_value < 0.05, name);
  }
  const auto d = bootstrap("logloss", s.good, s.bad, s.labels, s.users, 300, 2);
  BOOST_TEST(d.high < 0);
}

BOOST_AUTO_TEST_CASE(a_model_against_itself_is_exactly_nothing) {
  const auto s = draw();
  const auto d = bootstrap("ndcg10", s.good, s.good, s.labels, s.users, 100, 3);
  BOOST_TEST(d.low == 0.0);
  BOOST_TEST(d.high == 0.0);
  BOOST_TEST(d.p_value == 1.0);
}

BOOST_AUTO_TEST_CASE(the_same_seed_draws_the_same_users) {
  const auto s = draw();
  const auto a = bootstrap("auc", s.good, {}, s.labels, s.users, 50, 9);
  const auto b = bootstrap("auc", s.good, {}, s.labels, s.users, 50, 9);
  const auto c = bootstrap("auc", s.good, {}, s.labels, s.users, 50, 10);
  BOOST_TEST(a.low == b.low);
  BOOST_TEST(a.low != c.low);
}

BOOST_AUTO_TEST_CASE(its_width_for_auc_agrees_with_delong) {
  auto s = draw();  // rows of a user are independent here, so that both estimate the same error
  for (std::uint32_t i = 0; i < s.users.size(); ++i) s.users[i] = i % 600;
  const auto b = bootstrap("auc", s.good, {}, s.labels, s.users, 1000, 4);
  const auto d = auc_interval(s.good, s.labels);
  BOOST_TEST(b.high - b.low == d.high - d.low, boost::test_tools::tolerance(0.15));
}

BOOST_AUTO_TEST_SUITE_END()
