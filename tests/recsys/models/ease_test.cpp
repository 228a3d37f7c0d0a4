#include "recsys/models/ease.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

BOOST_FIXTURE_TEST_SUITE(ease, SmallWorld)

BOOST_AUTO_TEST_CASE(its_table_is_where_the_loss_of_its_paper_has_no_slope) {
  // |X - XB|^2 + lambda |B|^2 with diag(B) = 0: off the diagonal, X'X B + lambda B = X'X.
  constexpr double lambda = 3;
  const auto model = Ease::fit(data, y, parts.train, lambda).value();
  const auto n = data.items();
  std::vector<double> x(data.users() * n), b(n * n), gram(n * n);
  for (const auto row : parts.train)
    if (y[row] > 0.5F) x[data.user()[row] * n + data.item()[row]] = 1;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t u = 0; u < data.users(); ++u) gram[i * n + j] += x[u * n + i] * x[u * n + j];
  BOOST_REQUIRE(model.parameters() == n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      b[i * n + j] = model.weight(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(j));
  for (std::size_t i = 0; i < n; ++i) {
    BOOST_TEST(b[i * n + i] == 0);
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      double slope = lambda * b[i * n + j] - gram[i * n + j];
      for (std::size_t k = 0; k < n; ++k) slope += gram[i * n + k] * b[k * n + j];
      BOOST_REQUIRE(std::abs(slope) < 1e-4);
    }
  }
  std::vector<float> all(n);
  for (std::uint32_t user = 0; user < data.users(); ++user) {
    model.scores(user, all);
    for (std::uint32_t item = 0; item < n; ++item) {
      double expected = 0;
      for (std::size_t j = 0; j < n; ++j) expected += x[user * n + j] * b[j * n + item];
      BOOST_REQUIRE(std::abs(all[item] - expected) < 1e-5);
      BOOST_REQUIRE(std::abs(model.score(user, item) - expected) < 1e-5);
    }
  }
  model.scores(kUsers + 7, all);  // a stranger
  for (const auto score : all) BOOST_REQUIRE(score == 0);
}

BOOST_AUTO_TEST_CASE(items_without_a_positive_row_take_no_part) {
  auto none = y;
  for (const auto row : parts.train)
    if (data.item()[row] == 3) none[row] = 0;
  const auto model = Ease::fit(data, none, parts.train, 10).value();
  BOOST_TEST(model.parameters() == (data.items() - 1) * (data.items() - 1));
  BOOST_TEST(model.score(0, 3) == 0);
  BOOST_TEST(model.score(0, 999) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
