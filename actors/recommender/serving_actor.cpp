#include "actors/recommender/serving_actor.hpp"

#include <caf/spawn_options.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <optional>

#include "actors/jobs/slices.hpp"
#include "actors/runtime/log.hpp"
#include "recsys/data/known_user.hpp"
#include "recsys/serving/scorer.hpp"
#include "storage/artifact_store.hpp"

namespace automodel::actors {

namespace {

/// A data set opened for serving, with everything that scoring needs.
struct Loaded {
  recsys::Dataset data;
  recsys::Scorer scorer;
  recsys::Recommender recommender;
};

struct Served {
  events::ModelRefT model;
  events::DataRefT data;
  std::unique_ptr<Loaded> loaded;
};

Result<std::unique_ptr<Loaded>> load(const Served& served, const ServingOptions& options) {
  const auto& ref = served.data;
  if (ref.name.empty() || ref.name[0] == '.' || ref.name.find('/') != std::string::npos)
    return fail("data.bad_name", "'" + ref.name + "' cannot name a data set");
  auto data = recsys::Dataset::open(options.data_directory / ref.name);
  if (!data) return fail(data.error());
  if (!ref.hash.empty() && ref.hash != data->hash())
    return fail("data.changed", "'" + ref.name + "' is not what the model was trained on", ref.name,
                "import the same source again, or begin a new goal");
  auto labels = recsys::labels(*data, ref.label);
  if (!labels) return fail(labels.error());
  auto split = slices_of(*data, ref);
  if (!split) return fail(split.error());
  auto artifacts = storage::ArtifactStore::open(options.artifacts);
  if (!artifacts) return fail(artifacts.error());
  auto bytes = artifacts->get(served.model.checkpoint);
  if (!bytes) return fail(bytes.error());
  const std::string_view checkpoint(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  auto scorer = recsys::Scorer::load(checkpoint, *data, *labels, split->train, options.threads);
  if (!scorer) return fail(scorer.error());
  auto recommender = recsys::Recommender::create(*data, *labels);
  if (!recommender) return fail(recommender.error());
  return std::make_unique<Loaded>(Loaded{std::move(*data), std::move(*scorer), std::move(*recommender)});
}

Result<events::RecommendationsT> recommend(const events::RecommendT& wish, const Served& served) {
  const auto& [data, scorer, recommender] = *served.loaded;
  const auto user = recsys::known_user(data, wish.user);
  if (!user) return fail(user.error());
  const std::int64_t now = data.rows() > 0 ? data.time().back() + 1 : 0;  // the moment after what is known
  auto items = recommender.recommend(scorer, *user, wish.k == 0 ? 10 : wish.k, now);
  if (!items) return fail(items.error());
  events::RecommendationsT answer;
  answer.user = wish.user;
  answer.model = served.model.id;
  for (const auto& item : *items) {
    auto told = std::make_unique<events::RecommendedItemT>();
    told->item = std::string(data.item_id(item.item));
    told->title = data.item_title(item.item);
    told->score = item.score;
    told->from = item.from;
    told->place = item.place;
    answer.items.push_back(std::move(told));
  }
  return answer;
}

class Serving final : public ServingActor::base {
 public:
  Serving(caf::actor_config& config, ServingOptions options)
      : ServingActor::base(config), options_(std::move(options)) {}
  const char* name() const override { return "automodel.serving"; }
  void on_exit() override { served_.clear(); }

 private:
  behavior_type make_behavior() override {
    return {
        [this](const events::RecommendT& wish) { return answer(wish); },
        [this](serve_atom, const events::ModelRefT& model, const std::string& goal,
               const events::DataRefT& data) {
          served_[goal] = Served{model, data, nullptr};
          newest_ = goal;
        },
        [this](stop_atom) { quit(caf::exit_reason::user_shutdown); },
    };
  }

  events::RecommendationsT answer(const events::RecommendT& wish) {
    auto answered = try_answer(wish);
    if (answered) return std::move(*answered);
    events::RecommendationsT refused;
    refused.user = wish.user;
    refused.failure = std::move(refusal(answered.error()).failure);
    return refused;
  }

  Result<events::RecommendationsT> try_answer(const events::RecommendT& wish) {
    const auto found = served_.find(wish.goal.empty() ? newest_ : wish.goal);
    if (found == served_.end())
      return fail("recommender.nothing_served", "no model serves yet", wish.goal,
                  "a goal promotes one: wait, or begin one");
    try {
      auto& served = found->second;
      if (!served.loaded) {
        auto loaded = load(served, options_);
        if (!loaded) return fail(loaded.error());
        served.loaded = std::move(*loaded);
        log().info("{} serves {}", served.model.id, found->first);
      }
      return recommend(wish, served);
    } catch (const std::exception& e) {  // libraries below throw what they like; the actor lives on
      return fail("recommender.failed", e.what(), found->second.model.id);
    }
  }

  ServingOptions options_;
  std::map<std::string, Served> served_;  // by goal
  std::string newest_;
};

}  // namespace

ServingActor spawn_serving(caf::actor_system& system, ServingOptions options) {
  return system.spawn<Serving, caf::detached>(std::move(options));
}

}  // namespace automodel::actors
