// Programs that look at users, items and histories.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "recsys/models/checkpoint.hpp"
#include "recsys/models/inference.hpp"
#include "recsys/models/program_checks.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

constexpr std::uint64_t kSeed = 17;

const std::string kForward =
    "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor, "
    "history: Tensor, ages: Tensor, noise: bool) -> Tensor:\n";

/// <p_u + mean of q over the history, newer ones more, q_v> + b_v: each source does something.
Program taste(Loss loss, std::uint32_t negatives, std::uint32_t longest) {
  Program out;
  out.script = kForward +
               "    there = (history > 0).to(ages.dtype)\n"
               "    weight = there * torch.exp(-0.1 * ages)\n"
               "    past = (self.q(history) * weight.unsqueeze(-1)).sum(1) / "
               "there.sum(1, keepdim=True).clamp(min=1.0)\n"
               "    user = (self.p(users) + past).unsqueeze(1)\n"
               "    return (user * self.q(items)).sum(-1) + self.b(items)\n";
  out.look_ups = {{"p", {4}, "normal(0.1)", LookUp::users},
                  {"q", {4}, "normal(0.1)", LookUp::items},
                  {"b", {}, "zeros", LookUp::items}};
  out.sources = {true, true, longest, false};
  out.loss = loss;
  out.negatives = negatives;
  return out;
}

std::string text_of(const Result<ProgramReport>& report) { return report ? "" : to_string(report.error()); }

}  // namespace

BOOST_AUTO_TEST_SUITE(sources)

BOOST_AUTO_TEST_CASE(made_up_rows_have_histories_of_every_length_and_unknown_users_and_items) {
  BOOST_TEST_MESSAGE("seed " << kSeed);
  const auto inputs = made_up_inputs(0, 0, 0, 5, 3, {true, true, 4, false});
  BOOST_TEST(inputs.users.rows() == 6U);
  BOOST_TEST(inputs.items.rows() == 6U);
  const auto batch = random_batch(inputs, 200, kSeed, 3);
  BOOST_TEST(batch.users.size() == 200U);
  BOOST_TEST(batch.items.size() == 600U);
  std::array<int, 5> lengths{};
  for (std::size_t r = 0; r < 200; ++r) {
    const auto* past = batch.history.data() + r * 4;
    const auto* ages = batch.ages.data() + r * 4;
    const auto first = std::find_if(past, past + 4, [](auto item) { return item != 0; }) - past;
    ++lengths[static_cast<std::size_t>(4 - first)];
    if (r == 0) BOOST_TEST(first == 4);
    if (r == 1) BOOST_TEST(first == 0);
    for (auto t = first; t < 4; ++t) BOOST_TEST((past[t] >= 1 && past[t] <= 5));
    for (auto t = first; t < 3; ++t) BOOST_TEST(ages[t] >= ages[t + 1]);
    for (std::ptrdiff_t t = 0; t < first; ++t) BOOST_TEST(ages[t] == 0);
    BOOST_TEST(batch.items[r * 3] != 0);
  }
  for (const auto count : lengths) BOOST_TEST(count > 10);
  BOOST_TEST((std::find(batch.users.begin(), batch.users.end(), 0) != batch.users.end()));
  BOOST_TEST((std::find(batch.items.begin(), batch.items.end(), 0) != batch.items.end()));
}

