// What is not understood is asked, at its place, with what could be meant.
#include <boost/test/unit_test.hpp>

#include "tests/papers/meaning/card.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_questions)

BOOST_AUTO_TEST_CASE(an_index_that_nothing_binds_is_unknown) {
  BOOST_TEST(problems("$$ \\hat{y} = \\sigma(w_i + \\sum_{i=1}^n w_i) $$\n") ==
             R"(papers.unknown_symbol small.md:10: the index i is not bound here
   10 | $$ \hat{y} = \sigma(w_i + \sum_{i=1}^n w_i) $$
      |                       ^
   \sum_{i}
   the left side with index i
)");
}

BOOST_AUTO_TEST_CASE(a_function_that_nobody_knows_is_asked_for_with_the_nearest_ones) {
  const auto said = problems("$$ \\hat{y} = \\sigma(\\mathrm{sofplus}(w_1)) $$\n");
  BOOST_TEST(has(said, "papers.unknown_symbol small.md:10: unknown function sofplus"), said);
  BOOST_TEST(has(said, "\n   softplus\n"), said);
  BOOST_TEST(has(said, "\n   \\mathrm{sofplus}(x) = …, an equation that defines it\n"), said);
}

BOOST_AUTO_TEST_CASE(an_index_without_a_range_is_asked_for) {
  BOOST_TEST(problems("$$ \\hat{y} = \\sigma(\\sum_q a_q) $$\n") ==
             R"(papers.unknown_range small.md:10: over what does q run?
   10 | $$ \hat{y} = \sigma(\sum_q a_q) $$
      |                     ^~~~~~~~~~
   $q = 1, \dots, n$ somewhere in the text
   \sum_{q=1}^{n}
)");
  BOOST_TEST(weights("Each $q = 1, \\dots, 5$ counts.\n\n$$ \\hat{y} = \\sigma(\\sum_q a_q) $$\n") == "a: 5");
}

BOOST_AUTO_TEST_CASE(a_recurrence_without_a_range_is_asked_for) {
  const auto said = problems(R"($$ \mathbf{x}_0 = \mathbf{e}_1 $$
$$ \mathbf{x}_{l+1} = \mathbf{x}_l \odot \mathbf{x}_l $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)");
  BOOST_TEST(has(said, "papers.unknown_range small.md:11: over what does l run?"), said);
  BOOST_TEST(has(said, "\\quad l = 0, \\dots, L-1 beside the equation"), said);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_no_probability_needs_a_loss) {
  const std::string body = "$$ \\hat{y} = b + \\sum_{i=1}^n w_i $$\n";
  const auto said = problems(body);
  BOOST_TEST(
      has(said, "papers.missing_loss small.md:10: the answer is no probability, and the card says no loss"),
      said);
  BOOST_TEST(has(said, "\n   loss = \"logloss\" in the head: the answer is what stands in the sigma\n"), said);
  auto text = card_text(body);
  text.replace(text.find("[parameters]"), 0, "loss = \"logloss\"\n");
  BOOST_TEST(problems(compile_card("small.md", text)) == "");
}

BOOST_AUTO_TEST_CASE(a_card_without_an_answer_says_what_there_is) {
  const auto said = problems("$$ z = b + \\sum_{i=1}^n w_i $$\n");
  BOOST_TEST(has(said, "papers.no_output small.md:1: no equation defines \\hat{y}, the answer"), said);
  BOOST_TEST(has(said, "\n   z\n"), said);
}

BOOST_AUTO_TEST_CASE(the_head_can_name_the_answer_as_formulas_or_as_messages_do) {
  for (const std::string name : {"z", "s_a", "'\\\\tilde{p}'"}) {
    const auto latex = name == "z" ? "z" : name == "s_a" ? "s_\\mathrm{a}" : "\\tilde{p}";
    auto text = card_text(std::string("$$ ") + latex + " = \\sigma(b + \\sum_{i=1}^n w_i) $$\n");
    const auto quoted = name[0] == '\'' ? std::string("'\\tilde{p}'") : "\"" + name + "\"";
    text.replace(text.find("[parameters]"), 0, "output = " + quoted + "\n");
    BOOST_TEST(problems(compile_card("small.md", text)) == "", name);
  }
}

