#include <boost/test/unit_test.hpp>
#include <cmath>
#include <tuple>

#include "recsys/models/kernels.hpp"
#include "recsys/models/look_up_rows.hpp"
#include "recsys/models/program_checks.hpp"
#include "recsys/training/random.hpp"

using namespace automodel::recsys;
namespace kernels = automodel::recsys::kernels;

namespace {

std::vector<float> numbers(std::size_t count, std::uint64_t seed) {
  Random random(seed, 7);
  std::vector<float> out(count);
  for (auto& x : out) x = static_cast<float>(random.normal());
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernels_of_training)

BOOST_AUTO_TEST_CASE(a_mask_does_not_depend_on_how_rows_are_cut) {
  constexpr std::size_t kRows = 100, kWidth = 37;
  std::vector<float> whole(kRows * kWidth), parts(kRows * kWidth), other(kRows * kWidth);
  kernels::draw_mask(whole.data(), 0, kRows, kWidth, 51, 9, 3, 1);
  kernels::draw_mask(parts.data(), 0, 33, kWidth, 51, 9, 3, 1);
  kernels::draw_mask(parts.data() + 33 * kWidth, 33, kRows - 33, kWidth, 51, 9, 3, 1);
  BOOST_TEST(whole == parts, boost::test_tools::per_element());
  double sum = 0;
  for (const float m : whole) sum += m;
  BOOST_TEST(sum / static_cast<double>(whole.size()) == 1, boost::test_tools::tolerance(0.03));
  for (const auto& [key, step, stream] : {std::tuple{8U, 3U, 1U}, {9U, 4U, 1U}, {9U, 3U, 0U}}) {
    kernels::draw_mask(other.data(), 0, kRows, kWidth, 51, key, step, stream);
    std::size_t both = 0;  // dropped by both: as often as by chance
    for (std::size_t i = 0; i < whole.size(); ++i) both += whole[i] == 0 && other[i] == 0 ? 1U : 0U;
    BOOST_TEST(static_cast<double>(both) / static_cast<double>(whole.size()) == 0.2 * 0.2,
               boost::test_tools::tolerance(0.3));
  }
}

BOOST_AUTO_TEST_CASE(numbers_of_the_normal_distribution_do_not_depend_on_how_rows_are_cut) {
  constexpr std::size_t kRows = 600, kWidth = 37;
  std::vector<float> whole(kRows * kWidth), parts(kRows * kWidth), other(kRows * kWidth);
  kernels::draw_normal(whole.data(), 0, kRows, kWidth, 9, 3, 1);
  kernels::draw_normal(parts.data(), 0, 33, kWidth, 9, 3, 1);
  kernels::draw_normal(parts.data() + 33 * kWidth, 33, kRows - 33, kWidth, 9, 3, 1);
  BOOST_TEST(whole == parts, boost::test_tools::per_element());
  const auto count = static_cast<double>(whole.size());
  double sum = 0, squares = 0, fourth = 0;
  for (const double x : whole) sum += x, squares += x * x, fourth += x * x * x * x;
  BOOST_TEST(std::abs(sum / count) < 0.03);  // over four deviations
  BOOST_TEST(squares / count == 1, boost::test_tools::tolerance(0.04));
  BOOST_TEST(fourth / count == 3, boost::test_tools::tolerance(0.1));
  for (const auto& [key, step, stream] : {std::tuple{8U, 3U, 1U}, {9U, 4U, 1U}, {9U, 3U, 0U}}) {
    kernels::draw_normal(other.data(), 0, kRows, kWidth, key, step, stream);
    double product = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) product += static_cast<double>(whole[i]) * other[i];
    BOOST_TEST(std::abs(product / count) < 0.03);
  }
}

BOOST_AUTO_TEST_CASE(many_small_products_are_those_of_plain_loops) {
  constexpr std::size_t kMany = 5, kM = 3, kK = 4, kN = 11;
  const auto a = numbers(kMany * kM * kK, 1), b = numbers(kMany * kK * kN, 2);
  std::vector<float> c(kMany * kM * kN);
  kernels::Places of_a, of_b, of_c;  // `a` lies with its columns first, the others with their rows
  for (std::int64_t z = 0; z < static_cast<std::int64_t>(kMany); ++z) {
    of_a.matrices.push_back(z * 12);
    of_b.matrices.push_back(z * 44);
    of_c.matrices.push_back(z * 33);
  }
  for (std::int64_t i = 0; i < 3; ++i) of_a.rows.push_back(i), of_c.rows.push_back(i * 11);
  for (std::int64_t i = 0; i < 4; ++i) of_a.columns.push_back(i * 3), of_b.rows.push_back(i * 11);
  for (std::int64_t i = 0; i < 11; ++i) of_b.columns.push_back(i), of_c.columns.push_back(i);
  kernels::small_products(a.data(), of_a, b.data(), of_b, c.data(), of_c);
  for (std::size_t z = 0; z < kMany; ++z) {
    for (std::size_t m = 0; m < kM; ++m) {
      for (std::size_t n = 0; n < kN; ++n) {
        double sum = 0;
        for (std::size_t k = 0; k < kK; ++k)
          sum += static_cast<double>(a[z * 12 + k * 3 + m]) * static_cast<double>(b[z * 44 + k * 11 + n]);
        BOOST_TEST(std::abs(c[z * 33 + m * 11 + n] - sum) < 1e-5);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(rows_go_back_where_they_came_from) {
  // The gradient of sum(rows * r) by the table, by differences: gathering is linear, so that they are exact
  // but for rounding.
  const auto inputs = made_up_inputs(2, 2, 2, 4, 3);
  const auto batch = random_batch(inputs, 9, 5);
  const auto rows = view(batch, inputs, 0, 9);
  for (const std::size_t width : {1U, 3U, 10U}) {
    const LookUpShape shape{width, true};
    auto table = numbers(inputs.table_rows * width, 1), dense = numbers(2 * width, 2);
    const auto r = numbers(9 * 6 * width, 3);
    const auto value = [&] {
      std::vector<float> out(r.size());
      gather_rows(shape, rows, table, dense, out);
      double sum = 0;
      for (std::size_t i = 0; i < r.size(); ++i)
        sum += static_cast<double>(out[i]) * static_cast<double>(r[i]);
      return sum;
    };
    std::vector<float> by_table(table.size()), by_dense(dense.size());
    scatter_rows(shape, rows, r, by_table, by_dense);
    const double before = value();
    const auto check = [&](std::vector<float>& tensor, const std::vector<float>& gradient) {
      for (std::size_t i = 0; i < tensor.size(); ++i) {
        tensor[i] += 1;
        BOOST_TEST(std::abs(value() - before - static_cast<double>(gradient[i])) < 1e-4, "number " << i);
        tensor[i] -= 1;
      }
    };
    check(table, by_table);
    check(dense, by_dense);
  }
}

BOOST_AUTO_TEST_SUITE_END()
