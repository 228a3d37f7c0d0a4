#include <boost/test/unit_test.hpp>
#include <limits>

#include "recsys/models/checkpoint.hpp"
#include "recsys/training/trainer.hpp"
#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

struct World {
  SmallWorld world{{"count(user)", "mean(label | item)"}};

  TrainOptions options(const std::string& method) const { return SmallWorld::options(method, 3); }
  Result<Trained> run(const TrainOptions& o,
                      const std::function<bool(const EpochReport&)>& on_epoch = {}) const {
    return world.trained(o, world.parts.validation(), on_epoch);
  }
};

/// Without the times, which differ.
void check_same(const Trained& a, const Trained& b) {
  BOOST_TEST((a.checkpoint == b.checkpoint));
  BOOST_TEST((a.resume == b.resume));
  BOOST_TEST((a.best == b.best));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(trainer, World)

BOOST_AUTO_TEST_CASE(every_method_learns_the_small_world) {
  for (const auto& method : methods()) {
    auto o = options(method.name);
    o.max_epochs = 25;
    const auto trained = run(o);
    BOOST_REQUIRE_MESSAGE(trained, method.name << ": " << (trained ? "" : to_string(trained.error())));
    BOOST_TEST_MESSAGE(method.name << " auc " << trained->best.at("auc"));
    // Tastes are pairs of a user's and an item's kind: only methods that cross the two can see them.
    const bool crosses = method.name != "lr" && method.name != "popularity";
    BOOST_TEST(trained->best.at("auc") > (crosses ? 0.8 : 0.4), method.name);
    BOOST_TEST(!trained->checkpoint.empty());
    BOOST_TEST(trained->rows > 0U);
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_weights_bit_for_bit) {
  for (const auto* method : {"lr", "fm", "deepfm", "dcnv2", "popularity", "itemknn", "ease"}) {
    auto o = options(method);
    const auto a = run(o), b = run(o);
    BOOST_REQUIRE(a);
    BOOST_REQUIRE(b);
    check_same(*a, *b);
    o.seed = 2;
    if (!find_method(method).value()->trained_by_gradient) continue;
    BOOST_TEST((run(o)->checkpoint != a->checkpoint));
  }
}

BOOST_AUTO_TEST_CASE(threads_give_the_same_weights_again_and_nearly_those_of_one) {
  auto o = options("deepfm");
  o.settings["unknown"] = "0.1";
  const auto one = run(o).value();
  o.threads = 3;
  const auto a = run(o).value(), b = run(o).value();
  check_same(a, b);
  // The same dropout and the same sums in another order: what differs is rounding.
  BOOST_TEST(a.epochs.back().train_loss == one.epochs.back().train_loss, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(a.best.at("auc") == one.best.at("auc"), boost::test_tools::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(a_resumed_training_ends_like_an_uninterrupted_one) {
  auto o = options("deepfm");
  o.settings["unknown"] = "0.1";
  o.max_epochs = 5;
  const auto whole = run(o);
  o.max_epochs = 2;
  const auto begun = run(o);
  o.max_epochs = 5;
  o.resume = begun->resume;
  const auto resumed = run(o);
  BOOST_REQUIRE_MESSAGE(resumed, (resumed ? "" : to_string(resumed.error())));
  BOOST_TEST(resumed->epochs.size() == 3U);
  BOOST_TEST(resumed->epochs.front().epoch == 3U);
  check_same(*whole, *resumed);
}

BOOST_AUTO_TEST_CASE(what_is_no_earlier_part_of_the_training_is_not_resumed) {
  auto o = options("fm");
  const auto begun = run(o);
  const auto refused = [&](const TrainOptions& changed) {
    const auto result = run(changed);
    return !result && result.error().code == "training.bad_resume";
  };
  auto changed = o;
  changed.resume = "garbage";
  BOOST_TEST(refused(changed));
  changed.resume = begun->checkpoint;
  BOOST_TEST(refused(changed));
  changed.resume = begun->resume;
  changed.seed = 9;
  BOOST_TEST(refused(changed));
  changed.seed = o.seed;
  changed.settings["dim"] = "4";
  BOOST_TEST(refused(changed));
  changed = options("itemknn");
  changed.resume = begun->resume;
  BOOST_TEST(refused(changed));
}

BOOST_AUTO_TEST_CASE(a_network_overfits_256_rows) {
  world.parts.train.resize(256);
  for (const auto* method : {"fm", "deepfm", "dcnv2"}) {
    auto o = options(method);
    o.max_epochs = 60;
    o.settings = {{"batch", "64"}, {"lr", "0.02"}};
    if (std::string(method) != "fm") o.settings["dropout"] = "0";
    const auto trained = run(o);
    BOOST_REQUIRE(trained);
    BOOST_TEST(trained->epochs.back().train_loss < 0.05, method << " " << trained->epochs.back().train_loss);
  }
}

BOOST_AUTO_TEST_CASE(it_stops_when_patience_ends_and_keeps_the_best_epoch) {
  auto o = options("deepfm");
  o.settings = {{"batch", "64"}, {"lr", "0.03"}, {"dropout", "0"}};
  o.metric = "logloss";
  o.max_epochs = 60;
  o.patience = 3;
  const auto trained = run(o);
  BOOST_REQUIRE(trained);
  BOOST_TEST(trained->epochs.size() < 60U);
  BOOST_TEST(!trained->stopped);
  std::size_t best = 0;
  for (std::size_t i = 0; i < trained->epochs.size(); ++i) {
    if (trained->epochs[i].metrics.at("logloss") < trained->epochs[best].metrics.at("logloss")) best = i;
  }
  BOOST_TEST((trained->best == trained->epochs[best].metrics));
  BOOST_TEST(best + 1 + o.patience == trained->epochs.size());
}

BOOST_AUTO_TEST_CASE(the_caller_stops_it_after_any_epoch) {
  auto o = options("lr");
  o.max_epochs = 10;
  const auto trained = run(o, [](const EpochReport& e) { return e.epoch < 2; });
  BOOST_REQUIRE(trained);
  BOOST_TEST(trained->stopped);
  BOOST_TEST(trained->epochs.size() == 2U);
  BOOST_TEST(trained->rows == 2 * world.parts.train.size());
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_no_number_is_an_error) {
  auto o = options("fm");
  o.max_epochs = 30;
  o.settings["lr"] = "10";
  world.y[world.parts.train[100]] = std::numeric_limits<float>::quiet_NaN();
  const auto trained = run(o);
  BOOST_REQUIRE(!trained);
  BOOST_TEST(trained.error().code == "training.nan");
}

BOOST_AUTO_TEST_CASE(any_program_is_trained_and_its_model_says_what_it_is) {
  const Program mine{
      R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    v = self.v(singles, bags, dense)
    return torch.tanh(self.shift) + (v[:, 0] * v[:, 1]).sum([1, 2])
)",
      {{"v", {2, 3}, "normal(0.1)", LookUp::categorical}},
      {{"shift", {}, "zeros"}}};
  auto o = options("fm");
  o.method = "my own";
  o.max_epochs = 25;
  o.settings["rank"] = "6";
  o.program = [&](const InputSpec&) { return mine; };
  o.description = "what I made up";
  const auto trained = run(o);
  BOOST_REQUIRE_MESSAGE(trained, (trained ? "" : to_string(trained.error())));
  BOOST_TEST(trained->best.at("auc") > 0.8);
  const auto model = read_checkpoint(trained->checkpoint).value();
  BOOST_TEST(model.method == "my own");
  BOOST_TEST(model.description == "what I made up");
  BOOST_TEST(model.settings.at("rank") == "6");
  BOOST_TEST(model.settings.at("l2") == "0");  // filled in
  BOOST_TEST((model.program == mine));
  BOOST_TEST(trained->parameters == 6ULL * model.inputs.table_rows + 1);

  auto other = mine;
  other.parameters[0].init = "ones";
  o.resume = trained->resume;
  o.program = [&](const InputSpec&) { return other; };
  BOOST_TEST(run(o).error().code == "training.bad_resume");
  o.resume.clear();
  o.settings["lr"] = "fast";
  BOOST_TEST(run(o).error().code == "models.bad_setting");
  o.settings.erase("lr");
  other.look_ups[0].int8 = true;
  BOOST_TEST(run(o).error().code == "models.bad_program");
  o.program = [](const InputSpec&) -> Result<Program> { return fail("papers.no_card", "torn"); };
  BOOST_TEST(run(o).error().code == "papers.no_card");
}

BOOST_AUTO_TEST_CASE(a_penalty_pulls_where_it_says) {
  // The script's own L2 on the look-up is Adam's l2 on the same tensors.
  Program program{R"(def forward(self, singles: Tensor, bags: Tensor, dense: Tensor, noise: bool) -> Tensor:
    return self.w(singles, bags, dense).sum(1)
)",
                  {{"w", {}, "zeros"}}};
  auto o = options("lr");
  o.method = "penalised";
  o.program = [&](const InputSpec&) { return program; };
  const auto free = run(o).value();
  o.settings["l2"] = "0.01";
  const auto by_adam = run(o).value();
  o.settings["l2"] = "0";
  program.penalised = true;
  program.script += R"(def penalty(self) -> Tensor:
    return 0.005 * ((self.w_table * self.w_table).sum() + (self.w_dense * self.w_dense).sum())
)";
  const auto by_program = run(o).value();
  BOOST_TEST(by_program.epochs.back().train_loss == by_adam.epochs.back().train_loss,
             boost::test_tools::tolerance(1e-5));
  BOOST_TEST(by_program.epochs.back().train_loss > free.epochs.back().train_loss + 1e-4);
}

BOOST_AUTO_TEST_CASE(wrong_options_are_named) {
  auto o = options("fm");
  o.metric = "acu";
  BOOST_TEST(run(o).error().code == "evaluation.unknown_metric");
  o = options("fm");
  o.method = "fmm";
  BOOST_TEST(run(o).error().code == "models.unknown_method");
  o = options("fm");
  o.settings["hidden"] = "4";
  BOOST_TEST(run(o).error().code == "models.unknown_setting");
  o = options("fm");
  o.max_epochs = 0;
  BOOST_TEST(run(o).error().code == "training.no_epochs");
  world.parts.train.clear();
  BOOST_TEST(run(options("fm")).error().code == "training.no_rows");
}

BOOST_AUTO_TEST_SUITE_END()
