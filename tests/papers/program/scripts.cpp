// What equations become: the statements of the script.
#include <boost/test/unit_test.hpp>

#include "tests/papers/meaning/card.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(papers_scripts)

/// The statements without the head, the look-ups and the comments.
std::string statements(const std::string& body) {
  const auto text = script(body);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    const bool said = has(line, "def forward") || has(line, "batch = ") ||
                      has(line, "(singles, bags, dense)") || has(line, "# ");
    if (!said) out += line + "\n";
    at = end + 1;
  }
  return out;
}

BOOST_AUTO_TEST_CASE(every_statement_has_its_equation_as_a_comment_and_is_listed) {
  const auto card = compiled(R"($$ s = b
  + \sum_{i=1}^{n} w_i $$
$$ \hat{y} = \sigma(s) $$
)");
  const auto made = script_for(card, {6, 4, 2, 100});
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(made->text ==
             R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    batch = singles.size(0)
    w = self.w(singles, bags, dense)
    # line 10: s = b + \sum_{i=1}^{n} w_i
    s = self.b + w.sum([1])
    # line 12: \hat{y} = \sigma(s)
    y_hat = s
    return y_hat
)");
  BOOST_REQUIRE_EQUAL(made->equations.size(), 2U);
  BOOST_TEST(made->equations[0].line == 10U);
  BOOST_TEST(made->equations[0].latex == "s = b + \\sum_{i=1}^{n} w_i");
  BOOST_TEST(made->equations[0].code == "s = self.b + w.sum([1])");
}

const std::string cross = R"($$ \mathbf{x}_0 = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
$$ \mathbf{x}_{l+1} = \mathbf{x}_0 \odot \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
)";

BOOST_AUTO_TEST_CASE(a_recurrence_is_a_loop_and_its_last_value_is_what_is_left) {
  BOOST_TEST(statements(cross + "$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top \\mathbf{x}_L) $$\n") ==
             R"(    x_2 = e.flatten(-2)
    x = x_2
    for l in range(0, 3):
        x_3 = x_2 * x
        x = x_3
    y_hat = torch.matmul(x, self.u)
    return y_hat
)");
}

BOOST_AUTO_TEST_CASE(the_first_value_of_a_recurrence_needs_no_loop) {
  BOOST_TEST(!has(script(cross + "$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top \\mathbf{x}_0) $$\n"), "for "));
}

BOOST_AUTO_TEST_CASE(all_values_of_a_recurrence_are_collected_with_or_without_the_first) {
  const auto all =
      script(cross + "$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top [\\mathbf{x}_0; \\dots; \\mathbf{x}_L]) $$\n");
  BOOST_TEST(has(all, "x_all = [x]\n"), all);
  BOOST_TEST(has(all, "        x_all.append(x_3)\n"), all);
  BOOST_TEST(has(all, "torch.stack(x_all, 1).flatten(-2)"), all);
  const auto later =
      script(cross + "$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top [\\mathbf{x}_1; \\dots; \\mathbf{x}_L]) $$\n");
  BOOST_TEST(has(later, "torch.stack(x_all[1:], 1).flatten(-2)"), later);
  BOOST_TEST(
      weights(cross +
              "$$ \\hat{y} = \\sigma(\\mathbf{u}^\\top [\\mathbf{x}_1; \\dots; \\mathbf{x}_L]) $$\n") ==
      "u: 72");
}

BOOST_AUTO_TEST_CASE(two_states_that_need_each_other_change_together) {
  const auto text = statements(R"($$ \mathbf{a}_0 = \mathbf{e}_1 $$
$$ \mathbf{c}_0 = \mathbf{e}_2 $$
$$ \mathbf{a}_{l+1} = \mathbf{a}_l + \mathbf{c}_l, \quad l = 0, \dots, L-1 $$
$$ \mathbf{c}_{l+1} = \mathbf{a}_l \odot \mathbf{c}_l, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{a}_L + \mathbf{v}^\top \mathbf{c}_L) $$
)");
  BOOST_TEST(has(text, R"(    for l in range(0, 3):
        a_3 = a + c
        c_3 = a * c
        a = a_3
        c = c_3
)"),
             text);
}