BOOST_AUTO_TEST_CASE(a_program_runs_over_users_candidates_and_histories_with_the_values_that_it_is_given) {
  const auto program = taste(Loss::bpr, 2, 3);
  const auto inputs = made_up_inputs(0, 0, 0, 5, 3, program.sources);
  const auto batch = random_batch(inputs, 30, kSeed, 3);
  const auto values = random_values(program, inputs, kSeed, 0.5).value();
  const auto answers = run_program(program, inputs, batch, values);
  BOOST_REQUIRE_MESSAGE(answers, (answers ? "" : to_string(answers.error())));
  const auto* const logits = &answers->logits;
  BOOST_REQUIRE(logits->size() == 90U);
  BOOST_TEST(answers->added.empty());
  for (std::size_t r = 0; r < 30; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      const auto item = static_cast<std::size_t>(batch.items[r * 3 + c]);
      double length = 0, y = values.at("b_table")[item];
      for (std::size_t t = 0; t < 3; ++t) length += batch.history[r * 3 + t] > 0 ? 1 : 0;
      for (std::size_t k = 0; k < 4; ++k) {
        double user = values.at("p_table")[static_cast<std::size_t>(batch.users[r]) * 4 + k];
        for (std::size_t t = 0; t < 3; ++t) {
          const auto past = static_cast<std::size_t>(batch.history[r * 3 + t]);
          if (past > 0)
            user += values.at("q_table")[past * 4 + k] * std::exp(-0.1 * batch.ages[r * 3 + t]) / length;
        }
        y += user * values.at("q_table")[item * 4 + k];
      }
      BOOST_TEST(std::abs((*logits)[r * 3 + c] - y) < 1e-12);
    }
  }
  auto other = batch;
  other.history.pop_back();
  BOOST_TEST(run_program(program, inputs, other, values).error().code == "models.bad_values");
}

BOOST_AUTO_TEST_CASE(programs_of_every_loss_pass_the_checks) {
  for (const auto& [loss, negatives] : {std::pair(Loss::logloss, 0U),
                                        {Loss::logloss, 4U},
                                        {Loss::mse, 0U},
                                        {Loss::bpr, 1U},
                                        {Loss::softmax, 0U},
                                        {Loss::softmax, 8U}}) {
    const auto program = taste(loss, negatives, 5);
    const auto inputs = made_up_inputs(0, 0, 0, 7, 3, program.sources);
    const auto report = check_program(program, inputs, kSeed);
    BOOST_REQUIRE_MESSAGE(report, loss_name(loss) << ": " << text_of(report));
    BOOST_TEST(report->parameters == 8ULL * (4 + 4 + 1));
    BOOST_TEST(report->without_gradient.empty());
    BOOST_TEST(report->loss_after < 0.1);
  }
}

BOOST_AUTO_TEST_CASE(fields_and_histories_go_together_in_a_program_that_does_not_rank) {
  Program program;
  program.script = kForward +
                   "    past = (self.q(history) * (history > 0).to(dense.dtype).unsqueeze(-1)).sum(1)\n"
                   "    e = self.e(singles, bags, dense).sum(1)\n"
                   "    return ((past.unsqueeze(1) + e.unsqueeze(1)) * self.q(items)).sum(-1) + "
                   "self.w(singles, bags, dense).sum(1, keepdim=True)\n";
  program.look_ups = {
      {"q", {3}, "normal(0.1)", LookUp::items}, {"e", {3}, "normal(0.1)"}, {"w", {}, "zeros"}};
  program.sources = {false, true, 4};
  const auto report = check_program(program, made_up_inputs(2, 1, 1, 5, 3, program.sources), kSeed);
  BOOST_TEST(report.has_value(), text_of(report));
}

BOOST_AUTO_TEST_CASE(candidates_that_are_shared_must_have_the_same_logits) {
  auto program = taste(Loss::bpr, 1, 2);
  const auto inputs = made_up_inputs(0, 0, 0, 5, 3, program.sources);
  const auto at = program.script.find("    return");
  program.script.insert(at, "    user = user / items.size(0)\n");
  const auto report = check_program(program, inputs, kSeed);
  BOOST_REQUIRE(!report);
  BOOST_TEST(report.error().message.find("[1, C]") != std::string::npos, text_of(report));
}

