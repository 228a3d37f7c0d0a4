// What a display says: equations, memberships, ranges.
#include <boost/test/unit_test.hpp>

#include "tests/papers/latex/reading.hpp"

using namespace automodel::papers;

namespace {

void says(const std::string& formula, const std::string& expected) {
  BOOST_TEST_CONTEXT(formula) BOOST_TEST(said(formula) == expected);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_latex_statements)

BOOST_AUTO_TEST_CASE(the_equations_of_the_two_cards_of_the_design_are_read) {
  says(R"(y_\mathrm{linear} = b + \sum_{i=1}^{n} w_i)",
       "y_{\"linear\"} = (add b (big:sum w_{i})_{(relation:= i 1)}^{n})");
  says(R"(y_\mathrm{deep} = \mathrm{MLP}([\mathbf{e}_1; \dots; \mathbf{e}_n]))",
       "y_{\"deep\"} = (call:mlp (list:; b:e_{1} ... b:e_{n}))");
  says(R"(\hat{y} = \sigma(y_\mathrm{linear} + y_\mathrm{fm} + y_\mathrm{deep}))",
       "y_hat = (call:sigma (add (add y_{\"linear\"} y_{\"fm\"}) y_{\"deep\"}))");
  says(R"(O \leftarrow O \odot \sigma(X W_g), \quad W_g \in \mathbb{R}^{d \times d})",
       "O <- (hadamard O (call:sigma (product X W_{g}))) ; W_{g} in B:R^{(product d d)}");
}

BOOST_AUTO_TEST_CASE(a_display_says_several_things) {
  says(R"(x_{l+1} = x_l + b_l, \quad l = 0, 1, \dots, L-1, \text{ where } w_l, b_l \in \mathbb{R}^d.)",
       "x_{(add l 1)} = (add x_{l} b_{l}) ; l from 0 to (subtract L 1) ; w_{l}, b_{l} in B:R^{d}");
  says(R"(a = b; c = d \\ e = f \qquad g = h \text{ and } i = j)", "a = b ; c = d ; e = f ; g = h ; i = j");
  says(R"(a = b = c)", "a = b ; b = c");
  says(R"(a := b, c \triangleq d, e \stackrel{def}{=} f)", "a = b ; c = d ; e = f");
  says(R"(x_i, y)", "x_{i} ; y");
  says(R"(W = [w_1, w_2] \in \mathbb{R}^{d \times 2})",
       "W = (list:, w_{1} w_{2}) ; W in B:R^{(product d 2)}");
}

BOOST_AUTO_TEST_CASE(lines_of_an_alignment_go_on_where_an_operator_stands_at_the_break) {
  says(R"(\begin{aligned} a &= b + c \\ &\quad + d \\ e &= f \end{aligned})",
       "a = (add (add b c) d) ; e = f");
  says("a = b \\\\\n - c", "a = (subtract b c)");
  says(R"(a &= b + \\ & c)", "a = (add b c)");
  says(R"(a = b & c = d)", "a = b ; c = d");
}

BOOST_AUTO_TEST_CASE(ranges_have_five_spellings) {
  for (const auto* text :
       {R"(l = 1, \dots, L)", R"(l = 1, 2, \dots, L)", R"(l \in \{1, \dots, L\})", R"(1 \le l \le L)",
        R"(L \ge l \ge 1)", R"(\text{for } l = 1 \dots L)", R"(\forall l \in \{1, 2, \ldots, L\})"})
    says(text, "l from 1 to L");
  says(R"(0 \le i < n)", "i from 0 to (subtract n 1)");
  says(R"(1 \le i < j \le n)", "i from 1 to (subtract j 1) ; j from (add i 1) to n");
  says(R"(i, j = 1, \dots, n)", "i from 1 to n ; j from 1 to n");
}

BOOST_AUTO_TEST_CASE(what_belongs_to_a_set_is_a_membership) {
  says(R"(u \in \mathcal{U}, i \in \mathcal{I})", "u in c:U ; i in c:I");
  says(R"(y \in \{0, 1\})", "y in (list:, 0 1)");
  says(R"((u, i) \in \mathcal{D})", "(list:, u i) in c:D");
}

BOOST_AUTO_TEST_CASE(an_inequality_alone_is_an_expression) { says(R"(x \ge 0)", "(relation:>= x 0)"); }

BOOST_AUTO_TEST_CASE(errors_say_what_was_expected_and_where) {
  const auto fails = [](const std::string& formula, const std::string& message, std::uint32_t begin,
                        std::uint32_t end) {
    BOOST_TEST_CONTEXT(formula) {
      const auto read = parsed(formula);
      BOOST_REQUIRE(!read.problems.empty());
      BOOST_TEST(read.problems[0].code == "papers.syntax");
      BOOST_TEST(read.problems[0].message == message);
      BOOST_TEST(read.problems[0].span.begin == begin);
      BOOST_TEST(read.problems[0].span.end == end);
    }
  };
  fails("(a + b", "this bracket is never closed", 0, 1);
  fails("a + b)", "an operator, a comma or the end was expected, not ')'", 5, 6);
  fails(R"(\frac{a}{b)", "this bracket is never closed", 8, 9);
  fails(R"(\frac{a})", "the argument of \\frac was expected, not the formula's end", 8, 8);
  fails("x_{} + 1", "an empty script", 1, 2);
  fails("x_i_j", "a second subscript: write braces around what the first belongs to", 3, 4);
  fails("a + ", "a symbol, a number or a bracket was expected, not the formula's end", 3, 3);
  fails("a + = b", "a symbol, a number or a bracket was expected, not '='", 4, 5);
  fails(R"(\left( a ])", "')' was expected, not ']'", 9, 10);
  fails(R"(\hat{a b})", "\\hat belongs to one symbol", 0, 9);
  fails(R"(\sum_{i=1}^n)", "what \\sum runs over was expected, not the formula's end", 12, 12);
  fails(R"(\begin{cases} a & b)", "\\end{cases} was expected, not the formula's end", 19, 19);
  fails(R"(\begin{tabular} a)", "\\begin{tabular} is not understood", 0, 15);
}

BOOST_AUTO_TEST_CASE(all_unknown_commands_of_a_formula_are_told_with_what_could_be_meant) {
  const auto read = parsed(R"(\alhpa x + \softmax(x) + \nosuchthing)");
  BOOST_REQUIRE_EQUAL(read.problems.size(), 3u);
  BOOST_TEST(read.problems[0].message == "\\alhpa is not a command that is understood");
  BOOST_TEST(read.problems[0].candidates.at(0) == "\\alpha");
  BOOST_TEST(read.problems[1].candidates.at(0) == "\\mathrm{softmax}");
  BOOST_TEST(read.problems[2].candidates.empty());
  BOOST_TEST(read.problems[1].span.begin == 11u);
  BOOST_TEST(read.problems[1].span.end == 19u);
}

BOOST_AUTO_TEST_SUITE_END()