BOOST_AUTO_TEST_CASE(helper_families_are_computed_inside_the_loop_and_their_weights_are_one_a_round) {
  const std::string body = R"($$ \mathbf{x}_{0,i} = \mathbf{e}_i $$
$$ \alpha_{l,i,j} = \mathrm{softmax}_j(\langle A_l \mathbf{x}_{l,i}, \mathbf{x}_{l,j} \rangle) $$
$$ \mathbf{x}_{l+1,i} = \sum_{j=1}^n \alpha_{l,i,j} \mathbf{x}_{l,j}, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top [\mathbf{x}_{L,1}; \dots; \mathbf{x}_{L,n}]) $$
)";
  const auto text = statements(body);
  BOOST_TEST(has(text, "    for l in range(0, 3):\n        alpha = torch.softmax("), text);
  BOOST_TEST(has(text, "self.A.select(0, l)"), text);
  BOOST_TEST(weights(body) == "u: 24; A: 3 4 4");
}

BOOST_AUTO_TEST_CASE(a_recurrence_of_no_rounds_is_its_first_value) {
  CompileRequest request;
  request.settings = {{"L", "1"}};
  const auto card = compiled(R"(Let $A \in \mathbb{R}^{k \times k}$.

$$ \mathbf{x}_1 = A \mathbf{e}_1 $$
$$ \mathbf{x}_{l+1} = B_l \mathbf{x}_l, \quad l = 1, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)",
                             request);
  const auto text = script(card);
  BOOST_TEST(!has(text, "for "), text);
  BOOST_TEST(weights(card) == "u: 4; A: 4 4");
}

BOOST_AUTO_TEST_CASE(pairs_and_triples_are_tuples_of_fields) {
  const std::string body = R"($$ \hat{y} = \sigma(\sum_{i<j} r_{ij} \langle \mathbf{e}_i, \mathbf{e}_j \rangle
  + \sum_{i<j<m} \langle \mathbf{e}_i, \mathbf{e}_j, \mathbf{e}_m \rangle) $$
)";
  const auto text = script(body);
  BOOST_TEST(has(text, "tuples_6_2 = torch.combinations(torch.arange(6), 2)"), text);
  BOOST_TEST(has(text, "tuples_6_3 = torch.combinations(torch.arange(6), 3)"), text);
  BOOST_TEST(has(text, "e.index_select(1, tuples_6_3.select(1, 2))"), text);
  BOOST_TEST(weights(body) == "r: 6 6");
}

BOOST_AUTO_TEST_CASE(sums_of_products_of_like_pairs_take_the_fast_form) {
  for (const std::string sum :
       {R"(\sum_{i<j} \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
        R"(\sum_{i<j} \mathbf{e}_i^\top \mathbf{e}_j)",
        R"(\sum_{i=1}^n \sum_{j=i+1}^n \langle \mathbf{e}_i, \mathbf{e}_j \rangle)",
        R"(\mathbf{h}^\top \sum_{i<j} \mathbf{e}_i \odot \mathbf{e}_j)", R"(\sum_{i<j} w_i w_j)",
        R"(\sum_{i<j} \langle A \mathbf{e}_i, A \mathbf{e}_j \rangle)"}) {
    const auto text =
        script("Let $A, B \\in \\mathbb{R}^{3 \\times k}$.\n\n$$ \\hat{y} = \\sigma(" + sum + ") $$\n");
    BOOST_TEST(has(text, "torch.square("), sum + "\n" + text);
    BOOST_TEST(!has(text, "tuples"), sum + "\n" + text);
  }
  BOOST_TEST(
      statements("$$ \\hat{y} = \\sigma(\\sum_{i<j} \\langle \\mathbf{e}_i, \\mathbf{e}_j \\rangle) $$\n") ==
      "    y_hat = 0.5 * (torch.square(e.sum([1])) - torch.square(e).sum([1])).sum([1])\n    return y_hat\n");
}

