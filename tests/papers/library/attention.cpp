// Attention, its heads and its masks compute what their equations say, over fields and over histories of any length.
#include <boost/test/unit_test.hpp>

#include "papers/checks.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(attention)

const std::string head = R"(+++
method = "small"
loss = "logloss"
[parameters]
k = 4
T = 4
L = 2
H = 2
heads = { default = 2, choices = [1, 2, 4] }
dropout = { default = 0.2, range = [0.0, 0.5] }
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{k}$. Each user $u$ has an embedding
$\mathbf{p}_u \in \mathbb{R}^{k}$, each item $v$ has an embedding $\mathbf{q}_v \in \mathbb{R}^{k}$. The user's history is $s_1, \dots, s_T$, latest last.
Positions are $t = 1, \dots, T$, with $\mathbf{r}_t \in \mathbb{R}^{k}$; heads are $h = 1, \dots, H$, of width $a = \frac{k}{H}$.

)";
const std::string sequence = "$$ X = [\\mathbf{q}_{s_1} + \\mathbf{r}_1; \\dots; \\mathbf{q}_{s_T} + \\mathbf{r}_T] $$\n";
const std::string answer = "$$ \\hat{y} = \\langle S_T + \\sum_{t=1}^{T} S_t, \\mathbf{q}_v \\rangle $$\n";

CompiledCard compiled(const std::string& body) {
  auto card = compile_card("small.md", head + body);
  std::string said;
  for (const auto& problem : card.problems) said += describe(problem, card.method.card.source) + "\n";
  BOOST_TEST_REQUIRE(card.problems.empty(), body << said);
  return card;
}

/// Between program and equations, for rows with an empty, a full and other histories.
double differs(const std::string& body) {
  const auto difference = disagreement(compiled(body), recsys::made_up_inputs(2, 1, 1), 8, 11);
  BOOST_TEST_REQUIRE(difference.has_value(), body << (difference ? "" : to_string(difference.error())));
  return *difference;
}

std::string script(const std::string& body) {
  const auto card = compiled(body);
  const auto made = script_for(card, {4, 3, 1, 20, 5, 6});
  BOOST_TEST_REQUIRE(made.has_value(), (made ? "" : to_string(made.error())));
  return made->text;
}

bool is_fused(const std::string& text) { return text.find("torch.einsum(\"zab,zcb->zac\"") != std::string::npos; }

BOOST_AUTO_TEST_CASE(one_line_over_a_history_leaves_out_its_padding) {
  for (const std::string& line : std::vector<std::string>{
           R"($$ S = \mathrm{Attention}(X W^Q, X W^K, X W^V), \quad W^Q, W^K, W^V \in \mathbb{R}^{k \times k} $$)",
           R"($$ S = \mathrm{Attention}(X, X, X) $$)",
           R"($$ S = \mathrm{Attention}_{j \le t}(X W^Q, X W^K, X W^V), \quad W^Q, W^K, W^V \in \mathbb{R}^{k \times k} $$)",
           R"($$ S = X + \mathrm{Dropout}(\mathrm{Attention}_{j < i}(X, X W, X)), \quad W \in \mathbb{R}^{k \times k} $$)"}) {
    BOOST_TEST(differs(sequence + line + "\n" + answer) <= 1e-10, line);
    BOOST_TEST(is_fused(script(sequence + line + "\n" + answer)), line);
  }
}

BOOST_AUTO_TEST_CASE(a_softmax_of_a_matrix_is_the_same_attention) {
  for (const std::string& below : std::vector<std::string>{"", "_{j \\le i}", "_{j \\ne i}"}) {
    const auto line = R"($$ S = \mathrm{softmax})" + below + R"(\left(\frac{X W^Q (X W^K)^\top}{\sqrt{k}}\right) X, \quad W^Q, W^K \in \mathbb{R}^{k \times k} $$)";
    BOOST_TEST(differs(sequence + line + "\n" + answer) <= 1e-10, line);
  }
}

