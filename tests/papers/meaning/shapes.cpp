// Sizes that do not fit, are not known, or are answered.
#include <boost/test/unit_test.hpp>

#include "tests/papers/meaning/card.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_shapes)

BOOST_AUTO_TEST_CASE(a_matrix_that_does_not_fit_shows_where_both_sizes_come_from) {
  BOOST_TEST(
      problems(R"(Let $W \in \mathbb{R}^{k \times k}$.

$$ \mathbf{x} = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
$$ \hat{y} = \sigma(\mathbf{u}^\top (W \mathbf{x})) $$
)") ==
      R"(papers.shape_conflict small.md:13: the sizes differ: on the left is a matrix of size k by k; on the right a vector of size k*n
   13 | $$ \hat{y} = \sigma(\mathbf{u}^\top (W \mathbf{x})) $$
      |                                      ^~~~~~~~~~~~
   k, from line 10: 'W \in \mathbb{R}^{k \times k}'
   k*n, from line 12: '[\mathbf{e}_1; \dots; \mathbf{e}_n]'
)");
}

BOOST_AUTO_TEST_CASE(a_size_that_was_inferred_is_shown_with_the_line_that_says_it) {
  const auto said = problems(R"(Let $\mathbf{s} \in \mathbb{R}^{6}$ and $\mathbf{t} \in \mathbb{R}^{7}$.

$$ \hat{y} = \sigma(\langle \mathbf{s}, W \mathbf{x} \rangle
 + \langle \mathbf{t}, W \mathbf{x} \rangle) $$
$$ \mathbf{x} = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
)");
  BOOST_TEST(has(said, "small.md:13: the sizes differ"), said);
  BOOST_TEST(has(said, "7, from line 10: '\\mathbf{t} \\in \\mathbb{R}^{7}'"), said);
  BOOST_TEST(has(said, "6, inferred in line 12: 'W \\mathbf{x}'"), said);
}

BOOST_AUTO_TEST_CASE(a_sum_of_a_vector_and_a_matrix_says_what_each_is) {
  BOOST_TEST(
      problems(R"(Let $M \in \mathbb{R}^{k \times k}$.

$$ \hat{y} = \sigma(\mathbf{u}^\top (\mathbf{e}_1 + M)) $$
)") ==
      R"(papers.shape_conflict small.md:12: the shapes differ: '\mathbf{e}_1' is a vector of size k, 'M' is a matrix of size k by k
   12 | $$ \hat{y} = \sigma(\mathbf{u}^\top (\mathbf{e}_1 + M)) $$
      |                                      ^~~~~~~~~~~~~~~~
   a vector of size k, from line 12: '\mathbf{e}_1'
   a matrix of size k by k, from line 12: 'M'
)");
}

BOOST_AUTO_TEST_CASE(an_equation_that_is_not_as_declared_shows_the_declaration) {
  const auto said = problems(R"(Then $\mathbf{z} \in \mathbb{R}^{3}$.

$$ \mathbf{z} = \mathbf{e}_1 + \mathbf{e}_2 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{z}) $$
)");
  BOOST_TEST(has(said, "papers.shape_conflict small.md:12: the right side is a vector of size k"), said);
  BOOST_TEST(has(said, "said in line 10: '\\mathbf{z} \\in \\mathbb{R}^{3}'"), said);
}

BOOST_AUTO_TEST_CASE(a_recurrence_that_grows_is_a_conflict) {
  const auto said = problems(R"($$ \mathbf{x}_0 = \mathbf{e}_1 $$
$$ \mathbf{x}_{l+1} = [\mathbf{x}_l; \mathbf{x}_l], \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)");
  BOOST_TEST(has(said, "papers.shape_conflict small.md:11: the sizes differ"), said);
  BOOST_TEST(has(said, "2*k, from line 11: '[\\mathbf{x}_l; \\mathbf{x}_l]'"), said);
}

BOOST_AUTO_TEST_CASE(two_equations_of_one_size_must_agree) {
  const auto said = problems(R"(Let $W \in \mathbb{R}^{d \times k}$ with $d = 2 k$.

$$ d = n $$
$$ \hat{y} = \sigma(\mathbf{u}^\top (W \mathbf{e}_1)) $$
)");
  BOOST_TEST(has(said, "papers.shape_conflict small.md:12: d cannot be n: it is 2*k"), said);
  BOOST_TEST(has(said, "2*k, from line 10: 'd = 2 k'"), said);
}

BOOST_AUTO_TEST_CASE(two_vectors_side_by_side_are_a_question_with_its_answers) {
  BOOST_TEST(
      problems("$$ \\hat{y} = \\sigma(\\mathbf{u} \\mathbf{e}_1) $$\n") ==
      R"(papers.ambiguous_product small.md:10: what product of two vectors is this? On the left is a vector of size still open, on the right a vector of size k
   10 | $$ \hat{y} = \sigma(\mathbf{u} \mathbf{e}_1) $$
      |                     ^~~~~~~~~~~~~~~~~~~~~~~
   \langle a, b \rangle or a^\top b, a number
   a \odot b, a vector
   a b^\top or a \otimes b, a matrix
)");
}