BOOST_AUTO_TEST_CASE(sums_that_only_look_like_it_are_written_out) {
  for (const std::string sum :
       {R"(\sum_{i<j} \langle \mathbf{e}_i, \mathbf{c} \odot \mathbf{e}_j \rangle)",
        R"(\sum_{i<j} \langle A \mathbf{e}_i, B \mathbf{e}_j \rangle)", R"(\sum_{i<j} w_i w_j r_i)",
        R"(\sum_{i<j} \mathbf{e}_i^\top M \mathbf{e}_j)", R"(\sum_{i<j} (w_i + w_j))",
        R"(\sum_{i<j} \langle \mathbf{e}_i, \mathbf{e}_j \rangle^2)",
        R"(\sum_{i<j<m} \langle \mathbf{e}_i, \mathbf{e}_j \rangle w_m)"}) {
    const auto text =
        script("Let $A, B \\in \\mathbb{R}^{3 \\times k}$.\n\n$$ \\hat{y} = \\sigma(" + sum + ") $$\n");
    BOOST_TEST(has(text, "tuples_6_"), sum + "\n" + text);
  }
}

BOOST_AUTO_TEST_CASE(softmax_runs_over_an_index_or_over_all_pairs) {
  const auto index = script(R"($$ a_i = \mathrm{softmax}_i(\mathbf{h}^\top \mathbf{e}_i) $$
$$ \hat{y} = \sigma(\sum_{i=1}^n a_i w_i) $$
)");
  BOOST_TEST(has(index, "a = torch.softmax(torch.matmul(e, self.h), 1)"), index);
  const std::string sum = "\\mathbf{h}^\\top (\\mathbf{e}_i \\odot \\mathbf{e}_j)";
  const auto inside =
      script("$$ \\hat{y} = \\sigma(\\sum_{i<j} \\mathrm{softmax}_{i<j}(" + sum + ") w_i) $$\n");
  const auto apart = script("$$ a_{ij} = \\mathrm{softmax}_{i<j}(" + sum +
                            ") $$\n$$ \\hat{y} = \\sigma(\\sum_{i<j} a_{ij} w_i) $$\n");
  for (const auto& text : {inside, apart}) {
    BOOST_TEST(has(text, "torch.softmax("), text);
    BOOST_TEST(!has(text, "flatten"), text);  // of the pairs, not of all i and j
  }
}

BOOST_AUTO_TEST_CASE(an_index_beyond_those_of_a_quantity_is_an_entry_of_its_vector) {
  const auto text = statements(R"($$ \mathbf{x} = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
$$ \hat{y} = \sigma(\sum_{f=1}^{k} e_{2,f} + x_3 + \sum_{m=1}^{n k} c_m x_m) $$
)");
  BOOST_TEST(has(text, "e.select(1, 1).sum([1]) + x.select(1, 2)"), text);
  BOOST_TEST(has(text, "torch.matmul(x, self.c)"), text);
}

BOOST_AUTO_TEST_CASE(families_in_brackets_are_vectors) {
  BOOST_TEST(weights(R"($$ \mathbf{p} = [\langle \mathbf{e}_i, \mathbf{e}_j \rangle]_{i<j} $$
$$ \mathbf{q} = (\mathbf{r}^\top \mathbf{e}_i)_{i=1}^{n} $$
$$ \hat{y} = \sigma(\mathbf{u}^\top [\mathbf{p}; \mathbf{q}; w_1]) $$
)") == "u: 22; r: 4");
}

BOOST_AUTO_TEST_CASE(functions_of_the_card_are_inlined_with_their_arguments) {
  const auto text = statements(R"($$ g(\mathbf{z}, s) = s \mathbf{z} \odot \sigma(G \mathbf{z}) $$
$$ \hat{y} = \sigma(\mathbf{u}^\top g(\mathbf{e}_1, w_1) + \mathbf{u}^\top g(\mathbf{e}_2, 2)) $$
)");
  BOOST_TEST(has(text, "g = (w.select(1, 0).unsqueeze(1) * t) * torch.sigmoid(torch.matmul(t, self.G.t()))"),
             text);
  BOOST_TEST(has(text, "g_2 = 2.0 * "), text);
  BOOST_TEST(has(problems("$$ g(x) = x $$\n$$ \\hat{y} = \\sigma(g(w_1, w_2)) $$\n"),
                 "papers.not_understood small.md:11"));
}

BOOST_AUTO_TEST_CASE(a_function_of_a_layer_takes_the_layer_of_its_argument) {
  const std::string body = R"(Experts $q = 1, \dots, 2$.

$$ \mathbf{x}_0 = [\mathbf{e}_1; \dots; \mathbf{e}_n] $$
$$ E_q(\mathbf{x}_l) = \mathbf{x}_0 \odot (W_{l,q} \mathbf{x}_l) $$
$$ \mathbf{x}_{l+1} = \sum_{q=1}^{2} E_q(\mathbf{x}_l) + \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
$$ \hat{y} = \sigma(\mathbf{u}^\top \mathbf{x}_L) $$
)";
  BOOST_TEST(weights(body) == "u: 24; W: 3 2 24 24");
  BOOST_TEST(has(script(body), "self.W.select(0, l)"));
}

