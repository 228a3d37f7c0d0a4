// Sums over neighbours in the graph of who chose what, worked out for all users and items at once, are those of the equations.
#include <boost/test/unit_test.hpp>

#include "papers/checks.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(graphs)

const std::string head = R"(+++
method = "small"
task = "ranking"
loss = "bpr"
negatives = 1
[parameters]
k = 3
L = 2
dropout = 0.1
+++
Each user $u$ has an embedding $\mathbf{x}_u \in \mathbb{R}^{k}$ and an offset $a_u \in \mathbb{R}$, each item $v$ has an embedding
$\mathbf{y}_v \in \mathbb{R}^{k}$ and an offset $b_v \in \mathbb{R}$. The items that user $u$ has chosen are $\mathcal{N}_u$, the users
that have chosen item $v$ are $\mathcal{N}_v$.

)";

CompiledCard compiled(const std::string& body) { return compile_card("small.md", head + body); }

std::string problems(const std::string& body) {
  const auto card = compiled(body);
  std::string out;
  for (const auto& problem : card.problems) out += problem.code + " " + describe(problem, card.method.card.source) + "\n";
  return out;
}

BOOST_AUTO_TEST_CASE(sums_over_neighbours_agree_with_the_interpreter) {
  for (const std::string& body : std::vector<std::string>{
           R"($$ \hat{y}_{uv} = b_v |\mathcal{N}_u| + |\mathcal{N}_v|^2 a_u $$)",
           R"($$ \hat{y}_{uv} = b_v + \langle \mathbf{x}_u, \mathbf{y}_v \rangle + \sum_{v \in \mathcal{N}_u} b_v + \sum_{u \in \mathcal{N}_v} 2 $$)",
           // of two steps: what the users that chose the user's items are
           R"($$ \hat{y}_{uv} = \langle \mathbf{y}_v, \frac{1}{\max(1, |\mathcal{N}_u|)} \sum_{v \in \mathcal{N}_u} \sum_{u \in \mathcal{N}_v} a_u \mathbf{x}_u \rangle $$)",
           // an edge's weight that no product of its ends gives, and a helper that belongs to each user
           R"($$ c_u = \tanh(\mathbf{w}^\top \mathbf{x}_u) $$
$$ \mathbf{z}_u = \mathbf{x}_u + W \sum_{v \in \mathcal{N}_u} \sigma(\langle \mathbf{x}_u, \mathbf{y}_v \rangle + c_u) \mathbf{y}_v $$
$$ \hat{y}_{uv} = \langle \mathbf{z}_u, \mathbf{y}_v \rangle + c_u b_v $$)",
           R"($$ \mathbf{p}_{u,0} = \mathbf{x}_u $$
$$ \mathbf{q}_{v,0} = \mathbf{y}_v $$
$$ \mathbf{p}_{u,l+1} = \mathrm{ReLU}(W_l \mathbf{p}_{u,l} + \sum_{v \in \mathcal{N}_u} \mathbf{q}_{v,l} \odot \mathbf{p}_{u,l}), \quad l = 0, \dots, L-1 $$
$$ \mathbf{q}_{v,l+1} = V_l \mathbf{q}_{v,l} + \frac{1}{|\mathcal{N}_v| + 1} \sum_{u \in \mathcal{N}_v} \mathbf{p}_{u,l}, \quad l = 0, \dots, L-1 $$
$$ \hat{y}_{uv} = \langle \mathbf{p}_{u,L}, \mathbf{q}_{v,L} \rangle + \langle \mathbf{p}_{u,1}, \mathbf{y}_v \rangle + \mathrm{Dropout}(b_v) $$)"}) {
    const auto card = compiled(body);
    BOOST_TEST_REQUIRE(card.problems.empty(), problems(body));
    const auto difference = disagreement(card, recsys::made_up_inputs(2, 0, 1), 8, 11);
    BOOST_TEST_REQUIRE(difference.has_value(), body << (difference ? "" : to_string(difference.error())));
    BOOST_TEST(*difference <= 1e-9, body);
    const auto script = script_for(card, {6, 4, 2, 100, 10, 10});
    BOOST_TEST_REQUIRE(script.has_value());
    BOOST_TEST(script->sources.graph);
  }
}

BOOST_AUTO_TEST_CASE(the_layers_of_lightgcn_are_one_loop_over_the_whole_graph) {
  const auto script = script_for(compile_card("lightgcn", *card_text("lightgcn")), {6, 4, 2, 100, 10, 10});
  BOOST_TEST_REQUIRE(script.has_value(), (script ? "" : to_string(script.error())));
  const auto count = [&](const std::string& part) {
    std::size_t out = 0;
    for (auto at = script->text.find(part); at != std::string::npos; at = script->text.find(part, at + 1)) ++out;
    return out;
  };
  BOOST_TEST(count("for l in range(0, 3):") == 1U);
  BOOST_TEST(count("index_add") == 4U);  // two sums and two numbers of neighbours
}

BOOST_AUTO_TEST_CASE(what_cannot_be_worked_out_for_the_whole_graph_is_asked_for) {
  const auto mean = problems(R"($$ \hat{y}_{uv} = b_v + \mathrm{mean}_{v \in \mathcal{N}_u} b_v $$)");
  BOOST_TEST(mean.find("papers.not_understood small.md:15: of neighbours there are sums alone") != std::string::npos, mean);
  const auto dropout = problems(R"($$ \hat{y}_{uv} = b_v + \sum_{v \in \mathcal{N}_u} \mathrm{Dropout}(b_v) $$)");
  BOOST_TEST(dropout.find("papers.not_understood small.md:15: Dropout is of rows") != std::string::npos, dropout);
  const auto outside = problems("$$ z_u = |\\mathcal{N}_u| b_v $$\n$$ \\hat{y}_{uv} = z_u + b_v $$");
  BOOST_TEST(outside.find("papers.not_understood small.md:15: b_v belongs to another side of the graph") != std::string::npos, outside);
  const auto again = problems("$$ \\mathcal{N}_u = 3 $$\n$$ \\hat{y}_{uv} = b_v $$");
  BOOST_TEST(again.find("papers.defined_twice small.md:15:") != std::string::npos, again);
}

BOOST_AUTO_TEST_CASE(a_card_that_learns_labels_of_rows_may_not_look_at_the_graph_that_they_make) {
  auto text = head;
  text.replace(text.find("task = \"ranking\"\nloss = \"bpr\"\nnegatives = 1"), std::string("task = \"ranking\"\nloss = \"bpr\"\nnegatives = 1").size(), "task = \"ctr\"\nloss = \"logloss\"");
  const auto code = [&](const std::string& body) {
    const auto card = compile_card("small.md", text + body);
    return card.problems.empty() ? std::string() : card.problems[0].code;
  };
  BOOST_TEST(code("$$ \\hat{y}_{uv} = b_v + a_u $$\n") == "");
  BOOST_TEST(code("$$ \\hat{y}_{uv} = b_v + \\langle \\mathbf{x}_u, \\sum_{u \\in \\mathcal{N}_v} \\mathbf{x}_u \\rangle $$\n") == "papers.leaks_labels");
  BOOST_TEST(code("$$ \\hat{y}_{uv} = b_v + |\\mathcal{N}_v| $$\n") == "papers.leaks_labels");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
