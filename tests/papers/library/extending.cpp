// Cards that change one of the library compute what the changed equations say.
#include <boost/test/unit_test.hpp>

#include "papers/checks.hpp"

namespace automodel::papers {
namespace {

BOOST_AUTO_TEST_SUITE(cards_that_extend)

Result<CardReport> checked(const std::string& text) {
  return check_card("variant", text, {}, recsys::made_up_inputs(3, 1, 2), 11);
}

std::string said(const Result<CardReport>& report) { return report ? "" : to_string(report.error()); }

BOOST_AUTO_TEST_CASE(deepfm_with_a_gate_on_its_deep_part_agrees_with_the_interpreter) {
  const auto report = checked(R"(+++
method = "gated-deepfm"
extends = "deepfm"
parameter_count = "2 + N (k + 1) + n k h_1 + h_1 + h_1 h_2 + h_2 + h_2 h_3 + 2 h_3 + n k"
+++
$$ y_\mathrm{deep} \leftarrow y_\mathrm{deep} \cdot \sigma(\mathbf{g}^\top [\mathbf{e}_1; \dots; \mathbf{e}_n]) $$
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  BOOST_TEST(report->disagreement <= 1e-5);
  BOOST_TEST(report->stated.has_value());
}

BOOST_AUTO_TEST_CASE(deepfm_without_its_pairs_is_wide_and_deep) {
  const auto report = checked(R"(+++
method = "deepfm-without-fm"
extends = "deepfm"
remove = ["y_fm"]
parameter_count = "2 + N (k + 1) + n k h_1 + h_1 + h_1 h_2 + h_2 + h_2 h_3 + 2 h_3"
+++
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  const auto deepfm = card_text("deepfm");
  BOOST_TEST_REQUIRE(deepfm.has_value());
  const auto whole = script_for(compile_card("deepfm", *deepfm), {6, 4, 2, 100});
  const auto without = script_for(
      compile_card("variant", "+++\nmethod = \"v\"\nextends = \"deepfm\"\nremove = [\"y_fm\"]\n+++\n", {},
                   relatives_of("variant")),
      {6, 4, 2, 100});
  BOOST_TEST_REQUIRE((whole.has_value() && without.has_value()));
  BOOST_TEST(whole->text.find("torch.square") != std::string::npos);
  BOOST_TEST(without->text.find("torch.square") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_changed_step_of_a_recurrence_agrees_with_the_interpreter) {
  const auto report = checked(R"(+++
method = "gated-dcnv2"
extends = "dcnv2"
[parameters]
k = { default = 4, choices = [2, 8] }
+++
$$ \mathbf{x}_{l+1} \leftarrow \mathbf{x}_{l+1} \odot \sigma(\mathbf{q}_l) + \mathbf{x}_l, \quad l = 0, \dots, L-1 $$
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  BOOST_TEST(report->disagreement <= 1e-5);
}

BOOST_AUTO_TEST_CASE(an_index_whose_range_nobody_said_runs_in_the_interpreter_as_far_as_in_the_program) {
  const auto report = checked(R"(+++
method = "attention"
[parameters]
k = 3
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{k}$.

$$ \alpha_{i,j} = \mathrm{softmax}_j(\langle \mathbf{e}_i, \mathbf{e}_j \rangle) $$
$$ \mathbf{z}_i = \mathrm{ReLU}(\sum_{j=1}^{n} \alpha_{i,j} \mathbf{e}_j) $$
$$ \hat{y} = \sigma(b + \mathbf{u}^\top [\mathbf{z}_1; \dots; \mathbf{z}_n]) $$
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  BOOST_TEST(report->disagreement <= 1e-5);
}

BOOST_AUTO_TEST_CASE(softmax_over_pairs_in_an_equation_of_its_own_agrees_with_the_interpreter) {
  const auto report = checked(R"(+++
method = "pairs"
[parameters]
k = 3
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{k}$ and a weight $w_i \in \mathbb{R}$.

$$ a_{ij} = \mathrm{softmax}_{i<j}(\mathbf{h}^\top (\mathbf{e}_i \odot \mathbf{e}_j)) $$
$$ \hat{y} = \sigma(b + \sum_{i=1}^n w_i + \sum_{i<j} a_{ij} \mathbf{q}^\top (\mathbf{e}_i \odot \mathbf{e}_j) + \sum_{i<j} \mathbf{e}_i^\top \mathbf{e}_j
  + \sum_{i<j} \langle \mathbf{e}_i, \mathbf{e}_j \rangle^2) $$
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  BOOST_TEST(report->disagreement <= 1e-5);
}

BOOST_AUTO_TEST_CASE(powers_of_whatever_can_have_one_agree_with_the_interpreter) {
  const auto report = checked(R"(+++
method = "powers"
[parameters]
k = 3
hidden = { default = [4] }
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{k}$ and a weight $w_i \in \mathbb{R}$.

$$ s = 2^3 w_1 + \frac{w_2}{2}^2 + (w_1 + w_2)^3 + (3 + w_1^2)^{-1} + (1 + |w_2|)^{1/2} $$
$$ \hat{y} = \sigma(b + s + \mathrm{MLP}^{(a)}(\mathbf{e}_1) + \sum_{i=1}^n w_i + \langle \mathbf{e}_1, \mathbf{e}_2 \rangle^2) $$
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  BOOST_TEST(report->disagreement <= 1e-5);
}

BOOST_AUTO_TEST_CASE(what_a_card_adds_to_its_loss_and_what_it_draws_agree_with_the_interpreter) {
  const auto report = checked(R"(+++
method = "blurred-fm"
extends = "fm"
[parameters]
lambda = { default = 0.1, choices = [0.01, 0.5] }
+++
Noise $\epsilon \sim \mathcal{N}(0, 1)$ and $E \in \mathbb{R}^{3 \times k}$, $E \sim \mathcal{N}(\mathbf{0}, \mathbf{I})$, blurs the answer.

$$ s = (1 + \epsilon) \sum_{i=1}^{n} w_i + \| E \mathbf{e}_1 \|^2 $$
$$ \hat{y} = \sigma(b + s) $$
$$ \mathcal{L} = \lambda \sum_{i=1}^{n} w_i^2 + (\mathcal{L}_\mathrm{task} - b^2) $$
)");
  BOOST_TEST_REQUIRE(report.has_value(), said(report));
  BOOST_TEST(report->disagreement <= 1e-5);
}

BOOST_AUTO_TEST_CASE(a_card_can_change_what_another_adds_to_its_loss_or_take_it_away) {
  const auto kept = checked(R"(+++
method = "longer-codes"
extends = "mult-vae"
[parameters]
k = { default = 4, choices = [2, 4] }
h = { default = 6, choices = [3, 6] }
+++
$$ \mathcal{L} \leftarrow \mathcal{L} + \beta \| \mathbf{q}_v \|^2 $$
)");
  BOOST_TEST_REQUIRE(kept.has_value(), said(kept));
  BOOST_TEST(kept->disagreement <= 1e-5);
  const auto text = "+++\nmethod = \"v\"\nextends = \"mult-vae\"\nremove = [\"L\"]\n+++\n";
  const auto without = script_for(compile_card("v", text, {}, relatives_of("v")), {6, 4, 2, 100, 10, 10});
  BOOST_TEST_REQUIRE(without.has_value(), (without ? "" : to_string(without.error())));
  BOOST_TEST(!without->adds_to_loss);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace automodel::papers