BOOST_AUTO_TEST_CASE(a_look_up_by_id_has_the_shape_of_the_ids_and_then_its_own) {
  Program program;
  program.script = kForward +
                   "    m = self.m(history)\n"
                   "    assert list(m.size()) == [2, 3, 2, 2]\n"
                   "    assert list(self.s(history).size()) == [2, 3]\n"
                   "    assert list(self.m(users).size()) == [2, 2, 2]\n"
                   "    assert list(singles.size()) == [2, 0]\n"
                   "    assert int(users.sum()) == 0 and users.size(0) == 2\n"
                   "    return m.sum([1, 2, 3]).unsqueeze(1) + self.s(items)\n";
  program.look_ups = {{"m", {2, 2}, "ones", LookUp::items}, {"s", {}, "ones", LookUp::items}};
  program.sources = {false, true, 3, false};
  auto inputs = made_up_inputs(1, 0, 0, 5, 3, {true, true, 3});
  const auto batch = random_batch(inputs, 2, kSeed);
  for (const bool small : {false, true}) {
    for (auto& look_up : program.look_ups) look_up.int8 = small;
    auto net = Net::compile(program, inputs, 1);
    BOOST_REQUIRE_MESSAGE(net, (net ? "" : to_string(net.error())));
    for (std::size_t i = 0; i < net->parameters().size(); ++i) {
      const auto& spec = net->parameters()[i];
      BOOST_TEST(spec.by_id);
      if (spec.int8) {
        const auto bytes = net->data(i);
        std::fill(bytes.begin(), bytes.end(), std::byte{2});
      } else {
        initialise(spec, i, inputs, 1, net->values(i));
        BOOST_TEST(net->values(i)[0] == 0);
        if (small) std::fill(net->values(i).begin(), net->values(i).end(), 0.5F);
      }
    }
    std::vector<float> logits(2);
    const auto done = net->infer(view(batch, inputs, 0, 2), logits);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : to_string(done.error())));
    if (small) {
      BOOST_TEST(logits == (std::vector<float>{13, 13}), boost::test_tools::per_element());
    } else {  // of zeros: the first history is padding, the second is full
      BOOST_TEST(logits == (std::vector<float>{1, 13}), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(sources_that_contradict_themselves_or_the_inputs_are_refused) {
  const auto inputs = made_up_inputs(1, 0, 0, 5, 3, {true, true, 3});
  const auto error = [&](const auto& change, const InputSpec& spec) {
    auto program = taste(Loss::bpr, 1, 3);
    change(program);
    const auto made = assemble(program, spec);
    return made ? std::string() : made.error().code;
  };
  BOOST_TEST(error([](Program&) {}, inputs) == "");
  BOOST_TEST(error([](Program& p) { p.negatives = 0; }, inputs) == "models.bad_program");
  BOOST_TEST(error([](Program& p) { p.sources.fields = true; }, inputs) == "models.bad_program");
  BOOST_TEST(error([](Program& p) { p.sources.items = false; }, inputs) == "models.bad_program");
  BOOST_TEST(error([](Program& p) { p.sources.users = false; }, inputs) == "models.bad_program");
  BOOST_TEST(error([](Program& p) { p.sources.history = 4; }, inputs) == "models.bad_program");
  BOOST_TEST(error([](Program&) {}, made_up_inputs(1, 0, 0)) == "models.no_inputs");
  const auto wrong = assemble(taste(Loss::bpr, 0, 3), inputs);
  BOOST_TEST(wrong.error().message.find("bpr") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sources_loss_and_negatives_survive_json_and_are_absent_where_they_always_were) {
  for (const auto& program : {taste(Loss::softmax, 0, 7), taste(Loss::logloss, 4, 7), taste(Loss::mse, 0, 7)})
    BOOST_TEST((Program::from_json(program.to_json()).value() == program));
  Program old{"def forward …", {{"e", {2}, "ones"}}};
  for (const auto* word : {"sources", "loss", "negatives"})
    BOOST_TEST(old.to_json().find(word) == std::string::npos);
  auto json = taste(Loss::bpr, 1, 7).to_json();
  json.replace(json.find("\"bpr\""), 5, "\"bpp\"");
  BOOST_TEST(Program::from_json(json).error().code == "models.bad_program");
}

BOOST_AUTO_TEST_CASE(a_model_without_fields_keeps_its_vocabularies_in_its_checkpoint) {
  Checkpoint checkpoint;
  checkpoint.program = taste(Loss::bpr, 1, 7);
  checkpoint.inputs = made_up_inputs(0, 0, 0, 5, 3, checkpoint.program->sources);
  checkpoint.inputs.items.codes = {0, 3, 4, 9};
  const auto read = read_checkpoint(write_checkpoint(checkpoint));
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : to_string(read.error())));
  BOOST_TEST(read->inputs.items.codes == checkpoint.inputs.items.codes, boost::test_tools::per_element());
  BOOST_TEST(read->inputs.users.rows() == 6U);
  BOOST_TEST(read->inputs.history == 7U);
}

BOOST_AUTO_TEST_SUITE_END()
