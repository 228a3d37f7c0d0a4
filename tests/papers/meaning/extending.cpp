// Cards that change another.
#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/papers/meaning/card.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_extending)

const std::string parent = card_text(R"($$ y_\mathrm{first} = b + \sum_{i=1}^n w_i $$
$$ y_\mathrm{pairs} = \sum_{i<j} \langle \mathbf{e}_i, \mathbf{e}_j \rangle $$
$$ \mathbf{x}_0 = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
$$ \mathbf{x}_{l+1} = A_l \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
$$ y_\mathrm{deep} = \mathbf{u}^\top \mathbf{x}_L $$
$$ \hat{y} = \sigma(y_\mathrm{first} + y_\mathrm{pairs} - (y_\mathrm{deep})) $$
)");

std::string head(const std::string& name, const std::string& extends, const std::string& more = {}) {
  return "+++\nmethod = \"" + name + "\"\nextends = \"" + extends + "\"\n" + more + "+++\n";
}

CompiledCard child(const std::string& text, std::map<std::string, std::string> others = {}) {
  others.emplace("small", parent);
  return compile_card("child.md", text, {}, [others](const std::string& name) -> Result<std::string> {
    const auto at = others.find(name);
    if (at == others.end())
      return fail("papers.no_such_card", "there is no card '" + name + "'", {}, "did you mean 'small'?");
    return at->second;
  });
}

BOOST_AUTO_TEST_CASE(a_card_that_says_nothing_new_is_its_parent) {
  const auto card = child(head("same", "small"));
  BOOST_TEST(problems(card) == "");
  BOOST_TEST(card.method.card.head.method == "same");
  BOOST_TEST(weights(card) == weights(compile_card("small", parent)));
  BOOST_TEST(has(script(card), "# line 10 of small: y_\\mathrm{first} = b"), script(card));
}

BOOST_AUTO_TEST_CASE(an_arrow_changes_a_quantity_and_sees_what_it_was) {
  const auto card = child(head("gated", "small") + R"(A gate:

$$ y_\mathrm{deep} \leftarrow y_\mathrm{deep} \cdot \sigma(\mathbf{g}^\top \mathbf{x}_0) $$
)");
  BOOST_TEST(problems(card) == "");
  const auto text = script(card);
  BOOST_TEST(has(text, "# line 7: y_\\mathrm{deep} \\leftarrow y_\\mathrm{deep}"), text);
  BOOST_TEST(has(text, "# line 14 of small: y_\\mathrm{deep} = \\mathbf{u}^\\top \\mathbf{x}_L"), text);
  BOOST_TEST(weights(card) == "b:; u: 24; A: 3 24 24; g: 24");
}

