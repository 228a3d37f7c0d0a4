// What stands in a card about users, items and histories computes what it says, with histories of any length.
#include <boost/test/unit_test.hpp>

#include "papers/checks.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(histories)

const std::string head = R"(+++
method = "small"
task = "ctr"
loss = "logloss"
[parameters]
k = 3
T = 4
L = 2
hidden = { default = [4, 3] }
+++
Each user $u$ has an embedding $\mathbf{p}_u \in \mathbb{R}^{k}$, each item $v$ has an embedding $\mathbf{q}_v \in \mathbb{R}^{k}$ and an
offset $b_v \in \mathbb{R}$. The user's history is $s_1, \dots, s_T$, latest last; its positions are $t = 1, \dots, T$, also $j = 1, \dots, T$.

)";

/// Between program and equations, for rows with an empty, a full and other histories.
double differs(const std::string& body) {
  const auto card = compile_card("small.md", head + body);
  std::string said;
  for (const auto& problem : card.problems) said += describe(problem, card.method.card.source) + "\n";
  BOOST_TEST_REQUIRE(card.problems.empty(), said);
  const auto difference = disagreement(card, recsys::made_up_inputs(2, 0, 1), 8, 11);
  BOOST_TEST_REQUIRE(difference.has_value(), body << (difference ? "" : to_string(difference.error())));
  return *difference;
}