BOOST_AUTO_TEST_CASE(the_answer_is_one_number) {
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(\\mathbf{e}_1) $$\n"),
                 "small.md:10: the answer is one number for a row; this is a vector of size k"));
  BOOST_TEST(has(problems("$$ \\hat{y}_i = \\sigma(w_i) $$\n"), "the answer has an index"));
}

const std::string open_size = R"(Let $W \in \mathbb{R}^{d \times p}$ and $V \in \mathbb{R}^{q \times d}$.

$$ \hat{y} = \sigma(\mathbf{u}^\top V W \mathbf{e}_1) $$
)";

BOOST_AUTO_TEST_CASE(every_size_that_nothing_determines_is_asked_for) {
  const auto said = problems(open_size);
  BOOST_TEST(has(said, "papers.unknown_size small.md:12: nothing determines the size d\n"), said);
  BOOST_TEST(has(said, "papers.unknown_size small.md:12: nothing determines the size q\n"), said);
  BOOST_TEST(has(said, "d = 16 under [define] in the head\n   --define 'd = 16'\n"), said);
  BOOST_TEST(!has(said, "the size p"), said);
}

BOOST_AUTO_TEST_CASE(a_vector_of_open_size_is_asked_for_by_its_name_in_the_card) {
  const auto said = problems("$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top (\\mathbf{v} + \\mathbf{c})) $$\n");
  BOOST_TEST(has(said, "papers.unknown_size small.md:10: nothing determines the size of \\mathbf{u}"), said);
  BOOST_TEST(has(said, "\\in \\mathbb{R}^{…}$ in the text"), said);
}

BOOST_AUTO_TEST_CASE(questions_are_answered_by_whoever_compiles_or_in_the_head) {
  CompileRequest request;
  request.define = {{"d", "5"}, {"q", "7"}};
  BOOST_TEST(weights(compiled(open_size, request)) == "u: 7; V: 7 5; W: 5 4");
  auto text = card_text(open_size);
  text.replace(text.find("[parameters]"), 0, "[define]\nd = 5\nq = \"7\"\n");
  BOOST_TEST(weights(compile_card("small.md", text)) == "u: 7; V: 7 5; W: 5 4");
}

BOOST_AUTO_TEST_CASE(an_answer_must_be_a_size_of_the_card) {
  CompileRequest request;
  request.define = {{"d", "5.5"}, {"q", "7"}, {"z", "3"}};
  const auto said = problems(compiled(open_size, request));
  BOOST_TEST(has(said, "d = 5.5: a size is a whole number from 1"), said);
  BOOST_TEST(has(said, "the card has no size z"), said);
  request.define = {{"d", "5"}, {"q", "7"}, {"p", "3"}};  // p is k
  BOOST_TEST(has(problems(compiled(open_size, request)), "papers.shape_conflict"));
}

BOOST_AUTO_TEST_CASE(sizes_are_solved_for_where_they_stand_in_a_formula) {
  BOOST_TEST(weights(R"(Let $W \in \mathbb{R}^{2 d \times \frac{k}{2}}$ and $\mathbf{u} \in \mathbb{R}^{n k}$.

$$ \hat{y} = \sigma(\mathbf{u}^\top W \mathbf{v}) $$
)") == "u: 24; W: 24 2; v: 2");
}

BOOST_AUTO_TEST_CASE(settings_stand_in_for_the_defaults) {
  CompileRequest request;
  request.settings = {{"dim", "8"}, {"layers", "2"}};
  const std::string body = R"($$ \mathbf{x}_0 = \mathbf{e}_1 $$
$$ \mathbf{x}_{l+1} = A_l \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)";
  BOOST_TEST(weights(body) == "u: 4; A: 3 4 4");
  const auto card = compiled(body, request);
  BOOST_TEST(weights(card) == "u: 8; A: 2 8 8");
  BOOST_TEST(card.settings.at("k") == "8");
  BOOST_TEST(card.settings.at("hidden") == "8,4");
}

BOOST_AUTO_TEST_CASE(settings_that_are_wrong_are_refused_with_what_is_known) {
  CompileRequest request;
  const std::string body = "$$ \\hat{y} = \\sigma(b + \\sum_{i=1}^n w_i) $$\n";
  const auto said = [&](const std::string& name, const std::string& value) {
    request.settings = {{name, value}};
    return problems(compiled(body, request));
  };
  BOOST_TEST(has(said("depth", "3"), "models.unknown_setting small.md:1: small has no setting 'depth'"));
  BOOST_TEST(has(said("depth", "3"), "\n   k\n   L\n   hidden\n"));
  BOOST_TEST(has(said("k", "-1"), "models.bad_setting small.md:4: k = '-1' must not be negative"));
  BOOST_TEST(!has(said("k", "65"), "models.bad_setting"));  // the range is for searches
  BOOST_TEST(has(said("k", "8.5"), "must be a whole number from 1 to 65536"));
  BOOST_TEST(has(said("k", "8,8"), "must be one number"));
  BOOST_TEST(has(said("L", "x"), "models.bad_setting small.md:5: L = 'x' is no number"));
  BOOST_TEST(has(said("L", ""), "is no number"));
  BOOST_TEST(has(said("hidden", "8,,4"), "is no number"));
  BOOST_TEST(said("hidden", "16,8,4") == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