BOOST_AUTO_TEST_CASE(a_change_of_a_step_changes_every_round_but_not_the_first_value) {
  const auto card = child(head("gated", "small") + R"(
$$ \mathbf{x}_{l+1} \leftarrow \mathrm{ReLU}(\mathbf{x}_{l+1}) + \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
)");
  BOOST_TEST(problems(card) == "");
  const auto text = script(card);
  const auto loop = text.find("for l in range(0, 3)"), relu = text.find("torch.relu(");
  BOOST_REQUIRE(loop != std::string::npos && relu != std::string::npos);
  BOOST_TEST(loop < relu);
  BOOST_TEST(text.find("torch.relu(", relu + 1) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_equation_for_what_the_parent_defines_takes_its_place) {
  const auto card = child(head("replaced", "small") + R"(
$$ \mathbf{x}_{l+1} = \mathbf{x}_0 \odot \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
$$ y_\mathrm{pairs} = \sum_{i<j} r_{ij} \langle \mathbf{e}_i, \mathbf{e}_j \rangle $$
)");
  BOOST_TEST(problems(card) == "");
  BOOST_TEST(weights(card) == "b:; r: 6 6; u: 24");
}

BOOST_AUTO_TEST_CASE(what_is_removed_is_nought_in_sums) {
  BOOST_TEST(weights(child(head("no-deep", "small", "remove = [\"y_deep\"]\n"))) == "b:");
  BOOST_TEST(weights(child(head("no-first", "small", "remove = [\"y_first\", \"y_pairs\"]\n"))) ==
             "u: 24; A: 3 24 24");
  const auto negative = script(child(head("no-first", "small", "remove = [\"y_first\", \"y_pairs\"]\n")));
  BOOST_TEST(has(negative, "y_hat = torch.neg("), negative);
}

BOOST_AUTO_TEST_CASE(what_is_more_than_a_summand_cannot_be_removed) {
  const auto said = problems(child(head("bad", "small", "remove = [\"x\"]\n")));
  BOOST_TEST(has(said, R"(papers.cannot_remove small:14: x is removed, but is more than a summand here
   14 | $$ y_\mathrm{deep} = \mathbf{u}^\top \mathbf{x}_L $$
      |                                      ^~~~~~~~~~~~)"),
             said);
}

BOOST_AUTO_TEST_CASE(removing_what_is_not_there_says_what_is_near) {
  const auto said = problems(child(head("bad", "small", "remove = [\"y_pair\"]\n")));
  BOOST_TEST(has(said, R"(papers.unknown_symbol child.md:4: no equation of an extended card defines y_pair
   4 | remove = ["y_pair"]
     |           ^~~~~~~~
   y_pairs
)"),
             said);
  auto text = parent;
  text.replace(text.find("[parameters]"), 0, "remove = [\"y_deep\"]\n");
  BOOST_TEST(has(problems(child(text)), "no equation of an extended card defines y_deep"));
}

BOOST_AUTO_TEST_CASE(heads_are_merged_and_the_childs_word_counts) {
  const auto card = child(head("wide", "small", "title = \"Wide\"\n[parameters]\nk = 8\nm = 2\n") + R"(
$$ y_\mathrm{pairs} = \sum_{q=1}^m v_q $$
)");
  BOOST_TEST(problems(card) == "");
  BOOST_TEST(weights(card) == "b:; v: 2; u: 48; A: 3 48 48");
  std::string names;
  for (const auto& parameter : card.method.card.head.parameters) names += parameter.name + " ";
  BOOST_TEST(names == "k L hidden m ");
}

BOOST_AUTO_TEST_CASE(problems_are_told_at_their_place_in_either_card) {
  const auto own =
      problems(child(head("bad", "small") + "\n$$ y_\\mathrm{deep} = \\mathbf{u} \\mathbf{x}_L $$\n"));
  BOOST_TEST(has(own, R"(papers.ambiguous_product child.md:6: )"), own);
  BOOST_TEST(
      has(own, "\n   6 | $$ y_\\mathrm{deep} = \\mathbf{u} \\mathbf{x}_L $$\n     |                      ^~"),
      own);
  const auto both = problems(
      child(head("bad", "small") +
            "\n$$ \\mathbf{x}_{l+1} = [\\mathbf{x}_l; \\mathbf{x}_l], \\quad l = 0, \\dots, L-1 $$\n"));
  BOOST_TEST(has(both, "papers.shape_conflict child.md:6: "), both);
  BOOST_TEST(has(both, "k*n, from line 12 of small: '[\\mathbf{e}_1; \\dots; \\mathbf{e}_n]'"), both);
  const auto broken = problems(child(head("bad", "broken"), {{"broken", parent + "$$ c = \\frac{1} $$\n"}}));
  BOOST_TEST(has(broken, "papers.syntax broken:16: "), broken);
}

BOOST_AUTO_TEST_CASE(a_change_of_nothing_is_an_error) {
  BOOST_TEST(has(problems(child(head("bad", "small") + "\n$$ z \\leftarrow 2 z $$\n")),
                 "papers.not_a_definition child.md:6: there is no z yet that could be changed"));
}

BOOST_AUTO_TEST_CASE(chains_are_followed_and_circles_are_not) {
  const auto grandchild =
      child(head("c", "b", "remove = [\"y_deep\"]\n") +
                "\n$$ y_\\mathrm{first} \\leftarrow 2 y_\\mathrm{first} $$\n",
            {{"b", head("b", "small") + "\n$$ y_\\mathrm{first} \\leftarrow y_\\mathrm{first} + c $$\n"}});
  BOOST_TEST(problems(grandchild) == "");
  BOOST_TEST(weights(grandchild) == "b:; c:");
  const auto circle = problems(child(head("a", "b"), {{"b", head("b", "c")}, {"c", head("c", "a")}}));
  BOOST_TEST(has(circle, "papers.circular c:3: the card extends itself through 'a'"), circle);
  std::map<std::string, std::string> many;
  for (int i = 0; i < 9; ++i)
    many["a" + std::to_string(i)] = head("a" + std::to_string(i), "a" + std::to_string(i + 1));
  many["a9"] = parent;
  BOOST_TEST(problems(child(head("x", "a2"), many)) == "");  // a2 … a9: eight
  BOOST_TEST(has(problems(child(head("x", "a1"), many)), "papers.too_large a8:3: "));
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_not_there_is_told_where_it_is_wanted) {
  const auto said = problems(child(head("x", "smal")));
  BOOST_TEST(has(said, "papers.no_such_card child.md:3: there is no card 'smal'"), said);
  BOOST_TEST(has(said, "\n   did you mean 'small'?\n"), said);
  BOOST_TEST(has(problems(child(head("x", "../etc"))),
                 "papers.head child.md:3: a method's name has letters, digits and '-'"));
  BOOST_TEST(has(problems(compile_card("child.md", head("x", "small"))), "papers.no_such_card child.md:3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
