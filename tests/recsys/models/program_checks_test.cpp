#include "recsys/models/program_checks.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/models/method.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

constexpr std::uint64_t kSeed = 11;

const std::string kForward =
    "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:\n";

/// `body` over the weights and embeddings of all fields, w [B, F] and e [B, F, 3].
Program with_body(const std::string& body, const std::vector<TensorSpec>& parameters = {}) {
  return {kForward +
              "    w = self.w(singles, bags, dense)\n"
              "    e = self.e(singles, bags, dense)\n" +
              body,
          {{"w", {}, "zeros"}, {"e", {3}, "normal(0.01)"}},
          parameters};
}

const InputSpec kInputs = made_up_inputs(2, 1, 1);

/// The error of a check, which must name `culprit`.
std::string error_of(const Program& program, const std::string& culprit) {
  const auto report = check_program(program, kInputs, kSeed);
  if (report) return "none";
  BOOST_TEST(report.error().message.find(culprit) != std::string::npos, to_string(report.error()));
  return report.error().code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(program_checks)

BOOST_AUTO_TEST_CASE(recsys_own_methods_pass_on_any_inputs) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  for (const auto& inputs :
       {kInputs, made_up_inputs(0, 2, 0), made_up_inputs(0, 0, 3), made_up_inputs(3, 0, 0)}) {
    for (const auto* method : {"lr", "fm", "deepfm", "dcnv2"}) {
      Settings settings;
      if (std::string(method) != "lr") settings["dim"] = "4";
      if (std::string(method) == "deepfm" || std::string(method) == "dcnv2") settings["hidden"] = "32,16";
      const auto made = program(method, settings, inputs).value();
      const auto report = check_program(made, inputs, kSeed);
      BOOST_REQUIRE_MESSAGE(report, method << ": " << (report ? "" : to_string(report.error())));
      BOOST_TEST(report->parameters == assemble(made, inputs)->values());
      BOOST_TEST(report->without_gradient.empty());
      BOOST_TEST(report->gradients.size() == 40U);
      BOOST_TEST(report->gradient_error < 1e-5);
      BOOST_TEST(report->loss_after < report->loss_before);
      BOOST_TEST(report->loss_after < 0.1);
      BOOST_TEST_MESSAGE(method << ": " << report->parameters << " parameters, gradients to "
                                << report->gradient_error << ", learned in " << report->steps << " steps");
    }
  }
}

