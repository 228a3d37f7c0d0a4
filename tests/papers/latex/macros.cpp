#include <boost/test/unit_test.hpp>

#include "tests/papers/latex/reading.hpp"

using namespace automodel::papers;

BOOST_AUTO_TEST_SUITE(papers_latex_macros)

BOOST_AUTO_TEST_CASE(macros_are_replaced_by_what_they_stand_for) {
  BOOST_TEST(said(R"(\newcommand{\vx}{\mathbf{x}} \vx_i)") == "b:x_{i}");
  BOOST_TEST(said(R"(\newcommand\ip[2]{\langle #1, #2 \rangle} \ip{a}{b_i})") == "(inner a b_{i})");
  BOOST_TEST(said(R"(\def\sq#1{#1^2} \sq{x} + \sq y)") == "(add x^{2} y^{2})");
  BOOST_TEST(said(R"(\DeclareMathOperator*{\softmax}{softmax} \softmax_j(x))") == "(call:softmax x)_{j}");
  BOOST_TEST(said(R"(\newcommand{\a}{b} \renewcommand{\a}{c} \a)") == "c");
  BOOST_TEST(said(R"(\newcommand{\a}{x} \newcommand{\b}[1]{\a_{#1}} \b{i})") == "x_{i}");
}

BOOST_AUTO_TEST_CASE(macros_hold_for_the_formulas_that_follow) {
  Macros macros;
  BOOST_TEST(parse_formula(math(R"(\newcommand{\vx}{\mathbf{x}})"), macros).problems.empty());
  BOOST_TEST(said(parse_formula(math(R"(\vx)"), macros)) == "b:x");
}

BOOST_AUTO_TEST_CASE(what_a_macro_made_stands_where_the_macro_was_used) {
  const std::string text = R"(\newcommand{\f}[1]{(#1 + 1)} a \f{b_i} c)";
  const auto read = parsed(text);
  const auto of = [&](const Node& node) {
    return text.substr(node.span.begin, node.span.end - node.span.begin);
  };
  const auto& product = read.statements.at(0).left;
  BOOST_TEST(of(product) == R"(a \f{b_i} c)");
  BOOST_TEST(of(product.parts[1]) == R"(\f{b_i})");
  BOOST_TEST(of(product.parts[1].parts[0].parts[0]) == "b_i");
  BOOST_TEST(of(product.parts[1].parts[0].parts[1]) == R"(\f{b_i})");
}

BOOST_AUTO_TEST_CASE(a_macro_that_expands_without_end_is_refused) {
  for (const auto* text :
       {R"(\def\a{\a} \a)", R"(\def\a{\a\a} \a)", R"(\def\a{\b}\def\b{\a} \b)", R"(\def\a{x\a} \a)"}) {
    const auto read = parsed(text);
    BOOST_REQUIRE_EQUAL(read.problems.size(), 1u);
    BOOST_TEST(read.problems[0].code == "papers.too_large");
    BOOST_TEST(read.statements.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_macro_that_doubles_itself_is_refused_in_time) {
  std::string text = R"(\def\a#1{#1#1} x)";
  for (int i = 0; i < 40; ++i) text = R"(\a{)" + text + "}";
  text = R"(\def\a#1{#1#1})" + text;
  BOOST_TEST(parsed(text).problems.at(0).code == "papers.too_large");
}

BOOST_AUTO_TEST_CASE(definitions_that_are_not_understood_are_problems) {
  BOOST_TEST(said(R"(\newcommand{x}{y})") ==
             "! papers.syntax: \\newcommand defines a command: \\newcommand{\\name}{…} was expected");
  BOOST_TEST(said(R"(\newcommand{\x}[1][d]{y})") ==
             "! papers.syntax: optional arguments of macros are not understood");
  BOOST_TEST(said(R"(\def\x#1{#2} \x a)") == "! papers.syntax: \\x has no argument #2");
  BOOST_TEST(said(R"(\def\x#1{#1} \x)") == "! papers.syntax: an argument of \\x is missing");
  BOOST_TEST(said(R"(\newcommand{\x}{)") == "! papers.syntax: a brace of \\newcommand is never closed");
}

BOOST_AUTO_TEST_SUITE_END()