BOOST_AUTO_TEST_CASE(an_index_out_of_its_range_is_an_error) {
  const auto said = problems("$$ \\hat{y} = \\sigma(\\sum_{i=1}^{5} w_i) $$\n");
  BOOST_TEST(
      has(said,
          "papers.index_out_of_range small.md:10: the index runs from 1 to 5, but there is one from 1 to n"),
      said);
  BOOST_TEST(has(said, "the index: 5, from line 10: '\\sum_{i=1}^{5} w_i'"), said);
  BOOST_TEST(has(said, "there is: n, from line 8"), said);
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(w_0) $$\n"),
                 "papers.index_out_of_range small.md:10: there is none before 1"));
  BOOST_TEST(script("$$ \\hat{y} = \\sigma(w_7) $$\n") ==
             "the index is past the end: there are 6 (small.md:10: w_7)");
}

BOOST_AUTO_TEST_CASE(a_value_that_no_equation_gives_is_an_error) {
  const auto said = problems(R"($$ z_1 = w_1 $$
$$ z_2 = w_2 $$
$$ \hat{y} = \sigma(\sum_{i=1}^n z_i) $$
)");
  BOOST_TEST(has(said, "papers.index_out_of_range small.md:12: no equation defines this one of z"), said);
  BOOST_TEST(has(said, "z_1 = w_1"), said);
}

BOOST_AUTO_TEST_CASE(what_is_defined_by_itself_is_an_error_that_shows_how) {
  BOOST_TEST(problems(R"($$ a = 2 c $$
$$ c = a + 1 $$
$$ \hat{y} = \sigma(a) $$
)") == R"(papers.circular small.md:12: a is defined by itself
   12 | $$ \hat{y} = \sigma(a) $$
      |                     ^
   line 10: 'a = 2 c'
)");
  const auto said = problems(R"($$ \mathbf{x}_{l+1} = A_l \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)");
  BOOST_TEST(
      has(said, "papers.circular small.md:11: x is defined by itself, and nothing says where it begins"),
      said);
  BOOST_TEST(has(said, "a first value, such as x_0 = …"), said);
  BOOST_TEST(has(problems("$$ f(x) = f(x) + 1 $$\n$$ \\hat{y} = \\sigma(f(w_1)) $$\n"), "papers.circular"));
}

BOOST_AUTO_TEST_CASE(what_is_defined_twice_is_an_error_with_the_first_place) {
  const auto said = problems("$$ a = 2 w_1 $$\n$$ a = 3 w_2 $$\n$$ \\hat{y} = \\sigma(a) $$\n");
  BOOST_TEST(has(said, "papers.defined_twice small.md:11: a is defined in line 10 already"), said);
  BOOST_TEST(has(problems("$$ \\mathbf{e}_i = 2 $$\n$$ \\hat{y} = \\sigma(w_1) $$\n"),
                 "papers.defined_twice small.md:10: e belongs to the data, and is defined here again"));
}

BOOST_AUTO_TEST_CASE(the_left_side_is_a_symbol) {
  BOOST_TEST(has(problems("$$ a + c = 3 $$\n$$ \\hat{y} = \\sigma(w_1) $$\n"),
                 "papers.not_a_definition small.md:10"));
  BOOST_TEST(has(problems("$$ c \\leftarrow 2 c $$\n$$ \\hat{y} = \\sigma(c) $$\n"),
                 "papers.not_a_definition small.md:10: there is no c yet that could be changed"));
}

BOOST_AUTO_TEST_CASE(cases_must_say_what_else_holds) {
  const auto said =
      problems(R"($$ \hat{y} = \sigma(\begin{cases} w_1 & w_1 > 0 \\ w_2 & w_1 \le 0 \end{cases}) $$
)");
  BOOST_TEST(has(said, "papers.not_understood small.md:10: the last case must be for all else"), said);
  BOOST_TEST(has(said, "\\text{otherwise}"), said);
}

BOOST_AUTO_TEST_CASE(softmax_must_say_over_what_it_runs) {
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(\\sum_{i=1}^n \\mathrm{softmax}(w_i)) $$\n"),
                 "papers.unknown_range small.md:10: over which index does softmax run?"));
  const auto said =
      problems(R"($$ a_{ij} = \mathrm{softmax}_{ij}(\langle \mathbf{e}_i, \mathbf{e}_j \rangle) $$
$$ \hat{y} = \sigma(\sum_{i<j} a_{ij} w_i) $$
)");
  BOOST_TEST(has(said, "papers.unknown_range small.md:10: over which pairs does softmax run?"), said);
  BOOST_TEST(has(said, "\\mathrm{softmax}_{i<j}(…)"), said);
}

