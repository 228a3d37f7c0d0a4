// Training of programs that look at users, items and histories, by every loss.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>

#include "recsys/models/checkpoint.hpp"
#include "recsys/training/trainer.hpp"
#include "tests/recsys/factors.hpp"
#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

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
  const auto popular = run(SmallWorld::options("popularity", 1)).value();
  for (const auto& [loss, negatives] : kAll) {
    const auto trained = run(options(factors(loss, negatives), 25));
    BOOST_REQUIRE_MESSAGE(trained, loss_name(loss) << ": " << (trained ? "" : to_string(trained.error())));
    BOOST_TEST(trained->epochs.back().train_loss < trained->epochs.front().train_loss);
    // Sampled items are never those that the user disliked: of these only the others tell something.
    BOOST_TEST(trained->best.at("auc") > (negatives == 0 ? 0.8 : 0.6), loss_name(loss) << " " << negatives);
    BOOST_TEST_MESSAGE(loss_name(loss) << " " << negatives << ": auc " << trained->best.at("auc"));
    const bool ranks = factors(loss, negatives).ranks();
    for (const auto& name : catalogue_metric_names()) {
      BOOST_REQUIRE(trained->best.contains(name) == ranks);
      if (ranks)
        BOOST_TEST(trained->best.at(name) > 1.1 * popular.best.at(name), loss_name(loss) << " " << name);
    }
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

BOOST_AUTO_TEST_CASE(what_a_program_adds_to_the_loss_is_minimised_and_its_noise_is_drawn_from_the_seed) {
  auto program = factors(Loss::bpr, 1);
  const auto with = [&](const std::string& added, bool noise) {
    auto out = program;
    auto& script = out.script;
    script.replace(script.find("-> Tensor"), 9, "-> Tuple[Tensor, Tensor]");
    if (noise) {
      script.insert(script.find("    return"), "    if noise:\n        user = user + self.normal_0\n");
      out.noise = {{"normal_0", 8, 0, NoiseSpec::normal}};
    }
    const auto answer = script.find("    return") + 11;
    const std::string logits = script.substr(answer, script.size() - 1 - answer);
    script.replace(answer, logits.size(), "(" + logits + ", " + added + ")");
    out.adds_to_loss = true;
    return out;
  };
  const auto length = [&](const Trained& trained) {
    const auto model = read_checkpoint(trained.checkpoint).value();
    double out = 0;
    for (const auto& tensor : model.tensors) {
      std::vector<float> values(tensor.bytes.size() / sizeof(float));
      BOOST_REQUIRE(load_values(model, tensor.name, values));
      for (const double x : values) out += x * x;
    }
    return out;
  };
  const std::string sizes =
      "(torch.square(self.p(users)).sum(1) + torch.square(self.q(items)).sum(2).mean(1))";
  const auto without = run(options(program, 1)).value(),
             nothing = run(options(with("0.0 * " + sizes, false), 1)).value(),
             small = run(options(with(sizes, false), 1)).value();
  BOOST_TEST(nothing.epochs[0].train_loss == without.epochs[0].train_loss,
             boost::test_tools::tolerance(1e-6));
  BOOST_TEST(length(nothing) == length(without), boost::test_tools::tolerance(1e-3));
  BOOST_TEST(length(small) < 0.8 * length(without));

  auto o = options(with("0.0 * " + sizes, true), 3);
  const auto noisy = run(o), again = run(o);
  BOOST_REQUIRE_MESSAGE(noisy, (noisy ? "" : to_string(noisy.error())));
  BOOST_TEST((noisy->resume == again->resume));
  o.seed = 2;
  BOOST_TEST((run(o)->resume != noisy->resume));
  o.max_epochs = 1;
  o.seed = 1;
  o.resume = {};
  const auto begun = run(o);
  o.max_epochs = 3;
  o.resume = begun->resume;
  BOOST_TEST((run(o)->checkpoint == noisy->checkpoint));
}

BOOST_AUTO_TEST_CASE(the_graph_is_that_of_positive_training_rows_and_a_checkpoint_alone_serves_with_it) {
  auto o = options(neighbours(), 4);
  const auto trained = run(o).value();
  const auto model = read_checkpoint(trained.checkpoint).value();
  const auto& inputs = model.inputs;
  std::set<std::pair<std::uint32_t, std::uint32_t>> edges, found;
  for (const auto row : world.parts.train)
    if (world.y[row] > 0.5F) edges.emplace(world.data.user()[row], world.data.item()[row]);
  for (std::size_t e = 0; e < inputs.graph.users.size(); ++e)
    found.emplace(inputs.users.codes[inputs.graph.users[e] - 1],
                  inputs.items.codes[inputs.graph.items[e] - 1]);
  BOOST_TEST((found == edges));
  BOOST_TEST(inputs.graph.users.size() == edges.size());
  const auto scorer = world.load(trained.checkpoint).value();
  const auto again = scorer.rank_catalogue(world.parts.validation(), world.y, world.parts.train).value();
  BOOST_TEST(scorer.ranks());
  BOOST_TEST(
      (catalogue_metrics(
           scorer.catalogue_ranks(world.parts.validation(), world.y, world.parts.train).value()) == again));
  for (const auto& [name, value] : again)
    BOOST_TEST(trained.best.at(name) == value, boost::test_tools::tolerance(1e-6));

  BOOST_TEST((run(o)->checkpoint == trained.checkpoint));
  o.max_epochs = 2;
  const auto begun = run(o);
  o.max_epochs = 4;
  o.resume = begun->resume;
  BOOST_TEST((run(o)->checkpoint == trained.checkpoint));
  o.sources.users = false;
  BOOST_TEST(run(o).error().code == "features.bad_sources");
}

BOOST_AUTO_TEST_CASE(a_ranking_without_a_positive_row_is_refused) {
  std::erase_if(world.parts.train, [&](auto row) { return world.y[row] > 0.5F; });
  BOOST_TEST(run(options(factors(Loss::bpr, 1), 1)).error().code == "training.no_rows");
  BOOST_TEST(run(options(factors(Loss::logloss, 0), 1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_ranking_stops_by_what_it_finds_in_the_catalogue) {
  auto o = options(factors(Loss::bpr, 1), 60);
  o.patience = 3;
  const auto trained = run(o);
  BOOST_REQUIRE_MESSAGE(trained, (trained ? "" : to_string(trained.error())));
  double best = 0;
  for (const auto& epoch : trained->epochs) best = std::max(best, epoch.metrics.at("catalogue_ndcg10"));
  BOOST_TEST(trained->best.at("catalogue_ndcg10") == best);
  o.metric = "catalogue_ndcg10";
  BOOST_TEST((run(o)->checkpoint == trained->checkpoint));
  o.metric = "auc";
  const auto other = run(o).value();
  best = 0;
  for (const auto& epoch : other.epochs) best = std::max(best, epoch.metrics.at("auc"));
  BOOST_TEST(other.best.at("auc") == best);
  BOOST_TEST(trained->epochs.size() < 60U);

  o = options(factors(Loss::logloss, 0), 1);
  o.metric = "catalogue_ndcg10";
  BOOST_TEST(run(o).error().code == "evaluation.unknown_metric");
  o.metric = "catalogue_ndgc10";
  const auto wrong = run(o);
  BOOST_TEST(wrong.error().hint.find("'catalogue_ndcg10'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(catalogue_metrics_are_those_of_ranks_found_one_item_at_a_time) {
  const auto trained = run(options(factors(Loss::bpr, 1), 2)).value();
  const auto scorer = world.load(trained.checkpoint).value();
  std::vector<std::uint32_t> items(world.data.items());
  std::iota(items.begin(), items.end(), 0U);
  std::vector<double> ranks;
  for (const auto row : world.parts.validation()) {
    if (world.y[row] <= 0.5F) continue;
    const auto user = world.data.user()[row];
    const auto scores = scorer.score(user, items, 0).value();
    double rank = 1;
    for (std::uint32_t item = 0; item < scores.size(); ++item) {
      const auto had = [&](auto r) { return world.data.user()[r] == user && world.data.item()[r] == item; };
      if (std::any_of(world.parts.train.begin(), world.parts.train.end(), had)) continue;
      const auto own = scores[world.data.item()[row]];
      if (item != world.data.item()[row]) rank += scores[item] > own ? 1 : scores[item] == own ? 0.5 : 0;
    }
    ranks.push_back(rank);
  }
  const auto expected = catalogue_metrics(ranks);
  const auto validation = world.parts.validation();
  const auto again = scorer.rank_catalogue(validation, world.y, world.parts.train).value();
  for (const auto& [name, value] : expected) {
    BOOST_TEST(trained.best.at(name) == value, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(again.at(name) == value, boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(a_model_with_more_parameters_than_allowed_is_not_trained) {
  auto o = options(factors(Loss::bpr, 1), 1);
  const auto size = run(o).value().parameters;
  o.max_parameters = size;
  BOOST_TEST(run(o).has_value());
  o.max_parameters = size - 1;
  const auto refused = run(o);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == "training.too_many_parameters");
  BOOST_TEST(refused.error().message.find(std::to_string(size)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_sources_of_options_and_program_must_agree) {
  auto o = options(factors(Loss::bpr, 1, 4), 1);
  o.sources.history = 3;
  BOOST_TEST(run(o).error().code == "models.bad_program");
  o.sources = {};
  BOOST_TEST(run(o).error().code == "models.no_inputs");
}

BOOST_AUTO_TEST_SUITE_END()
