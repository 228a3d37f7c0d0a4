#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/training/adam.hpp"

using namespace automodel::recsys;

BOOST_AUTO_TEST_SUITE(adam)

BOOST_AUTO_TEST_CASE(two_steps_by_hand) {
  // g = 0.5, then -0.25; lr 0.1. First step: both corrected moments are g and g², so that the step is lr *
  // sign.
  std::vector<float> weight = {1.0F};
  AdamState state{{0}, {0}};
  adam_step(weight, std::vector<float>{0.5F}, state, 1, 0.1F, 0);
  BOOST_TEST(weight[0] == 0.9F, boost::test_tools::tolerance(1e-5F));
  adam_step(weight, std::vector<float>{-0.25F}, state, 2, 0.1F, 0);
  const double first = (0.9 * 0.05 + 0.1 * -0.25) / (1 - 0.81);
  const double second = (0.999 * 0.00025 + 0.001 * 0.0625) / (1 - 0.998001);
  BOOST_TEST(weight[0] == static_cast<float>(0.9 - 0.1 * first / std::sqrt(second)),
             boost::test_tools::tolerance(1e-5F));
}

BOOST_AUTO_TEST_CASE(l2_pulls_towards_zero_without_any_gradient) {
  std::vector<float> weight = {1.0F};
  AdamState state{{0}, {0}};
  for (std::uint64_t step = 1; step <= 50; ++step) {
    adam_step(weight, std::vector<float>{0.0F}, state, step, 0.01F, 0.1F);
  }
  BOOST_TEST(weight[0] < 0.6F);
  BOOST_TEST(weight[0] > 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()
