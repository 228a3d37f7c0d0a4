// automodel recommend --user ID --k N: what the champion of a store recommends now.
#include <iostream>

#include "actors/jobs/slices.hpp"
#include "recsys/data/known_user.hpp"
#include "recsys/serving/scorer.hpp"
#include "storage/artifact_store.hpp"
#include "tools/automodel/answer_text.hpp"
#include "tools/automodel/datasets.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string user;
  std::string goal;
  std::uint32_t k = 10;
};

struct Champion {
  events::GoalRowT goal;
  events::ModelRowT model;
};

/// The champion of the named goal, else of the newest goal that has one.
Result<Champion> champion_of(const storage::Memory& memory, const std::string& wanted) {
  std::optional<events::GoalRowT> found;
  bool known = wanted.empty();
  for (auto& row : memory.all<events::GoalRowT>("goals")) {
    known = known || row.id == wanted;
    if (row.champion.empty() || (!wanted.empty() && row.id != wanted)) continue;
    if (!found || row.time >= found->time) found = std::move(row);
  }
  if (!known)
    return fail("memory.no_such_goal", "no goal is called '" + wanted + "'", {},
                "automodel memory show goals lists them");
  if (!found)
    return fail("memory.no_champion", "no model was promoted yet", {}, "automodel evolve makes one");
  auto model = memory.find<events::ModelRowT>("models", found->champion);
  if (!model || !model->model)
    return fail("memory.no_such_model", "memory lacks the champion " + found->champion, {},
                "automodel replay --verify");
  return Champion{std::move(*found), std::move(*model)};
}

Result<int> recommend(const Program& program, const Options& options) {
  const std::filesystem::path path = program.settings.store;
  auto store = open_for_reading(path);
  if (!store) return fail(store.error());
  auto champion = champion_of(storage::stored_memory(**store), options.goal);
  if (!champion) return fail(champion.error());
  const events::GoalT& goal = *champion->goal.goal;
  auto data = open_dataset(program.settings.data_dir, goal.data->name);
  if (!data) return fail(data.error());
  if (data->hash() != goal.data->hash)
    return fail("data.changed", "'" + data->name() + "' is not what the champion was trained on",
                program.settings.data_dir, "import the same source again, or give evolve a new goal");
  const auto user = recsys::known_user(*data, options.user);
  if (!user) return fail(user.error());
  auto labels = recsys::labels(*data, goal.data->label);
  if (!labels) return fail(labels.error());
  auto split = actors::slices_of(*data, *goal.data);
  if (!split) return fail(split.error());
  auto artifacts = storage::ArtifactStore::open(path / "artifacts");
  if (!artifacts) return fail(artifacts.error());
  auto bytes = artifacts->get(champion->model.model->checkpoint);
  if (!bytes) return fail(bytes.error());
  const std::string_view checkpoint(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  auto scorer = recsys::Scorer::load(checkpoint, *data, *labels, split->train,
                                     std::max<std::uint32_t>(1, program.settings.threads));
  if (!scorer) return fail(scorer.error());
  auto recommender = recsys::Recommender::create(*data, *labels);
  if (!recommender) return fail(recommender.error());
  const std::int64_t now = data->rows() > 0 ? data->time().back() + 1 : 0;  // the moment after what is known
  auto items = recommender->recommend(*scorer, *user, options.k, now);
  if (!items) return fail(items.error());
  nlohmann::json list = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {{"", "score", "by score", "title", "found by"}};
  std::vector<float> scores;
  for (const auto& item : *items) {
    scores.push_back(item.score);
    list.push_back({{"item", data->item_id(item.item)},
                    {"title", data->item_title(item.item)},
                    {"score", item.score},
                    {"place_by_score", item.place},
                    {"from", item.from}});
    rows.push_back({std::to_string(rows.size()), fixed(item.score, 4), std::to_string(item.place),
                    clip(data->item_title(item.item), 70), item.from});
  }
  if (program.json) {
    print_json({{"user", options.user},
                {"model", champion->model.id},
                {"method", scorer->method()},
                {"items", list}});
    return 0;
  }
  std::cout << "For user " << options.user << ", by " << champion->model.id << " (" << scorer->method()
            << "):\n\n"
            << table_text(rows) << order_text(scores);
  return 0;
}

}  // namespace

void add_recommend(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(app, program, "recommend", "the best items for a user, by the champion",
                                  "  automodel recommend --user 15 --k 10\n"
                                  "  automodel recommend --user 15 --goal goal-1 --json",
                                  [&program, options] { return recommend(program, *options); });
  command->add_option("--user", options->user, "as in the data set")->required();
  command->add_option("--k", options->k, "how many")->capture_default_str()->check(CLI::Range(1, 1000));
  command->add_option("--goal", options->goal, "whose champion (default: of the newest goal that has one)");
}

}  // namespace automodel::tools
