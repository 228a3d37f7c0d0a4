// Training of programs that look at users, items and histories, by every loss.
#include <boost/test/unit_test.hpp>

#include "recsys/models/checkpoint.hpp"
#include "recsys/training/trainer.hpp"
#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

const std::string kForward =
    "def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, users: Tensor, items: Tensor, "
    "history: Tensor, ages: Tensor, noise: bool) -> Tensor:\n";

/// <p_u, q_v> + b_v, and with a history the mean of it beside p_u.
Program factors(Loss loss, std::uint32_t negatives, std::uint32_t longest = 0) {
  Program out;
  out.script = kForward + "    user = self.p(users)\n";
  if (longest > 0) {
    out.script +=
        "    there = (history > 0).to(ages.dtype)\n"
        "    user = user + (self.r(history) * there.unsqueeze(-1)).sum(1) / there.sum(1, keepdim=True)"
        ".clamp(min=1.0)\n"
        "    if noise:\n"
        "        user = user * self.mask\n";
    out.look_ups.push_back({"r", {8}, "normal(0.1)", LookUp::items});
    out.noise = {{"mask", 8, 0.1}};
  }
  out.script += "    return (user.unsqueeze(1) * self.q(items)).sum(-1) + self.b(items)\n";
  out.look_ups.push_back({"p", {8}, "normal(0.1)", LookUp::users});
  out.look_ups.push_back({"q", {8}, "normal(0.1)", LookUp::items});
  out.look_ups.push_back({"b", {}, "zeros", LookUp::items});
  out.sources = {true, true, longest, false};
  out.loss = loss;
  out.negatives = negatives;
  return out;
}

struct World {
  SmallWorld world;

  TrainOptions options(const Program& program, std::uint32_t epochs) const {
    TrainOptions out;
    out.method = "factors";
    out.settings = {{"batch", "64"}, {"lr", "0.02"}};
    out.program = [program](const InputSpec&) { return program; };
    out.sources = program.sources;
    out.max_epochs = epochs;
    out.patience = 100;
    return out;
  }
  Result<Trained> run(const TrainOptions& o) const { return world.trained(o, world.parts.validation()); }
};

const std::pair<Loss, std::uint32_t> kAll[] = {{Loss::logloss, 0}, {Loss::logloss, 3}, {Loss::mse, 0},
                                               {Loss::mse, 2},     {Loss::bpr, 2},     {Loss::softmax, 0},
                                               {Loss::softmax, 5}};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ranking, World)

BOOST_AUTO_TEST_CASE(every_loss_learns_the_small_world) {
  for (const auto& [loss, negatives] : kAll) {
    const auto trained = run(options(factors(loss, negatives), 25));
    BOOST_REQUIRE_MESSAGE(trained, loss_name(loss) << ": " << (trained ? "" : to_string(trained.error())));
    BOOST_TEST(trained->epochs.back().train_loss < trained->epochs.front().train_loss);
    // Sampled items are never those that the user disliked: of these only the others tell something.
    BOOST_TEST(trained->best.at("auc") > (negatives == 0 ? 0.8 : 0.6), loss_name(loss) << " " << negatives);
    BOOST_TEST_MESSAGE(loss_name(loss) << " " << negatives << ": auc " << trained->best.at("auc"));
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_weights_and_a_resumed_training_too) {
  for (const auto& [loss, negatives] : kAll) {
    auto o = options(factors(loss, negatives, 4), 3);
    o.settings["unknown"] = "0.1";
    const auto whole = run(o), again = run(o);
    BOOST_REQUIRE_MESSAGE(whole, (whole ? "" : to_string(whole.error())));
    BOOST_TEST((whole->checkpoint == again->checkpoint));
    BOOST_TEST((whole->resume == again->resume));
    o.max_epochs = 1;
    const auto begun = run(o);
    o.max_epochs = 3;
    o.resume = begun->resume;
    const auto resumed = run(o);
    BOOST_REQUIRE_MESSAGE(resumed, (resumed ? "" : to_string(resumed.error())));
    BOOST_TEST((resumed->checkpoint == whole->checkpoint));
    BOOST_TEST((resumed->resume == whole->resume));
    o.resume.clear();
    o.seed = 2;
    BOOST_TEST((run(o)->checkpoint != whole->checkpoint));
  }
}

BOOST_AUTO_TEST_CASE(a_ranking_without_a_positive_row_is_refused) {
  std::erase_if(world.parts.train, [&](auto row) { return world.y[row] > 0.5F; });
  BOOST_TEST(run(options(factors(Loss::bpr, 1), 1)).error().code == "training.no_rows");
  BOOST_TEST(run(options(factors(Loss::logloss, 0), 1)).has_value());
}

BOOST_AUTO_TEST_CASE(the_sources_of_options_and_program_must_agree) {
  auto o = options(factors(Loss::bpr, 1, 4), 1);
  o.sources.history = 3;
  BOOST_TEST(run(o).error().code == "models.bad_program");
  o.sources = {};
  BOOST_TEST(run(o).error().code == "models.no_inputs");
}

BOOST_AUTO_TEST_SUITE_END()