BOOST_AUTO_TEST_CASE(a_family_stands_for_the_sequence_too) {
  const std::string line = R"($$ S = \mathrm{Attention}([\mathbf{x}_t]_{t=1}^{T}, [\mathbf{q}_{s_t}]_{t=1}^{T}, [\mathbf{x}_t]_{t=1}^{T}) $$)";
  BOOST_TEST(differs("$$ \\mathbf{x}_t = \\mathbf{q}_{s_t} + \\mathbf{r}_t $$\n" + line + "\n" + answer) <= 1e-10);
  BOOST_TEST(differs(R"($$ X = [\mathbf{q}_{s_t}]_{t=1}^{T} $$
$$ S = \mathrm{ReLU}(X W_1 + \mathbf{b}_1) W_2 + \mathbf{b}_2, \quad W_1, W_2 \in \mathbb{R}^{k \times k} $$
$$ \hat{y} = \langle S_T + \max_t S_t, \mathbf{q}_v \rangle + \mathbf{q}_v^\top S^\top S \mathbf{p}_u + \| S \|^2 + \mathbf{c}^\top \mathrm{vec}(S) + \mathbf{a}^\top X \mathbf{p}_u + \max(X \mathbf{p}_u) + \mathrm{mean}(X \mathbf{q}_v) $$
)") <= 1e-10);
}

BOOST_AUTO_TEST_CASE(heads_as_papers_write_them_stand_side_by_side) {
  const std::string of_head = R"($$ \mathrm{head}_h = \mathrm{Attention}_{j \le t}(X W^Q_h, X W^K_h, X W^V_h), \quad W^Q_h, W^K_h, W^V_h \in \mathbb{R}^{k \times a} $$
)";
  for (const std::string& line : std::vector<std::string>{
           R"($$ S = [\mathrm{head}_1; \dots; \mathrm{head}_H] W^O, \quad W^O \in \mathbb{R}^{k \times k} $$)",
           R"($$ S = \mathrm{concat}(\mathrm{head}_1, \dots, \mathrm{head}_H) W^O, \quad W^O \in \mathbb{R}^{k \times k} $$)",
           R"($$ S = [\mathrm{head}_h]_{h=1}^{H} W^O, \quad W^O \in \mathbb{R}^{k \times k} $$)",
           R"($$ S = [\mathrm{head}_1; \mathrm{head}_2] W^O, \quad W^O \in \mathbb{R}^{2 a \times k} $$)",
           R"($$ S = (\mathrm{head}_1 \oplus \mathrm{head}_2) W^O, \quad W^O \in \mathbb{R}^{2 a \times k} $$)"}) {
    BOOST_TEST(differs(sequence + of_head + line + "\n" + answer) <= 1e-10, line);
    BOOST_TEST(is_fused(script(sequence + of_head + line + "\n" + answer)), line);
  }
}

BOOST_AUTO_TEST_CASE(multi_head_is_one_word_with_weights_of_its_own) {
  for (const std::string& line : std::vector<std::string>{
           R"($$ S = \mathrm{MultiHead}(X) $$)", R"($$ S = \mathrm{MultiHead}_{j \le t}(X) + X $$)",
           R"($$ S = \mathrm{MultiHead}_1(X, X, X) + \mathrm{MultiHead}_2(X, E, E), \quad E = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$)"}) {
    BOOST_TEST(differs(sequence + line + "\n" + answer) <= 1e-10, line);
  }
  const auto card = compiled(sequence + "$$ S = \\mathrm{MultiHead}(X) $$\n" + answer);
  const auto made = script_for(card, {4, 3, 1, 20, 5, 6});
  BOOST_TEST_REQUIRE(made.has_value());
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto& parameter : made->parameters) shapes[parameter.name] = parameter.shape;
  BOOST_TEST((shapes.at("multihead_W_Q") == std::vector<std::int64_t>{2, 4, 2}));
  BOOST_TEST((shapes.at("multihead_W_O") == std::vector<std::int64_t>{4, 4}));
}