BOOST_AUTO_TEST_CASE(what_runs_over_the_history_leaves_out_its_padding) {
  for (const std::string& body : std::vector<std::string>{
           R"($$ \hat{y} = b_v + \sum_{t=1}^{T} \langle \mathbf{q}_{s_t}, \mathbf{q}_v \rangle $$)",
           R"($$ \hat{y} = \langle \mathrm{mean}_t \mathbf{q}_{s_t}, \mathbf{q}_v \rangle $$)",
           R"($$ \hat{y} = \langle \max_t \mathbf{q}_{s_t}, \mathbf{q}_v \rangle + \min_t b_{s_t} $$)",
           R"($$ \hat{y} = \prod_{t=1}^{T} (2 + b_{s_t}) + \frac{b_v}{\max(1, \sum_{t=1}^{T} 1)} $$)",
           R"($$ a_t = \mathrm{softmax}_t(\langle \mathbf{q}_{s_t}, \mathbf{q}_v \rangle) $$
$$ \hat{y} = \langle \sum_{t=1}^{T} a_t \mathbf{q}_{s_t}, \mathbf{p}_u \rangle $$)",
           R"($$ \hat{y} = \mathbf{w}^\top [\mathbf{q}_{s_1}; \dots; \mathbf{q}_{s_T}] + \mathbf{u}^\top [b_{s_1}; \dots; b_{s_T}] $$)",
           R"($$ \hat{y} = \sum_{t=1}^{T} t \, w_t b_{s_t} + \sum_{t=2}^{T} \mathrm{MLP}([\mathbf{q}_{s_t}; \mathbf{q}_v]) $$)"}) {
    BOOST_TEST(differs(body + "\n") <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_CASE(a_position_before_the_history_is_zero) {
  for (const std::string& body : std::vector<std::string>{
           R"($$ \hat{y} = \langle \mathbf{q}_{s_T}, \mathbf{q}_v \rangle + \langle \mathbf{q}_{s_1}, \mathbf{p}_u \rangle + b_{s_{T-1}} $$)",
           R"($$ \hat{y} = \sum_{t=1}^{T} \langle A \mathbf{q}_{s_t} + B \mathbf{q}_{s_{t-1}} + C \mathbf{q}_{s_{t+2}}, \mathbf{q}_v \rangle $$)",
           R"($$ \mathbf{x}_t = \mathbf{q}_{s_t} + \mathbf{w}_t $$
$$ \hat{y} = \max_t \langle \mathbf{x}_t + 2 \mathbf{x}_{t-1}, \mathbf{q}_v \rangle + \langle \mathbf{x}_T, \mathbf{x}_{T-1} \rangle $$)",
           R"($$ \mathbf{x}_{t} = \begin{cases} \mathbf{m} & t = T+1 \\ \mathbf{q}_{s_t} & \text{otherwise} \end{cases}, \quad t = 1, \dots, T+1 $$
$$ \hat{y} = \langle \sum_{t=1}^{T+1} \mathbf{x}_t, \mathbf{q}_v \rangle + \langle \mathbf{x}_{T+1}, \mathbf{p}_u \rangle $$)"}) {
    BOOST_TEST(differs(body + "\n") <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_CASE(a_recurrence_goes_past_the_padding) {
  const std::string gru = R"(States are $\mathbf{h}_t \in \mathbb{R}^{k}$.

$$ \mathbf{h}_0 = 0 $$
$$ \mathbf{h}_t = \mathrm{GRU}(\mathbf{q}_{s_t}, \mathbf{h}_{t-1}), \quad t = 1, \dots, T $$
)";
  for (const auto& body : {
           gru + R"($$ \hat{y} = \langle \mathbf{h}_T, \mathbf{q}_v \rangle $$)",
           gru + R"($$ \hat{y} = \langle \sum_{t=1}^{T} \mathbf{h}_t + \mathbf{h}_{T-1}, \mathbf{q}_v \rangle $$)",
           gru + R"($$ a_t = \mathrm{softmax}_t(\langle \mathbf{h}_t, \mathbf{q}_v \rangle) $$
$$ g_0 = 1 $$
$$ g_t = g_{t-1} + a_t \tanh(g_{t-1} + b_{s_t} + b_{s_{t-1}}), \quad t = 1, \dots, T $$
$$ \hat{y} = g_T $$)",
           std::string(R"($$ \mathbf{h}_0 = \mathbf{p}_u $$
$$ \mathbf{h}_{t+1} = \tanh(A \mathbf{h}_t + B \mathbf{q}_{s_{t+1}}), \quad t = 0, \dots, T-1 $$
$$ \hat{y} = \langle \mathbf{h}_T, \mathbf{q}_v \rangle $$)")}) {
    BOOST_TEST(differs(body + "\n") <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_CASE(a_sum_can_stop_at_another_index_or_leave_it_out) {
  for (const std::string& body : std::vector<std::string>{
           R"($$ \mathbf{x}_t = \sum_{j=1}^{t} \mathbf{q}_{s_j} $$
$$ \hat{y} = \sum_{t=1}^{T} \tanh(\langle \mathbf{x}_t, \mathbf{q}_v \rangle) $$)",
           R"($$ \mathbf{x}_t = \sum_{j=1}^{t-1} \mathbf{q}_{s_j} + \max_{j \le t} b_{s_j} $$
$$ \hat{y} = \sum_{t=1}^{T} \langle \mathbf{x}_t, \mathbf{q}_v \rangle $$)",
           R"($$ \hat{y} = \sum_{t=1}^{T} \sum_{j \ne t} w_{tj} \langle \mathbf{q}_{s_t}, \mathbf{q}_{s_j} \rangle + b_v $$)",
           R"($$ \alpha_{t,j} = \mathrm{softmax}_{j \le t}(\langle A \mathbf{q}_{s_t}, \mathbf{q}_{s_j} \rangle) $$
$$ \mathbf{z}_t = \sum_{j=1}^{t} \alpha_{t,j} \mathbf{q}_{s_j} $$
$$ \hat{y} = \langle \mathbf{z}_T + \mathrm{mean}_t \mathbf{z}_t, \mathbf{q}_v \rangle $$)",
           R"(Positions have $\mathbf{w}_t \in \mathbb{R}^{k}$.

$$ \mathbf{x}_{0,t} = \mathbf{q}_{s_t} + \mathbf{w}_t $$
$$ \alpha_{l,t,j} = \mathrm{softmax}_{j \le t}(\langle A_l \mathbf{x}_{l,t}, \mathbf{x}_{l,j} \rangle) $$
$$ \mathbf{x}_{l+1,t} = \mathbf{x}_{l,t-1} + \sum_{j \le t} \alpha_{l,t,j} \mathbf{x}_{l,j}, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \langle \mathbf{x}_{L,T}, \mathbf{q}_v \rangle $$)"}) {
    BOOST_TEST(differs(body + "\n") <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_CASE(fields_too_have_sums_over_some_of_them) {
  const std::string fields = "The value of each field $i = 1, \\dots, n$ has an embedding $\\mathbf{e}_i \\in \\mathbb{R}^{k}$.\n\n";
  BOOST_TEST(differs(fields + R"($$ \hat{y} = \sum_{i=2}^{n} \langle \mathbf{e}_i, \mathbf{e}_1 \rangle + \sum_{i=1}^{n} \sum_{m \ne i} \langle \mathbf{e}_i, A \mathbf{e}_m \rangle, \quad m = 1, \dots, n $$
)") <= 1e-10);
}

BOOST_AUTO_TEST_CASE(several_indices_run_in_one_sum) {
  const std::string fields = "The value of each field $i = 1, \\dots, n$ has an embedding $\\mathbf{e}_i \\in \\mathbb{R}^{k}$; $j = 1, \\dots, n$ are fields too, and $m$.\n\n";
  for (const std::string& sum : std::vector<std::string>{
           R"(\sum_{i, j} \langle \mathbf{e}_i, A \mathbf{e}_j \rangle)",
           R"(\sum_{i, j = 1}^{n} w_{ij} \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
           R"(\sum_{1 \le i, j \le n} w_{ij} \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
           R"(\sum_{1 \le i < j \le n} w_{ij} \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
           R"(\sum_{1 \le i < j \le n} \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
           R"(\sum_{i < j < m} \langle \mathbf{e}_i, \mathbf{e}_j, \mathbf{e}_m \rangle)",
           R"(\sum_{1 \le i < j < m \le n} \langle \mathbf{e}_i, \mathbf{e}_j, \mathbf{e}_m \rangle)",
           R"(\sum_{i \ne j} \langle \mathbf{e}_i, A \mathbf{e}_j \rangle)",
           R"(\sum_{i, j, i \ne j} \langle \mathbf{e}_i, A \mathbf{e}_j \rangle)"}) {
    BOOST_TEST(differs(fields + "$$ \\hat{y} = " + sum + " $$\n") <= 1e-10, sum);
  }
  BOOST_TEST(differs(R"($$ \hat{y} = \sum_{t, j} w_{tj} \langle \mathbf{q}_{s_t}, \mathbf{q}_{s_j} \rangle + \sum_{t \ne j} \langle \mathbf{q}_{s_t}, B \mathbf{q}_{s_j} \rangle + b_v $$
)") <= 1e-10);
}

BOOST_AUTO_TEST_CASE(what_is_defined_for_each_item_has_a_value_for_those_of_the_history) {
  for (const std::string& body : std::vector<std::string>{
           R"($$ \mathbf{z}_v = \mathrm{ReLU}(W \mathbf{q}_v + \mathbf{c}) $$
$$ \hat{y} = \langle \mathbf{z}_v, \sum_{t=1}^{T} \mathbf{z}_{s_t} \rangle + \langle \mathbf{p}_u, \mathbf{z}_{s_T} \rangle $$)",
           R"($$ \mathbf{z}_v = W \mathbf{q}_v + \mathbf{c} $$
$$ g_v = \langle \mathbf{z}_v, \mathbf{p}_u \rangle + b_v $$
$$ a_t = \mathrm{softmax}_t(g_{s_t} + \langle \mathbf{z}_{s_t}, \mathbf{q}_v \rangle) $$
$$ \hat{y} = g_v + \sum_{t=1}^{T} a_t g_{s_t} + \sum_{t=1}^{T} \sum_{j=1}^{T} \langle \mathbf{z}_{s_t}, A \mathbf{z}_{s_j} \rangle $$)",
           R"($$ \mathbf{z}_{v} = \mathrm{MLP}(\mathbf{q}_v) $$
$$ \mathbf{x}_t = \mathbf{z}_{s_t} $$
$$ \hat{y} = \langle \sum_{t=1}^{T} \mathbf{x}_t \odot \mathbf{x}_{t-1}, \mathbf{z}_v \rangle $$)",
           R"($$ \mathbf{z}_v = W \mathbf{q}_v + \mathbf{c} $$
$$ \mathbf{h}_0 = \mathbf{p}_u $$
$$ \mathbf{h}_t = \tanh(A \mathbf{h}_{t-1} + \mathbf{z}_{s_t}), \quad t = 1, \dots, T $$
$$ \hat{y} = \langle \mathbf{h}_T, \mathbf{z}_v \rangle $$)"}) {
    BOOST_TEST(differs(body + "\n") <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_CASE(how_long_ago_an_item_was_chosen_is_known) {
  const std::string ages = "The ages in days are $\\delta_1, \\dots, \\delta_T$.\n\n";
  for (const std::string& body : std::vector<std::string>{
           R"($$ \hat{y} = \langle \sum_{t=1}^{T} \exp(-\lambda^2 \delta_t) \mathbf{q}_{s_t}, \mathbf{q}_v \rangle + \max_t \delta_t - \frac{\delta_T}{10} $$)",
           R"($$ a_t = \mathrm{softmax}_t(\langle \mathbf{q}_{s_t}, \mathbf{q}_v \rangle - c \log(1 + \delta_t) + w_t \frac{\delta_{t-1} - \delta_t}{20}) $$
$$ \hat{y} = \langle \sum_{t=1}^{T} a_t \mathbf{q}_{s_t}, \mathbf{p}_u \rangle $$)"}) {
    BOOST_TEST(differs(ages + body + "\n") <= 1e-10, body);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