BOOST_AUTO_TEST_CASE(an_mlp_needs_the_widths_of_its_layers) {
  const auto read = compile_card("x.md", R"(+++
method = "x"
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{4}$.

$$ \hat{y} = \sigma(\mathrm{MLP}(\mathbf{e}_1)) $$
)");
  const auto said = problems(read);
  BOOST_TEST(has(said, "papers.unknown_symbol x.md:6: MLP needs its layers' widths"), said);
  BOOST_TEST(has(said, "hidden = { default = [128, 128] }"), said);
}

BOOST_AUTO_TEST_CASE(a_recurrence_looks_one_step_back) {
  const auto said = problems(R"($$ \mathbf{x}_0 = \mathbf{e}_1 $$
$$ \mathbf{x}_1 = \mathbf{e}_2 $$
$$ \mathbf{x}_{l+2} = \mathbf{x}_{l+1} + \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)");
  BOOST_TEST(has(said, "papers.not_understood small.md:12: a recurrence can look one step back only"), said);
}

BOOST_AUTO_TEST_CASE(a_loss_that_does_not_add_to_that_of_the_task_is_asked_for) {
  const std::string answer = "$$ \\hat{y} = \\sigma(b) $$\n";
  BOOST_TEST(problems(answer + "$$ \\mathcal{L} = b^2 $$\n") ==
             R"(papers.not_a_definition small.md:11: the loss of a card is that of its task, as one summand, and what is added to it
   11 | $$ \mathcal{L} = b^2 $$
      |    ^~~~~~~~~~~~~~~~~
   \mathcal{L} = \mathcal{L}_\mathrm{task} + …: the head's loss, and what is added to it
)");
  for (const std::string right : {"2 \\mathcal{L}_\\mathrm{task} + b^2", "b^2 - \\mathcal{L}_\\mathrm{task}",
                                  "\\mathcal{L}_\\mathrm{task} + \\mathcal{L}_\\mathrm{task} b", "\\mathcal{L}_\\mathrm{task}"}) {
    const auto said = problems(answer + "$$ \\mathcal{L} = " + right + " $$\n");
    BOOST_TEST(has(said, "papers.not_a_definition small.md:11:"), said);
  }
  const auto vector = problems(answer + "$$ \\mathcal{L} = \\mathcal{L}_\\mathrm{task} + \\mathbf{e}_1 $$\n");
  BOOST_TEST(has(vector, "papers.shape_conflict small.md:11: what is added to the loss is one number for a row"), vector);
}

BOOST_AUTO_TEST_CASE(noise_is_drawn_from_the_standard_normal_distribution_for_each_row) {
  const auto with = [](const std::string& said) { return problems("Noise $" + said + "$.\n\n$$ \\hat{y} = \\sigma(b + \\epsilon) $$\n"); };
  BOOST_TEST(with("\\epsilon \\sim \\mathcal{N}(0, 1)") == "");
  BOOST_TEST(has(with("\\epsilon \\sim \\mathcal{N}(0, 2)"), "papers.not_understood small.md:10: noise is drawn from the standard"));
  BOOST_TEST(has(with("\\epsilon \\sim \\mathrm{Uniform}(0, 1)"), "papers.not_understood small.md:10: noise is drawn from"));
  const auto twice = problems("$\\epsilon \\sim \\mathcal{N}(0, 1)$\n\n$$ \\epsilon = 3 $$\n$$ \\hat{y} = \\sigma(\\epsilon) $$\n");
  BOOST_TEST(has(twice, "papers.defined_twice small.md:12: epsilon is drawn, and is defined here again"), twice);
}

