#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "recsys/evaluation/metrics.hpp"

using namespace automodel::recsys;

namespace {

constexpr unsigned kSeed = 20260101;

struct Sample {
  std::vector<float> a, b, labels;
};

/// Two correlated scores; positives are shifted by `shift_a` and `shift_b`.
Sample draw(std::mt19937& random, int rows, float shift_a, float shift_b) {
  std::normal_distribution<float> normal;
  Sample s;
  for (int i = 0; i < rows; ++i) {
    const float label = i % 3 == 0 ? 1.0F : 0.0F, common = normal(random);
    s.labels.push_back(label);
    s.a.push_back(common + normal(random) + shift_a * label);
    s.b.push_back(common + normal(random) + shift_b * label);
  }
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(delong)

BOOST_AUTO_TEST_CASE(the_value_is_the_mann_whitney_statistic) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 20; ++round) {
    auto s = draw(random, 90, 0.5F, 0.5F);
    for (auto& x : s.a) x = std::round(x * 3);  // many ties
    double pairs = 0, above = 0;
    for (std::size_t i = 0; i < s.a.size(); ++i) {
      for (std::size_t j = 0; j < s.a.size(); ++j) {
        if (s.labels[i] <= s.labels[j]) continue;
        pairs += 1;
        above += s.a[i] > s.a[j] ? 1 : s.a[i] == s.a[j] ? 0.5 : 0;
      }
    }
    BOOST_TEST(auc_interval(s.a, s.labels).value == above / pairs, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(auc(s.a, s.labels) == above / pairs, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(the_variance_equals_the_definition_by_pairs) {
  std::mt19937 random(kSeed);
  const auto s = draw(random, 60, 1.0F, 0.0F);
  std::vector<double> v10, v01;
  for (std::size_t i = 0; i < s.a.size(); ++i) {
    double sum = 0, count = 0;
    for (std::size_t j = 0; j < s.a.size(); ++j) {
      if (s.labels[i] == s.labels[j]) continue;
      const auto p = s.labels[i] > 0 ? i : j, n = s.labels[i] > 0 ? j : i;
      sum += s.a[p] > s.a[n] ? 1 : 0;
      count += 1;
    }
    (s.labels[i] > 0 ? v10 : v01).push_back(sum / count);
  }
  const auto part = [](const std::vector<double>& v) {
    double mean = 0, squares = 0;
    for (const double x : v) mean += x / static_cast<double>(v.size());
    for (const double x : v) squares += (x - mean) * (x - mean);
    return squares / static_cast<double>(v.size() - 1) / static_cast<double>(v.size());
  };
  const double half = 1.959963984540054 * std::sqrt(part(v10) + part(v01));
  const auto interval = auc_interval(s.a, s.labels);
  BOOST_TEST(interval.high - interval.value == half, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(interval.value - interval.low == half, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(nineteen_in_twenty_intervals_hold_the_true_auc) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  std::mt19937 random(kSeed);
  const double truth =
      0.5 * std::erfc(-1.0 / std::sqrt(2.0 * 4.0));  // shift 1, difference of variance 4: Phi(1/2)
  int inside = 0;
  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    const auto s = draw(random, 240, 1.0F, 1.0F);
    const auto i = auc_interval(s.a, s.labels);
    inside += i.low <= truth && truth <= i.high;
  }
  BOOST_TEST(inside >= 0.93 * kRounds);
  BOOST_TEST(inside <= 0.97 * kRounds);
}

BOOST_AUTO_TEST_CASE(the_paired_test_of_equal_models_rejects_one_in_twenty) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  std::mt19937 random(kSeed + 1);
  int rejected = 0;
  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    const auto s = draw(random, 240, 1.0F, 1.0F);
    const auto d = auc_difference(s.a, s.b, s.labels);
    rejected += d.p_value < 0.05;
    BOOST_REQUIRE((d.p_value < 0.05) == (d.low > 0 || d.high < 0));
  }
  BOOST_TEST(rejected >= 0.03 * kRounds);
  BOOST_TEST(rejected <= 0.07 * kRounds);
}

BOOST_AUTO_TEST_CASE(the_difference_is_antisymmetric_and_pairing_narrows_it) {
  std::mt19937 random(kSeed);
  const auto s = draw(random, 300, 1.2F, 0.4F);
  const auto ab = auc_difference(s.a, s.b, s.labels), ba = auc_difference(s.b, s.a, s.labels);
  BOOST_TEST(ab.value == -ba.value);
  BOOST_TEST(ab.low == -ba.high, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ab.p_value == ba.p_value);
  BOOST_TEST(ab.value == auc(s.a, s.labels) - auc(s.b, s.labels), boost::test_tools::tolerance(1e-12));
  const auto a = auc_interval(s.a, s.labels), b = auc_interval(s.b, s.labels);
  BOOST_TEST(ab.high - ab.low < std::hypot(a.high - a.low, b.high - b.low));
}

BOOST_AUTO_TEST_CASE(a_model_does_not_differ_from_itself) {
  std::mt19937 random(kSeed);
  const auto s = draw(random, 100, 1.0F, 0.0F);
  const auto d = auc_difference(s.a, s.a, s.labels);
  BOOST_TEST(d.value == 0.0);
  BOOST_TEST(d.low == 0.0);
  BOOST_TEST(d.high == 0.0);
  BOOST_TEST(d.p_value == 1.0);
}

BOOST_AUTO_TEST_SUITE_END()
