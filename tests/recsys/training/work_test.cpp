#include <boost/test/unit_test.hpp>

#include "recsys/models/program_checks.hpp"
#include "recsys/training/work.hpp"

using namespace automodel::recsys;

BOOST_AUTO_TEST_SUITE(work)

BOOST_AUTO_TEST_CASE(matrix_products_are_counted_forward_and_backward) {
  // [rows, 6] times [6, 5], then times [5]; backward takes twice as much.
  const Program program{
      R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    return torch.matmul(torch.relu(torch.matmul(self.v(singles, bags, dense).flatten(1), self.w)), self.u)
)",
      {{"v", {3}, "normal(0.1)"}},
      {{"w", {6, 5}, "xavier"}, {"u", {5}, "xavier"}}};
  const auto work = count_work(program, made_up_inputs(2, 0, 0)).value();
  BOOST_TEST(work.products == 3 * 2 * (6 * 5 + 5), boost::test_tools::tolerance(0.1));
  BOOST_TEST(work.others > 5);
  BOOST_TEST(work.bytes > 4 * (6 + 5 + 1));
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_compile_is_an_error) {
  BOOST_TEST(!count_work({"def forward(self) -> Tensor:\n    return 1\n"}, made_up_inputs(1, 0, 0)));
}

BOOST_AUTO_TEST_SUITE_END()