BOOST_AUTO_TEST_CASE(a_step_with_fewer_indices_than_its_first_value_is_asked_for) {
  const auto said = problems(R"($$ \mathbf{x}_{0,i} = \mathbf{e}_i $$
$$ \mathbf{x}_{l+1} = \mathbf{x}_l + \mathbf{b}_l, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top [\mathbf{x}_{L,1}; \dots; \mathbf{x}_{L,n}]) $$
)");
  BOOST_TEST(has(said, "papers.not_understood small.md:1"), said);
}

BOOST_AUTO_TEST_CASE(a_letter_that_nothing_defines_beside_the_same_in_another_font_is_asked_for) {
  const auto said = problems("$$ \\hat{y} = \\sigma(\\sum_{i<j} \\langle e_i, e_j \\rangle) $$\n");
  BOOST_TEST(has(said, "papers.unknown_symbol small.md:10: nothing says what e_i is, and there is the same letter in another font"), said);
  BOOST_TEST(has(said, "\n   \\mathbf{e}_i"), said);
  const auto bold = problems("$$ x = [\\mathbf{e}_1; \\dots; \\mathbf{e}_n] $$\n$$ \\hat{y} = \\sigma(\\mathbf{w}^\\top \\mathbf{x}) $$\n");
  BOOST_TEST(has(bold, "nothing says what \\mathbf{x} is"), bold);
  BOOST_TEST(problems("Let $e_i \\in \\mathbb{R}$ be another.\n\n$$ \\hat{y} = \\sigma(\\sum_{i=1}^n e_i + \\langle \\mathbf{e}_1, \\mathbf{e}_2 \\rangle) $$\n") == "");
  BOOST_TEST(problems("$$ \\mathbf{x} = \\mathbf{e}_1 + \\mathbf{e}_2 $$\n$$ \\hat{y} = \\sigma(\\sum_{f=1}^{k} x_f + b + \\mathbf{b}^\\top \\mathbf{x}) $$\n") == "");
}

BOOST_AUTO_TEST_CASE(a_hyper_parameter_is_no_index) {
  const auto said = problems("$$ \\hat{y} = \\sigma(\\sum_{i<j<k} \\langle \\mathbf{e}_i, \\mathbf{e}_j, \\mathbf{e}_k \\rangle) $$\n");
  BOOST_TEST(has(said, "papers.ambiguous_index small.md:10: k is an index here, and a hyper-parameter of the head"), said);
}

BOOST_AUTO_TEST_CASE(indices_that_may_be_equal_and_ranges_that_are_none_are_asked_for) {
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(\\sum_{i \\le j} \\langle \\mathbf{e}_i, \\mathbf{e}_j \\rangle) $$\n"),
                 "papers.not_understood small.md:10: two indices that may be equal are not known"));
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(\\sum_{1 \\le i < j \\le 5} \\langle \\mathbf{e}_i, W \\mathbf{e}_j \\rangle) $$\n"),
                 "papers.index_out_of_range small.md:10: the index runs from 1 to 5"));
}

BOOST_AUTO_TEST_CASE(a_batch_is_not_seen_by_equations) {
  const auto said = problems("$$ \\hat{y} = \\sigma(\\mathbf{w}^\\top \\mathrm{BatchNorm}(\\mathbf{e}_1)) $$\n");
  BOOST_TEST(has(said, "BatchNorm is of all rows of a batch, and equations are of one row"), said);
  BOOST_TEST(has(said, "\\mathrm{LayerNorm}(x)"), said);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
