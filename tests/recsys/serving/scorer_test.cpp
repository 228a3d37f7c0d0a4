#include "recsys/serving/scorer.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "recsys/models/checkpoint.hpp"
#include "tests/recsys/factors.hpp"
#include "tests/recsys/small_world.hpp"

using namespace automodel;
using namespace automodel::recsys;

namespace {

struct World {
  SmallWorld world{{"count(user)", "mean(label | item)"}};

  Trained trained(const std::string& method) const {
    return world.trained(SmallWorld::options(method, 8), world.parts.tuning).value();
  }
  Result<Scorer> load(const std::string& checkpoint) const { return world.load(checkpoint); }
  Metrics measure(const Scorer& scorer) const {
    const auto scores = scorer.score_rows(world.parts.tuning).value();
    std::vector<float> labels;
    std::vector<std::uint32_t> users;
    for (const auto row : world.parts.tuning) {
      labels.push_back(world.y[row]);
      users.push_back(world.data.user()[row]);
    }
    return evaluate(scores, labels, users);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scorer, World)

BOOST_AUTO_TEST_CASE(a_loaded_model_scores_exactly_as_the_trained_one_was_measured) {
  for (const auto& method : methods()) {
    const auto t = trained(method.name);
    const auto s = load(t.checkpoint);
    BOOST_REQUIRE_MESSAGE(s, method.name << ": " << (s ? "" : to_string(s.error())));
    BOOST_TEST(s->method() == method.name);
    auto measured = measure(*s);
    measured.merge(s->rank_catalogue(world.parts.tuning, world.y, world.parts.train).value());
    BOOST_TEST((measured == t.best), method.name);
    BOOST_TEST(s->bytes() > 0U);
  }
}

BOOST_AUTO_TEST_CASE(live_scores_are_probabilities_for_anyone_and_any_item) {
  const auto now = world.data.time().back() + 3600;
  const std::vector<std::uint32_t> items = {0, 5, 7, 39};
  for (const auto& method : methods()) {
    const auto s = load(trained(method.name).checkpoint).value();
    for (const std::uint32_t user : {0U, 49U, 50U}) {  // 50: nobody
      const auto scores = s.score(user, items, now);
      BOOST_REQUIRE(scores);
      BOOST_REQUIRE(scores->size() == items.size());
      for (const float p : *scores) BOOST_TEST((p > 0 && p < 1), method.name << " " << p);
    }
    BOOST_TEST(s.score(0, {}, now)->empty());
  }
}

BOOST_AUTO_TEST_CASE(int8_embeddings_are_smaller_and_score_nearly_the_same) {
  for (const auto* method : {"fm", "deepfm", "dcnv2"}) {
    const auto t = trained(method);
    const auto small = quantize_embeddings(t.checkpoint);
    BOOST_REQUIRE(small);
    BOOST_TEST(small->size() < t.checkpoint.size());
    const auto a = load(t.checkpoint).value(), b = load(*small).value();
    // The table of k floats a row becomes k bytes and one float.
    const auto rows = static_cast<std::uint64_t>(read_checkpoint(t.checkpoint)->find("e_table")->shape[0]);
    BOOST_TEST(a.bytes() - b.bytes() == rows * (10 * 4 - (10 + 4)));
    const auto x = a.score_rows(world.parts.tuning).value(), y = b.score_rows(world.parts.tuning).value();
    double farthest = 0;
    for (std::size_t i = 0; i < x.size(); ++i) farthest = std::max(farthest, std::abs(double(x[i]) - y[i]));
    BOOST_TEST(farthest < 0.02, method);
    BOOST_TEST(farthest > 0, method);
    BOOST_TEST(quantize_embeddings(*small).error().code == "serving.nothing_to_quantize");
  }
  BOOST_TEST(quantize_embeddings(trained("lr").checkpoint).error().code == "serving.nothing_to_quantize");
  BOOST_TEST(quantize_embeddings(trained("itemknn").checkpoint).error().code ==
             "serving.nothing_to_quantize");
  BOOST_TEST(quantize_embeddings("garbage").error().code == "serving.bad_checkpoint");
}

BOOST_AUTO_TEST_CASE(a_model_needs_nobody_who_knows_its_method) {
  const auto t = trained("deepfm");
  auto c = read_checkpoint(t.checkpoint).value();
  c.method = "a name that no catalogue has";
  c.settings.clear();
  const auto bytes = write_checkpoint(c);
  const auto known = load(t.checkpoint), unknown = load(bytes);
  BOOST_REQUIRE_MESSAGE(unknown, (unknown ? "" : to_string(unknown.error())));
  BOOST_TEST(unknown->method() == c.method);
  BOOST_TEST(unknown->score_rows(world.parts.tuning).value() == known->score_rows(world.parts.tuning).value(),
             boost::test_tools::per_element());
  BOOST_TEST(quantize_embeddings(bytes).has_value());
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_model_are_refused) {
  const auto t = trained("fm");
  const auto refused = [&](const std::string& bytes) {
    const auto s = load(bytes);
    return !s && s.error().code == "serving.bad_checkpoint";
  };
  BOOST_TEST(refused(""));
  BOOST_TEST(refused("garbage"));
  BOOST_TEST(refused(t.resume));
  BOOST_TEST(refused(t.checkpoint.substr(0, t.checkpoint.size() / 2)));
  // Right checksums, wrong contents.
  auto c = read_checkpoint(t.checkpoint).value();
  const auto with_script = [&](const std::string& script) {
    auto changed = c;
    changed.program->script = script;
    return write_checkpoint(changed);
  };
  BOOST_TEST(!refused(with_script(c.program->script)));
  BOOST_TEST(refused(with_script("def forward(self")));
  BOOST_TEST(refused(with_script("def other(self) -> int:\n    return 1\n")));
  BOOST_TEST(
      refused(with_script(c.program->script + "def penalty(self) -> Tensor:\n    return self.bias.sum()\n")));
  c.program->look_ups[1].shape = {11};
  BOOST_TEST(refused(write_checkpoint(c)));
  c.program->look_ups[1].shape = {10};
  BOOST_TEST(!refused(write_checkpoint(c)));
  c.program->look_ups[1].int8 = true;
  BOOST_TEST(refused(write_checkpoint(c)));
  BOOST_TEST(quantize_embeddings(write_checkpoint(c)).error().code == "serving.bad_checkpoint");
  c.program->look_ups[1].int8 = false;
  auto nameless = c;
  nameless.program.reset();
  BOOST_TEST(refused(write_checkpoint(nameless)));
  nameless.method = "perceptron";
  BOOST_TEST(refused(write_checkpoint(nameless)));
  c.tensors.erase(c.tensors.begin());
  BOOST_TEST(refused(write_checkpoint(c)));
  BOOST_TEST(quantize_embeddings(t.resume).error().code == "serving.bad_checkpoint");
}

BOOST_AUTO_TEST_CASE(a_method_that_ranks_serves_lives_on_as_int8_and_sees_the_users_newest_past) {
  const auto program = factors(Loss::bpr, 2, 4);
  TrainOptions how;
  how.method = "factors";
  how.settings = {{"batch", "64"}, {"lr", "0.02"}};
  how.program = [&](const InputSpec&) { return program; };
  how.sources = program.sources;
  how.max_epochs = 10;
  const auto trained = world.trained(how, world.parts.tuning).value();
  const auto s = load(trained.checkpoint).value();
  auto measured = measure(s);
  measured.merge(s.rank_catalogue(world.parts.tuning, world.y, world.parts.train).value());
  BOOST_TEST((measured == trained.best));

  const auto now = world.data.time().back() + 3600;
  std::vector<std::uint32_t> items(world.data.items());
  std::iota(items.begin(), items.end(), 0U);
  const auto together = s.score(7, items, now).value();
  for (const std::uint32_t item : {0U, 11U, 39U}) {
    const auto alone = s.score(7, std::vector<std::uint32_t>{item}, now).value();
    BOOST_TEST(alone[0] == together[item], boost::test_tools::tolerance(1e-5F));
  }
  // A moment in the past has another history, and only that differs.
  BOOST_TEST((s.score(7, items, world.data.time()[700]).value() != together));

  const auto small = quantize_embeddings(trained.checkpoint).value();
  const auto int8 = load(small).value();
  BOOST_TEST(int8.bytes() < s.bytes() * 0.6);
  const auto close = int8.score(7, items, now).value();
  for (std::size_t i = 0; i < items.size(); ++i) BOOST_TEST(std::abs(close[i] - together[i]) < 0.05);

  const auto lists = Recommender::create(world.data, world.y).value();
  for (const auto* one : {&s, &int8}) {
    const auto list = lists.recommend(*one, 7, 5, now).value();
    BOOST_TEST(!list.empty());
    for (const auto& entry : list) BOOST_TEST(entry.score > 0);
    BOOST_TEST(lists.recommend(*one, std::nullopt, 5, now).value().size() == 5U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
