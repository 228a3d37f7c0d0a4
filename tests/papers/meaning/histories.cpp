// Users, items and histories in a card: what they become, and what is asked where a sentence lacks.
#include <boost/test/unit_test.hpp>

#include "tests/papers/meaning/card.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_histories)

const std::string items = R"(Each item $v$ has an embedding $\mathbf{q}_v \in \mathbb{R}^{k}$. )";
const std::string history = R"(The user's history is $s_1, \dots, s_T$, latest last.

)";

CompiledCard card(const std::string& head, const std::string& body) {
  return compile_card("small.md", "+++\nmethod = \"small\"\n" + head + "[parameters]\nk = 4\nT = 5\nL = 2\n+++\n" + body);
}
CompiledCard ctr(const std::string& body) { return card("loss = \"logloss\"\n", body); }

BOOST_AUTO_TEST_CASE(a_sum_over_the_history_leaves_its_padding_out_and_has_an_answer_for_each_candidate) {
  const auto made = ctr(items + history + "$$ \\hat{y} = \\langle \\sum_{t=1}^{T} \\mathbf{q}_{s_t}, \\mathbf{q}_v \\rangle $$\n");
  BOOST_TEST_REQUIRE(problems(made) == "");
  BOOST_TEST(script(made) ==
             R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor, history: Tensor, ages: Tensor, noise: bool) -> Tensor:
    batch = singles.size(0)
    candidates = items.size(1)
    q = self.q(history)
    real = history > 0
    q_2 = self.q(items)
    # line 11: \hat{y} = \langle \sum_{t=1}^{T} \mathbf{q}_{s_t}, \mathbf{q}_v \rangle
    y_hat = torch.einsum("za,zba->zb", [torch.einsum("zab,za->zb", [q, real.type_as(dense)]), q_2])
    return y_hat.expand([batch, candidates])
)");
}