BOOST_AUTO_TEST_CASE(cases_norms_and_transposes_have_their_operations) {
  const auto text =
      statements(R"($$ z = \begin{cases} w_1 & w_1 > 0 \\ 0.1 w_1 & \text{otherwise} \end{cases} $$
$$ c = \| \mathbf{e}_1 \| + \| \mathbf{e}_2 \|^2 + \| \mathbf{e}_3 \|_1 + |w_1| $$
$$ m = \mathbf{e}_1^\top M \mathbf{e}_2 + \mathbf{e}_1^\top M^\top \mathbf{e}_2 $$
$$ \hat{y} = \sigma(z + c + m) $$
)");
  BOOST_TEST(has(text, "torch.where(("), text);
  BOOST_TEST(has(text, "torch.sqrt(torch.square(e.select(1, 0)).sum([1]))"), text);
  BOOST_TEST(has(text, "torch.square(e.select(1, 1)).sum([1])"), text);
  BOOST_TEST(has(text, "torch.abs(e.select(1, 2)).sum([1])"), text);
  BOOST_TEST(has(text, "self.M)"), text);
  BOOST_TEST(has(text, "self.M.t())"), text);
}

BOOST_AUTO_TEST_CASE(no_power_is_lost) {
  const std::pair<std::string, std::string> cases[] = {{"2^3 w_1", "8.0 * w"},
                                                       {"\\frac{w_1}{2}^2", "torch.square("},
                                                       {"w_1^{-1}", "torch.pow(w.select(1, 0), (-1.0))"},
                                                       {"w_1^{1/2}", ", 0.5)"},
                                                       {"|w_1|^3", "torch.pow(torch.abs("},
                                                       {"\\tanh^2(w_1)", "torch.square(torch.tanh("},
                                                       {"\\sigma(w_1)^2", "torch.square(torch.sigmoid("}};
  for (const auto& [latex, code] : cases) {
    const auto text = script("$$ \\hat{y} = \\sigma(b + " + latex + ") $$\n");
    BOOST_TEST(has(text, code), latex + "\n" + text);
  }
  BOOST_TEST(
      has(problems("$$ \\hat{y} = \\sigma(\\mathbf{1}^\\top \\mathbf{e}_1) $$\n"), "a number is no symbol"));
  BOOST_TEST(has(problems("$$ \\hat{y} = \\sigma(\\|\\mathbf{e}_1\\|_3) $$\n"), "this norm is not known"));
}

BOOST_AUTO_TEST_CASE(two_dropouts_of_one_quantity_have_masks_and_rates_of_their_own) {
  auto text = card_text(R"($$ \mathbf{x} = \mathbf{e}_1 + \mathbf{e}_2 $$
$$ \mathbf{z} = \mathrm{Dropout}(\mathbf{x}) \odot \mathrm{Dropout}_1(\mathbf{x}) + \mathbf{x} $$
$$ \hat{y} = \sigma(\mathbf{w}^\top \mathbf{z}) $$
)");
  text.replace(text.find("k = "), 0, "dropout = 0.5\ndropout_1 = 0.25\n");
  const auto made = script_for(compile_card("small.md", text), {6, 4, 2, 100});
  BOOST_REQUIRE(made.has_value());
  BOOST_REQUIRE_EQUAL(made->noise.size(), 2U);
  BOOST_TEST(made->noise[0].rate == 0.5);
  BOOST_TEST(made->noise[1].rate == 0.25);
  BOOST_TEST(has(made->text, "z = (t * t_2) + x\n"), made->text);
  BOOST_TEST(!has(made->text, "    x = x *"), made->text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
