// What would take the stack, the memory or the time is refused.
#include <boost/test/unit_test.hpp>

#include "tests/papers/latex/reading.hpp"

using namespace automodel::papers;

namespace {

std::string times(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string code(const std::string& formula, const Limits& limits = {}) {
  Macros macros;
  const auto read = parse_formula(math(formula), macros, limits);
  return read.problems.empty() ? "" : read.problems[0].code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_latex_limits)

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_in_every_form) {
  for (const std::string opening : {"(",
                                    "{",
                                    "[",
                                    "\\{",
                                    "\\frac{",
                                    "\\sqrt{",
                                    "x_{",
                                    "x^{",
                                    "-",
                                    "\\sum ",
                                    "\\langle ",
                                    "\\lVert ",
                                    "|",
                                    "\\hat{",
                                    "\\mathbf{",
                                    "\\begin{cases}",
                                    "\\sigma(",
                                    "\\max_{",
                                    "\\begin{bmatrix}",
                                    "\\exp ",
                                    "\\sqrt[",
                                    "\\hat",
                                    "\\frac1"}) {
    BOOST_TEST_CONTEXT(opening) {
      BOOST_TEST(code(times(opening, 60'000 / opening.size())) == "papers.too_large");
      Limits wide;
      wide.bytes = 10'000'000;
      BOOST_TEST(code(times(opening, 100'000), wide) == "papers.too_large");
    }
  }
  BOOST_TEST(code("a \\cdot " + times("-", 50'000)) == "papers.too_large");
  BOOST_TEST(code(times("(", 90) + "x" + times(")", 90)) == "");
}

BOOST_AUTO_TEST_CASE(long_formulas_are_refused) {
  BOOST_TEST(code(times("x", 70'000)) == "papers.too_large");
  BOOST_TEST(code(times("x ", 20'001)) == "papers.too_large");
  BOOST_TEST(code(times("x+", 600) + "x") == "papers.too_large");
  BOOST_TEST(code(times("x=", 600) + "x") == "papers.too_large");
  BOOST_TEST(code(times("x \\odot ", 600) + "x") == "papers.too_large");
  BOOST_TEST(code(times("9", 400)) == "papers.too_large");
  BOOST_TEST(code(times("x ", 10'000)) == "");
}

BOOST_AUTO_TEST_CASE(many_bars_brackets_and_mistakes_take_time_that_grows_with_the_text) {
  for (const auto* text : {"|",       "\\|",      "a\\|",     "(|",
                           "[a\\|",   "\\foo ",   "&",        "\\\\",
                           ",",       "x,",       "'",        "_",
                           "^",       "}",        ")",        "\\left",
                           "\\text{", "\\begin{", "\\end{x}", "\\mathrm{\\a",
                           "#1",      "%",        "\\",       "\\newcommand",
                           "x_i,"})
    BOOST_TEST_CONTEXT(text) BOOST_CHECK_NO_THROW(code(times(text, 60'000 / std::string(text).size())));
}

BOOST_AUTO_TEST_SUITE_END()