BOOST_AUTO_TEST_CASE(what_a_softmax_has_left_out_already_is_not_left_out_again) {
  const auto text = script(ctr(items + history + R"($$ a_t = \mathrm{softmax}_t(\langle \mathbf{q}_{s_t}, \mathbf{q}_v \rangle) $$
$$ \hat{y} = \langle \sum_{t=1}^{T} a_t \mathbf{q}_{s_t}, \mathbf{q}_v \rangle $$
)"));
  BOOST_TEST(has(text, ".masked_fill(hidden, 0.0)"), text);
  BOOST_TEST(!has(text, "type_as"), text);
}

BOOST_AUTO_TEST_CASE(what_a_recurrence_makes_of_its_inputs_alone_is_made_before_its_loop) {
  const auto text = script(ctr(items + R"(States are $\mathbf{h}_t \in \mathbb{R}^{k}$. )" + history + R"($$ \mathbf{h}_0 = 0 $$
$$ \mathbf{h}_t = \tanh(A \mathbf{q}_{s_t} + B \mathbf{h}_{t-1}), \quad t = 1, \dots, T $$
$$ \hat{y} = \langle \mathbf{h}_T, \mathbf{q}_v \rangle $$
)"));
  BOOST_TEST(text.find("self.A.t()") < text.find("for t"), text);
  BOOST_TEST(text.find("self.B.t()") > text.find("for t"), text);
  BOOST_TEST(has(text, "torch.where(real.select(1, t - 1).unsqueeze(1), h_3, h)"), text);
}

BOOST_AUTO_TEST_CASE(only_what_is_asked_for_has_a_last_round) {
  const auto text = script(ctr(items + "Positions are $t, j = 1, \\dots, T$. " + history + R"($$ \mathbf{x}_{0,t} = \mathbf{q}_{s_t} $$
$$ \mathbf{x}_{l+1,t} = \mathbf{x}_{l,t} + \sum_{j=1}^{t} A_l \mathbf{x}_{l,j}, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \langle \mathbf{x}_{L,T}, \mathbf{q}_v \rangle $$
)"));
  BOOST_TEST(has(text, "for l in range(0, 1):"), text);
  const auto last = text.substr(text.find("for l"));
  BOOST_TEST(has(last, "\n    # line"), text);
}

BOOST_AUTO_TEST_CASE(the_letters_of_users_and_items_need_not_be_written) {
  for (const std::string left : {"\\hat{y}_{u,v}", "\\hat{y}_{uv}", "\\hat{y}_v", "\\hat{y}"}) {
    const auto made = ctr("Each user $u$ has an embedding $\\mathbf{p}_u \\in \\mathbb{R}^{k}$. " + items + "\n\n$$ " + left +
                          " = \\langle \\mathbf{p}_u, \\mathbf{q}_v \\rangle $$\n");
    BOOST_TEST(problems(made) == "", left);
  }
}

BOOST_AUTO_TEST_CASE(an_item_or_a_history_without_its_sentence_is_asked_for) {
  const auto item = problems(ctr(items + "\n\n$$ \\hat{y} = b_v + \\langle \\mathbf{w}, \\mathbf{q}_v \\rangle $$\n"));
  BOOST_TEST(has(item, "papers.unknown_symbol small.md:11: b_v belongs to each item, and no sentence says what it is"), item);
  BOOST_TEST(has(item, "each item $v$ has … $b_v \\in \\mathbb{R}^{…}$"), item);
  const auto past = problems(ctr(items + "\n\n$$ \\hat{y} = \\langle \\sum_{t=1}^{T} \\mathbf{q}_{s_t}, \\mathbf{q}_v \\rangle $$\n"));
  BOOST_TEST(has(past, "papers.unknown_symbol small.md:11: \\mathbf{q}_{s_t} asks for an item of the history"), past);
  BOOST_TEST(has(past, "The user's history is $s_1, \\dots, s_T$, latest last."), past);
  const auto other = problems(ctr(items + history + "$$ \\hat{y} = \\sum_{t=1}^{T} w_{s_t} \\langle \\mathbf{q}_{s_t}, \\mathbf{q}_v \\rangle $$\n"));
  BOOST_TEST(has(other, "w_{s_t} is no look-up of an item"), other);
}

BOOST_AUTO_TEST_CASE(task_loss_and_answer_must_go_together) {
  const std::string score = items + "\n\n$$ \\hat{y} = \\langle \\mathbf{w}, \\mathbf{q}_v \\rangle $$\n";
  const auto said = [&](const std::string& head, const std::string& body) { return problems(card(head, body)); };
  BOOST_TEST(said("task = \"ranking\"\nloss = \"softmax\"\n", score) == "");
  BOOST_TEST(has(said("task = \"ranking\"\n", score), "a ranking is trained by a loss that the card must say"));
  BOOST_TEST(has(said("task = \"ranking\"\nloss = \"bpr\"\n", score), "needs items that were not chosen"));
  BOOST_TEST(has(said("task = \"ctr\"\nloss = \"softmax\"\n", score), "a loss of several items is for a ranking"));
  BOOST_TEST(has(said("task = \"ranking\"\nloss = \"softmax\"\n", items + "\n\n$$ \\hat{y} = \\sigma(\\langle \\mathbf{w}, \\mathbf{q}_v \\rangle) $$\n"),
                 "the loss softmax is of a score; this answer is a sigma"));
  BOOST_TEST(has(said("task = \"ranking\"\nloss = \"softmax\"\n", "Each user $u$ has an offset $b_u \\in \\mathbb{R}$.\n\n$$ \\hat{y} = b_u $$\n"),
                 "the answer is the same for all items"));
  BOOST_TEST(has(said("task = \"ranking\"\nloss = \"softmax\"\n",
                      "The value of each field $i = 1, \\dots, n$ has a weight $w_i \\in \\mathbb{R}$. " + items +
                          "\n\n$$ \\hat{y} = \\sum_{i=1}^n w_i + \\langle \\mathbf{w}, \\mathbf{q}_v \\rangle $$\n"),
                 "fields belong to rows"));
}

BOOST_AUTO_TEST_CASE(rows_of_a_matrix_can_be_padding_and_stay_such_from_the_first_step_on) {
  const auto said = [&](const std::string& body) { return problems(ctr(items + history + body)); };
  const std::string x = "$$ X = [\\mathbf{q}_{s_1}; \\dots; \\mathbf{q}_{s_T}] $$\n";
  BOOST_TEST(said(x + "$$ \\hat{y} = \\mathbf{a}^\\top X \\mathbf{q}_v $$\n") == "");
  BOOST_TEST(has(said(x + "$$ \\hat{y} = \\mathbf{a}^\\top \\mathrm{LayerNorm}(X^\\top)^\\top \\mathbf{q}_v $$\n"),
                 "here it would be of the history's positions"));
  BOOST_TEST(has(said("Let $Z_0 \\in \\mathbb{R}^{T \\times k}$.\n\n" + x + R"($$ Z_0 = P, \quad P \in \mathbb{R}^{T \times k} $$
$$ Z_{l+1} = Z_l + X, \quad l = 0, \dots, 2 $$
$$ \hat{y} = \mathbf{a}^\top Z_3 \mathbf{q}_v $$
)"),
                 "rows of Z become positions of the history, and do not begin as such"));
}

BOOST_AUTO_TEST_CASE(what_a_history_s_item_cannot_be_asked_for_says_why) {
  const auto said = [&](const std::string& body) { return problems(ctr(items + history + body)); };
  BOOST_TEST(has(said("$$ \\mathbf{z} = \\mathbf{a} + \\mathbf{c}, \\quad \\mathbf{a} \\in \\mathbb{R}^{k} $$\n$$ \\hat{y} = \\sum_{t=1}^{T} \\langle \\mathbf{z}_{s_t}, \\mathbf{q}_v \\rangle $$\n"),
                 "z is not defined for each item"));
  BOOST_TEST(has(said("$$ \\mathbf{z}_v = 2 \\mathbf{q}_v $$\n$$ \\hat{y} = \\sum_{t=1}^{T} \\langle \\mathbf{z}_{s_{t-1}}, \\mathbf{q}_v \\rangle $$\n"),
                 "a neighbour in the history needs an equation for each position"));
  BOOST_TEST(has(said("The ages in days are $\\delta_1, \\dots, \\delta_T$.\n\n$$ \\delta_t = 2 $$\n$$ \\hat{y} = \\sum_{t=1}^{T} \\delta_t \\langle \\mathbf{q}_{s_t}, \\mathbf{q}_v \\rangle $$\n"),
                 "delta belongs to the data, and is defined here again"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
