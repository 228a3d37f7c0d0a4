#include "recsys/training/losses.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/training/random.hpp"

using namespace automodel::recsys;

namespace {

constexpr std::uint64_t kSeed = 23;
constexpr std::size_t kRows = 5, kCandidates = 4;

std::vector<float> numbers(std::size_t count, double deviation) {
  Random random(kSeed, count);
  std::vector<float> out(count);
  for (auto& x : out) x = static_cast<float>(deviation * random.normal());
  return out;
}

double mean(Loss loss, const Targets& targets, const std::vector<float>& logits) {
  std::vector<float> unused(logits.size());
  return loss_and_gradient(loss, targets, logits, unused) / static_cast<double>(targets.rows);
}

/// Central differences of the mean against the gradient, at every logit.
void check_gradient(Loss loss, const Targets& targets) {
  const auto logits = numbers(targets.rows * targets.candidates, 2);
  std::vector<float> gradient(logits.size());
  loss_and_gradient(loss, targets, logits, gradient);
  constexpr float kStep = 1.0F / 128;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    auto above = logits, below = logits;
    above[i] += kStep;
    below[i] -= kStep;
    const double numeric = (mean(loss, targets, above) - mean(loss, targets, below)) / (2 * kStep);
    BOOST_TEST(std::abs(numeric - gradient[i]) < 2e-5,
               loss_name(loss) << " " << i << ": " << numeric << " numeric, " << gradient[i]);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(losses)

BOOST_AUTO_TEST_CASE(gradients_are_those_of_the_values) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  const std::vector<float> labels = {1, 0, 0, 1, 1};
  const std::vector<std::int64_t> positives = {3, 0, 1, 1, 2};
  for (const auto loss : {Loss::logloss, Loss::mse}) {
    check_gradient(loss, {kRows, 1, labels});
    check_gradient(loss, {kRows, kCandidates});
  }
  check_gradient(Loss::bpr, {kRows, kCandidates});
  check_gradient(Loss::bpr, {kRows, 2});
  check_gradient(Loss::softmax, {kRows, kCandidates});
  check_gradient(Loss::softmax, {kRows, kCandidates, {}, positives});
}

BOOST_AUTO_TEST_CASE(values_are_those_of_the_formulas) {
  const auto near = boost::test_tools::tolerance(1e-6);
  const auto sigma = [](double x) { return 1 / (1 + std::exp(-x)); };
  const std::vector<float> z = {1, -2, 0.5F};
  const std::vector<float> one = {1}, zero = {0};
  BOOST_TEST(mean(Loss::logloss, {1, 1, one}, {2}) == -std::log(sigma(2)), near);
  BOOST_TEST(mean(Loss::logloss, {1, 1, zero}, {2}) == -std::log(sigma(-2)), near);
  BOOST_TEST(mean(Loss::logloss, {1, 3}, z) ==
                 -(std::log(sigma(1)) + std::log(sigma(2)) + std::log(sigma(-0.5))) / 3,
             near);
  BOOST_TEST(mean(Loss::mse, {1, 1, one}, {3}) == 4.0, near);
  BOOST_TEST(mean(Loss::mse, {1, 3}, z) == (0 + 4 + 0.25) / 3, near);
  BOOST_TEST(mean(Loss::bpr, {1, 3}, z) == -(std::log(sigma(3)) + std::log(sigma(0.5))) / 2, near);
  const double all = std::exp(1) + std::exp(-2) + std::exp(0.5);
  BOOST_TEST(mean(Loss::softmax, {1, 3}, z) == -std::log(std::exp(1) / all), near);
  const std::vector<std::int64_t> last = {2};
  BOOST_TEST(mean(Loss::softmax, {1, 3, {}, last}, z) == -std::log(std::exp(0.5) / all), near);
}

BOOST_AUTO_TEST_CASE(large_logits_do_not_overflow_and_what_is_no_number_is_seen) {
  for (const auto loss : {Loss::logloss, Loss::bpr, Loss::softmax}) {
    BOOST_TEST(mean(loss, {1, 2}, {-500, 500}) > 200);
    BOOST_TEST(mean(loss, {1, 2}, {500, -500}) < 1e-6);
    BOOST_TEST(!std::isfinite(mean(loss, {1, 2}, {NAN, 0})));
    BOOST_TEST(!std::isfinite(mean(loss, {1, 2}, {0, NAN})));
  }
}

BOOST_AUTO_TEST_SUITE_END()