BOOST_AUTO_TEST_CASE(parameters_are_counted_for_the_inputs_as_given_without_making_them) {
  const auto huge = made_up_inputs(4, 0, 2, 1'000'000'000);
  const auto report = check_program(with_body("    return w.sum(1) + e.sum([1, 2])\n"), huge, kSeed);
  BOOST_REQUIRE(report);
  BOOST_TEST(report->parameters == 4ULL * 1'000'000'001 * 4 + 2 * 4);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_cut_off_is_found_and_named) {
  BOOST_TEST(error_of(with_body("    return w.sum(1) + (e.detach() * e).sum([1, 2])\n"), "'e_") ==
             "models.wrong_gradient");
  BOOST_TEST(
      error_of(with_body("    return w.sum(1) + self.c.detach() * e.sum([1, 2])\n", {{"c", {}, "ones"}}),
               "'c'") == "models.wrong_gradient");
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_infinite_at_the_first_values_is_found_and_named) {
  BOOST_TEST(error_of(with_body("    return w.sum(1) + self.c.norm() + self.d.sqrt()\n",
                                {{"c", {2}, "ones"}, {"d", {}, "zeros"}}),
                      "'d'") == "models.not_finite");
  BOOST_TEST(error_of(with_body("    return torch.log(w.sum(1)) + e.sum([1, 2])\n"), "output") ==
             "models.not_finite");
}

BOOST_AUTO_TEST_CASE(tensors_that_nothing_depends_on_are_listed) {
  const auto program = with_body("    return w.sum(1) + 0 * self.idle.sum()\n",
                                 {{"idle", {4}, "ones"}, {"unread", {2, 2, 2}, "xavier"}});
  const auto report = check_program(program, kInputs, kSeed);
  BOOST_REQUIRE_MESSAGE(report, (report ? "" : to_string(report.error())));
  const std::vector<std::string> expected = {"e_table", "e_dense", "idle", "unread"};
  BOOST_TEST(report->without_gradient == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_cannot_learn_is_found) {
  BOOST_TEST(error_of(with_body("    return self.b.expand(dense.size(0))\n", {{"b", {1}, "zeros"}}),
                      "learned by heart") == "models.does_not_fit");
}

BOOST_AUTO_TEST_CASE(a_penalty_has_gradients_too_and_does_not_hinder_learning) {
  auto program = with_body("    return w.sum(1)\n", {{"c", {3}, "ones"}});
  program.penalised = true;
  program.script +=
      "def penalty(self) -> Tensor:\n    return 100 * self.w_table.abs().sum() + self.c.pow(2).sum()\n";
  const auto report = check_program(program, kInputs, kSeed);
  BOOST_REQUIRE_MESSAGE(report, (report ? "" : to_string(report.error())));
  BOOST_TEST(report->without_gradient == (std::vector<std::string>{"e_table", "e_dense"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(programs_that_do_not_run_say_why) {
  BOOST_TEST(error_of(with_body("    return e.sum()\n"), "one logit a row") == "models.failed");
  BOOST_TEST(error_of(with_body("    return w.sum(1).float()\n"), "Float") == "models.failed");
  BOOST_TEST(error_of(with_body("    return self.nothing\n"), "nothing") == "models.failed");
  auto small = with_body("    return w.sum(1)\n");
  small.look_ups[1].int8 = true;
  BOOST_TEST(error_of(small, "'e'") == "models.bad_program");
}

BOOST_AUTO_TEST_CASE(a_program_runs_with_the_values_that_it_is_given) {
  const auto program = with_body("    return w.sum(1) + torch.mv(e.flatten(1), self.out) * self.c\n",
                                 {{"out", {12}, "xavier"}, {"c", {}, "constant(2)"}});
  const auto batch = random_batch(kInputs, 20, kSeed);
  const auto values = random_values(program, kInputs, kSeed, 0.5).value();
  const auto logits = run_program(program, kInputs, batch, values);
  BOOST_REQUIRE_MESSAGE(logits, (logits ? "" : to_string(logits.error())));
  for (std::size_t r = 0; r < batch.rows; ++r) {
    double y = 0;
    const auto add = [&](const char* table, std::size_t row, std::size_t field, double share) {
      y += share * values.at(std::string("w") + table)[row];
      for (std::size_t k = 0; k < 3; ++k)
        y += share * values.at(std::string("e") + table)[row * 3 + k] * values.at("out")[field * 3 + k] *
             values.at("c")[0];
    };
    for (std::size_t s = 0; s < 2; ++s)
      add("_table", static_cast<std::size_t>(batch.singles[r * 2 + s]), s, 1);
    const auto* bag = batch.bags.data() + r * 3;
    const auto length = static_cast<double>(std::count_if(bag, bag + 3, [](auto c) { return c >= 0; }));
    for (std::size_t l = 0; l < 3; ++l)
      if (bag[l] >= 0) add("_table", static_cast<std::size_t>(bag[l]), 2, 1 / length);
    add("_dense", 0, 3, batch.dense[r]);
    BOOST_TEST(std::abs(logits->logits[r] - y) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(values_that_do_not_fit_are_refused) {
  const auto program = with_body("    return w.sum(1) * self.c\n", {{"c", {}, "ones"}});
  const auto batch = random_batch(kInputs, 2, kSeed);
  const auto values = random_values(program, kInputs, kSeed, 0).value();
  const auto refused = [&](const TensorValues& changed, const Batch& rows, const std::string& culprit) {
    const auto run = run_program(program, kInputs, rows, changed);
    return !run && run.error().code == "models.bad_values" &&
           run.error().message.find(culprit) != std::string::npos;
  };
  BOOST_TEST(run_program(program, kInputs, batch, values).has_value());
  auto changed = values;
  changed.erase("c");
  BOOST_TEST(refused(changed, batch, "'c'"));
  changed = values;
  changed["e_table"].pop_back();
  BOOST_TEST(refused(changed, batch, "'e_table'"));
  changed = values;
  changed["more"] = {1};
  BOOST_TEST(refused(changed, batch, "'more'"));
  auto short_batch = batch;
  short_batch.singles.pop_back();
  BOOST_TEST(refused(values, short_batch, "batch"));
}

BOOST_AUTO_TEST_CASE(without_spread_the_values_are_those_that_training_begins_with) {
  const auto program = with_body("    return w.sum(1)\n", {{"c", {2}, "constant(0.5)"}});
  const auto values = random_values(program, kInputs, kSeed, 0).value();
  BOOST_TEST(values.at("c") == (std::vector<double>{0.5, 0.5}), boost::test_tools::per_element());
  for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(values.at("e_table")[k] == 0.0);  // a missing value
  BOOST_TEST(values.at("e_table")[3] != 0.0);
  BOOST_TEST((values == random_values(program, kInputs, kSeed, 0).value()));
  BOOST_TEST((values != random_values(program, kInputs, kSeed + 1, 0).value()));
}

BOOST_AUTO_TEST_SUITE_END()
