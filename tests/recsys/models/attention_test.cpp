// Attention in one operator against plain loops, and its gradient against differences.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <memory>

#include "recsys/models/kernels.hpp"
#include "recsys/training/random.hpp"

using namespace automodel::recsys;
namespace kernels = automodel::recsys::kernels;

namespace {

struct Problem {
  kernels::AttentionShape shape;
  std::vector<double> q, k, v;
  std::unique_ptr<bool[]> hidden;
  double scale = 0.7;

  kernels::AttentionInputs<const double> inputs() const { return {q.data(), k.data(), v.data()}; }
};

std::vector<double> numbers(std::size_t count, Random& random) {
  std::vector<double> out(count);
  for (auto& x : out) x = random.normal();
  return out;
}

/// Sizes that are no multiples of a tile's; of each kind of mask something: earlier keys only, gaps, nothing
/// at all.
Problem problem(std::size_t queries, std::size_t keys, std::size_t width, std::size_t value_width) {
  constexpr std::size_t kProblems = 3;
  Random random(5, queries * 100 + keys);
  const auto stride = [](std::size_t n) { return static_cast<std::ptrdiff_t>(n); };
  Problem out{{kProblems, queries, keys, width, value_width, stride(queries * keys), stride(keys), 1},
              {},
              {},
              {},
              {}};
  out.q = numbers(kProblems * queries * width, random);
  out.k = numbers(kProblems * keys * width, random);
  out.v = numbers(kProblems * keys * value_width, random);
  out.hidden = std::make_unique<bool[]>(kProblems * queries * keys);
  for (std::size_t z = 0; z < kProblems; ++z) {
    for (std::size_t r = 0; r < queries; ++r) {
      for (std::size_t c = 0; c < keys; ++c)
        out.hidden[(z * queries + r) * keys + c] = (z == 0 && queries > 1 && c > r) ||
                                                   (z == 1 && random.uniform() < 0.4) || (z == 2 && r == 0) ||
                                                   (z == 2 && c < 2);
    }
  }
  return out;
}

std::vector<double> plainly(const Problem& of) {
  const auto& s = of.shape;
  std::vector<double> out(s.problems * s.queries * s.value_width);
  for (std::size_t row = 0; row < s.problems * s.queries; ++row) {
    const std::size_t z = row / s.queries;
    std::vector<double> weights(s.keys);
    double sum = 0;
    for (std::size_t c = 0; c < s.keys; ++c) {
      if (of.hidden[row * s.keys + c]) continue;
      double score = 0;
      for (std::size_t i = 0; i < s.width; ++i)
        score += of.q[row * s.width + i] * of.k[(z * s.keys + c) * s.width + i];
      sum += weights[c] = std::exp(of.scale * score);
    }
    for (std::size_t c = 0; c < s.keys && sum > 0; ++c) {
      for (std::size_t i = 0; i < s.value_width; ++i)
        out[row * s.value_width + i] += weights[c] / sum * of.v[(z * s.keys + c) * s.value_width + i];
    }
  }
  return out;
}

double weighted(const std::vector<double>& values, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[i] * weights[i];
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attention)

BOOST_AUTO_TEST_CASE(it_is_that_of_plain_loops) {
  for (const auto& [queries, keys] : {std::pair{7, 7}, {1, 21}, {18, 18}, {5, 3}}) {
    auto of = problem(static_cast<std::size_t>(queries), static_cast<std::size_t>(keys), 3, 18);
    const auto expected = plainly(of);
    std::vector<double> out(expected.size()), sums(of.shape.problems * of.shape.queries);
    kernels::attend(of.shape, of.inputs(), of.hidden.get(), of.scale, out.data(), sums.data());
    for (std::size_t i = 0; i < out.size(); ++i) BOOST_TEST(std::abs(out[i] - expected[i]) < 1e-12);
    std::vector<float> q(of.q.begin(), of.q.end()), k(of.k.begin(), of.k.end()), v(of.v.begin(), of.v.end());
    std::vector<float> in_float(out.size()), float_sums(sums.size());
    kernels::attend(of.shape, {q.data(), k.data(), v.data()}, of.hidden.get(), static_cast<float>(of.scale),
                    in_float.data(), float_sums.data());
    for (std::size_t i = 0; i < out.size(); ++i) BOOST_TEST(std::abs(in_float[i] - expected[i]) < 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(its_gradient_is_that_of_differences) {
  auto of = problem(6, 6, 3, 5);
  Random random(8, 8);
  const auto weights = numbers(of.shape.problems * of.shape.queries * of.shape.value_width, random);
  std::vector<double> out(weights.size()), sums(of.shape.problems * of.shape.queries);
  std::vector<double> dq(of.q.size()), dk(of.k.size()), dv(of.v.size());
  kernels::attend(of.shape, of.inputs(), of.hidden.get(), of.scale, out.data(), sums.data());
  kernels::attend_backward(of.shape, of.inputs(), of.hidden.get(), of.scale, sums.data(), weights.data(),
                           {dq.data(), dk.data(), dv.data()});
  constexpr double kStep = 1e-6;
  for (const auto& [values, gradient] : {std::pair{&of.q, &dq}, {&of.k, &dk}, {&of.v, &dv}}) {
    for (std::size_t i = 0; i < values->size(); ++i) {
      const double before = (*values)[i];
      (*values)[i] = before + kStep;
      const double above = weighted(plainly(of), weights);
      (*values)[i] = before - kStep;
      const double below = weighted(plainly(of), weights);
      (*values)[i] = before;
      BOOST_TEST(std::abs((above - below) / (2 * kStep) - (*gradient)[i]) < 1e-7);
    }
  }
}

BOOST_AUTO_TEST_CASE(exponentials_are_those_of_the_library) {
  std::vector<float> x;
  for (int i = 0; i < 4001; ++i) x.push_back(-80 + 0.02F * static_cast<float>(i));
  auto y = x;
  const double sum = kernels::exponentials(y, 0.5F);
  double expected = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double one = std::exp(static_cast<double>(x[i] - 0.5F));
    expected += one;
    BOOST_TEST(std::abs(y[i] - one) < 3e-7 * one);
  }
  BOOST_TEST(std::abs(sum - expected) < 1e-6 * expected);
  std::vector<float> odd = {0, -1e9F, -std::numeric_limits<float>::infinity()};
  BOOST_TEST(kernels::exponentials(odd, 0) == 1);
  BOOST_TEST(odd == (std::vector<float>{1, 0, 0}), boost::test_tools::per_element());
  odd[1] = std::numeric_limits<float>::quiet_NaN();
  BOOST_TEST(std::isnan(kernels::exponentials(odd, 0)));
}

BOOST_AUTO_TEST_SUITE_END()