BOOST_AUTO_TEST_CASE(blocks_of_attention_are_a_loop) {
  BOOST_TEST(differs(R"($$ X_0 = [\mathbf{q}_{s_t} + \mathbf{r}_t]_{t=1}^{T} $$
$$ A_l = \mathrm{LayerNorm}_l(X_l + \mathrm{Dropout}(\mathrm{MultiHead}^{(l)}_{j \le t}(X_l))) $$
$$ X_{l+1} = A_l + \mathrm{ReLU}(A_l F_l + \mathbf{f}_l) G_l + \mathbf{g}_l, \quad l = 0, \dots, L-1, \quad F_l, G_l \in \mathbb{R}^{k \times k} $$
$$ \hat{y} = \langle X_{L,T}, \mathbf{q}_v \rangle $$
)") <= 1e-10);
}

BOOST_AUTO_TEST_CASE(fields_attend_to_fields_and_the_candidate_to_the_history) {
  for (const std::string& body : std::vector<std::string>{
           R"($$ E = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
$$ \hat{y} = b + \mathbf{w}^\top \mathrm{vec}(\mathrm{MultiHead}(E)) $$
)",
           R"($$ X = [\mathbf{q}_{s_t}]_{t=1}^{T} $$
$$ Y = [\mathbf{q}_{s_t} \odot \mathbf{q}_v]_{t=1}^{T} $$
$$ S = \mathrm{MultiHead}(Y, X, X) $$
$$ \hat{y} = \mathbf{p}_u^\top (S_T + \sum_{t=1}^{T} S_t) $$
)"}) {
    BOOST_TEST(differs(body) <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_CASE(a_card_may_say_itself_what_attention_and_its_heads_are) {
  const std::string own = R"($$ \mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left(\frac{Q K^\top}{\sqrt{a}}\right) V + V $$
$$ \mathrm{head}_h(Z) = \mathrm{Attention}(Z W^Q_h, Z W^K_h, Z W^V_h), \quad W^Q_h, W^K_h, W^V_h \in \mathbb{R}^{k \times a} $$
$$ \mathrm{MultiHead}(Z) = [\mathrm{head}_1(Z); \dots; \mathrm{head}_H(Z)] W^O, \quad W^O \in \mathbb{R}^{k \times k} $$
$$ \mathrm{FFN}(Z) = \mathrm{ReLU}(Z W_1 + \mathbf{b}_1) W_2 + \mathbf{b}_2, \quad W_1, W_2 \in \mathbb{R}^{k \times k} $$
)";
  BOOST_TEST(differs(sequence + own + "$$ S = \\mathrm{FFN}(\\mathrm{MultiHead}(X)) $$\n" + answer) <= 1e-10);
  const std::string layers = R"($$ \mathrm{MultiHead}_l(Z) = \mathrm{Attention}(Z A_l, Z B_l, Z C_l), \quad A_l, B_l, C_l \in \mathbb{R}^{k \times k} $$
$$ X_0 = [\mathbf{q}_{s_t}]_{t=1}^{T} $$
$$ X_{l+1} = X_l + \mathrm{MultiHead}_l(X_l), \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \langle X_{L,T}, \mathbf{q}_v \rangle $$
)";
  BOOST_TEST(differs(layers) <= 1e-10);
  const auto made = script_for(compiled(layers), {4, 3, 1, 20, 5, 6});
  BOOST_TEST_REQUIRE(made.has_value());
  for (const auto& parameter : made->parameters) BOOST_TEST(parameter.name.find("multihead") == std::string::npos, parameter.name);
}

BOOST_AUTO_TEST_CASE(a_mask_of_entries_is_added_to_the_scores_as_papers_write_it) {
  const std::string masked = R"($$ S = \mathrm{softmax}\left(\frac{X W X^\top}{\sqrt{k}} + M\right) X, \quad W \in \mathbb{R}^{k \times k} $$
$$ M_{t,j} = \begin{cases} 0 & j \le t \\ -\infty & \text{otherwise} \end{cases}, \quad j = 1, \dots, T $$
)";
  BOOST_TEST(differs(sequence + masked + answer) <= 1e-10);
  const auto made = script_for(compiled(sequence + masked + answer), {4, 3, 1, 20, 5, 6});
  BOOST_TEST_REQUIRE(made.has_value());
  for (const auto& parameter : made->parameters) BOOST_TEST((parameter.name == "W" || parameter.name == "r"), parameter.name);
  auto squared = masked;
  squared.replace(squared.find("+ M\\right"), 3, "+ M^2");
  const auto refused = compile_card("small.md", head + sequence + squared + answer);  // the power was dropped without a word
  BOOST_TEST_REQUIRE(!refused.problems.empty());
  const auto said = describe(refused.problems[0], refused.method.card.source);
  BOOST_TEST(said.find("powers of matrices are not known") != std::string::npos, said);
  // Rows that an equation says one by one are a matrix, too.
  BOOST_TEST(differs(R"($$ \mathbf{X}_t = \mathbf{q}_{s_t} + \mathbf{r}_t $$
$$ S = \mathrm{Attention}(\mathbf{X}, \mathbf{X}, \mathbf{X}) $$
)" + answer) <= 1e-10);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_says_what_would) {
  const auto said = [](const std::string& body) {
    const auto card = compile_card("small.md", head + body);
    std::string out;
    for (const auto& problem : card.problems) out += describe(problem, card.method.card.source) + "\n";
    return out;
  };
  const auto has = [&](const std::string& body, const std::string& part) {
    const auto text = said(sequence + body + answer);
    BOOST_TEST(text.find(part) != std::string::npos, body << text);
  };
  has("$$ S = \\mathrm{Attention}(X, \\mathbf{q}_v, X) $$\n", "Attention takes three matrices");
  has("$$ S = \\mathrm{Attention}(X W, X, X), \\quad W \\in \\mathbb{R}^{k \\times 3} $$\n", "the sizes differ: Q is a matrix of size T by 3");
  has("$$ S = \\mathrm{Attention}_j(X, X, X) $$\n", "the condition below Attention is one of two letters");
  has("$$ S = \\mathrm{MultiHead}(X, X) $$\n", "MultiHead takes one matrix that looks at itself, or three");
  has("$$ E = [\\mathbf{e}_1; \\dots; \\mathbf{e}_n] $$\n$$ S = [X; E] $$\n", "the sizes differ: here is a matrix of size T by k");
}

BOOST_AUTO_TEST_CASE(a_round_may_ask_for_the_place_with_its_own_number) {
  // Found by fuzzing: attention from place l in round l. It was a state of its own, of a round's number before there was any.
  const std::string first = "$$ \\mathbf{x}_{1,t} = \\mathbf{q}_{s_t} + \\mathbf{r}_t $$\n";
  for (const std::string& next : std::vector<std::string>{
           R"($$ \mathbf{x}_{l+1,t} = \tanh(\mathbf{x}_{l,t} + W_l \mathbf{x}_{l,l}), \quad l = 1, \dots, L,W_l \in \mathbb{R}^{k \times k} $$)",
           R"($$ \alpha_{l,t,j} = \mathrm{softmax}_j(\langle \mathbf{x}_{l,t}, \mathbf{x}_{l,j} \rangle) $$
$$ \mathbf{x}_{l+1,t} = \tanh(\mathbf{x}_{l,t} + \sum_{j=1}^{T} \alpha_{l,l,j} \mathbf{x}_{l,j}), \quad l = 1, \dots, L $$)"}) {
    BOOST_TEST(differs(first + next + "\n" + "$$ \\hat{y} = \\langle \\mathbf{x}_{L+1,T}, \\mathbf{q}_v \\rangle $$\n") <= 1e-10, next);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
