// Cards are from anywhere: whatever grows is bounded.
#include <boost/test/unit_test.hpp>

#include "papers/meaning/dimension.hpp"
#include "tests/papers/meaning/card.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_limits)

BOOST_AUTO_TEST_CASE(functions_of_functions_do_not_grow_without_end) {
  std::string body = "$$ f_\\mathrm{a}(x) = x + x $$\n";
  const std::string names = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t i = 1; i < names.size(); ++i) {
    const std::string f = std::string("f_\\mathrm{") + names[i] + "}",
                      before = std::string("f_\\mathrm{") + names[i - 1] + "}";
    body += "$$ " + f + "(x) = " + before + "(x) + " + before + "(2 x) $$\n";
  }
  const auto said = problems(body + "$$ \\hat{y} = \\sigma(f_\\mathrm{z}(w_1)) $$\n");
  BOOST_TEST(has(said, "papers.too_large small.md:"), said.substr(0, 500));
}

BOOST_AUTO_TEST_CASE(long_chains_of_equations_are_refused_not_followed) {
  std::string body = "$$ a_\\mathrm{z0} = w_1 $$\n";
  for (int i = 1; i < 450; ++i) {
    body += "$$ a_\\mathrm{z" + std::to_string(i) + "} = ((((a_\\mathrm{z" + std::to_string(i - 1) +
            "} + 1)))) $$\n";
  }
  const auto said = problems(body + "$$ \\hat{y} = \\sigma(a_\\mathrm{z449}) $$\n");
  BOOST_TEST(has(said, "papers.too_large"), said.substr(0, 500));
  BOOST_TEST(has(said, "the equations are nested too deeply"), said.substr(0, 500));
}

BOOST_AUTO_TEST_CASE(a_loop_that_needs_a_loop_that_needs_a_loop_takes_no_time) {
  std::string body;
  for (int i = 0; i < 150; ++i) {
    const std::string s = "s_{\\mathrm{z" + std::to_string(i) + "},",
                      before = "s_{\\mathrm{z" + std::to_string(i - 1) + "},";
    body += "$$ " + s + "0} = w_1 $$\n$$ " + s + "l+1} = " + s + "l}" + (i > 0 ? " + " + before + "L}" : "") +
            ", \\quad l = 0, \\dots, L-1 $$\n";
  }
  const auto text = script(body + "$$ \\hat{y} = \\sigma(s_{\\mathrm{z149},L}) $$\n");
  BOOST_TEST(has(text, "return y_hat"), text.substr(0, 500));
}

BOOST_AUTO_TEST_CASE(a_card_has_at_most_500_equations) {
  std::string body;
  for (int i = 0; i < 501; ++i) body += "$$ a_\\mathrm{z" + std::to_string(i) + "} = w_1 $$\n";
  BOOST_TEST(has(problems(body + "$$ \\hat{y} = \\sigma(w_1) $$\n"),
                 "papers.too_large small.md:510: the card has more than 500 equations"));
}

BOOST_AUTO_TEST_CASE(sizes_with_too_many_terms_or_digits_are_refused) {
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(\\sum_{q=1}^{3000000000} v_q) $$\n"), "papers."));
  std::string body = "Let $d = 1000 k$.\n\n";
  body +=
      "$$ \\mathbf{x} = [\\mathbf{e}_1; \\dots; \\mathbf{e}_n] $$\n$$ A = \\mathbf{x} \\otimes \\mathbf{x} "
      "$$\n";
  std::string last = "A";
  for (int i = 0; i < 12; ++i) {
    const auto next = "\\mathbf{v}_\\mathrm{z" + std::to_string(i) + "}";
    body += "$$ " + next + " = [\\mathrm{vec}(" + last + "); \\mathrm{vec}(" + last + ")] $$\n";
    body += "$$ B_\\mathrm{z" + std::to_string(i) + "} = " + next + " \\otimes " + next + " $$\n";
    last = "B_\\mathrm{z" + std::to_string(i) + "}";
  }
  const auto said =
      problems(body + "$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top \\mathrm{vec}(" + last + ")) $$\n");
  BOOST_TEST(has(said, "papers.too_large"), said.substr(0, 500));
}

BOOST_AUTO_TEST_CASE(an_axis_or_a_weight_that_is_too_long_is_refused_when_sizes_are_known) {
  BOOST_TEST(has(script("$$ \\hat{y} = \\sigma(\\sum_{q=1}^{20000000} v_q) $$\n"),
                 "an axis of 20000000 entries (small.md:10"));
  const auto card = compiled("$$ \\hat{y} = \\sigma(\\sum_{q=1}^{2000} \\sum_{p=1}^{2000} v_{qp}) $$\n");
  ScriptLimits limits;
  limits.parameters = 1'000'000;
  const auto script = script_for(card, {6, 4, 2, 100}, limits);
  BOOST_REQUIRE(!script.has_value());
  BOOST_TEST(script.error().code == "papers.too_large");
}

BOOST_AUTO_TEST_CASE(dimensions_that_are_too_large_stay_so_and_equal_nothing) {
  const auto k = Dimension::symbol("k");
  auto power = k;
  for (int i = 0; i < 6; ++i) power = power * power;
  BOOST_TEST(power.too_large());
  BOOST_TEST((power - power).too_large());
  BOOST_TEST((Dimension(1 << 20) * Dimension(1 << 20)).too_large());
  BOOST_TEST(!power.value({{"k", 1}}).has_value());
  BOOST_TEST(power.text() == "too large");
  DimensionSolver solver;
  BOOST_TEST(!solver.equate(power, k));
}

BOOST_AUTO_TEST_CASE(a_number_in_a_name_that_fits_no_integer_is_read_as_it_is_written) {
  const std::string far = "1" + std::string(122, '0');
  const auto card = "$$ \\hat{y} = \\sigma(w_\\mathrm{a" + far + "} + v_{a" + far + "}^{(0.5)} + v_{a" + far + "}^{(0.25)}) $$\n";
  BOOST_TEST(!script(card).empty());  // it was cast to an integer, which is undefined
  BOOST_TEST(number_label(3) == "3");
  BOOST_TEST(number_label(0.5) != number_label(0.25));
  BOOST_TEST(number_label(1e122) == "1e+122");
  BOOST_TEST(!whole_number(1e122).has_value());
  BOOST_TEST(!whole_number(0.5).has_value());
  BOOST_TEST((whole_number(-7) == -7));
}

BOOST_AUTO_TEST_CASE(a_size_that_fits_no_integer_is_a_problem) {
  CompileRequest request;
  request.define["k"] = "1e300";
  BOOST_TEST(has(problems(compiled("$$ \\hat{y} = \\sigma(\\sum_{i=1}^{n} w_i) $$\n", request)), "papers.bad_definition"));
}

BOOST_AUTO_TEST_CASE(a_round_that_asks_for_a_place_that_is_not_there_is_refused) {
  // It was counted from the end without a word.
  const auto said = script("$$ x_0 = w_1 $$\n$$ x_{l+1} = x_l + \\tanh(w_l x_l), \\quad l = 0, \\dots, L-1 $$\n"
                           "$$ \\hat{y} = \\sigma(x_L) $$\n");
  BOOST_TEST(has(said, "the rounds ask for the places 0 to 2, and there are 6"), said);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
