#include <algorithm>

#include "actors/autotrain/internal.hpp"
#include "recsys/evaluation/metrics.hpp"

namespace automodel::actors::autotrain {
namespace {

template <class Items>
auto find_by(Items& items, std::string_view id) -> decltype(items.front().get()) {
  for (auto& item : items)
    if (item->id == id) return item.get();
  return nullptr;
}

template <class Works>
auto work_by(Works& works, std::string_view id) -> decltype(works.front().get()) {
  for (auto& work : works)
    if (work->work->id == id) return work.get();
  return nullptr;
}

}  // namespace

const events::KnownTrialT* find_trial(const State& state, std::string_view id) {
  return find_by(state.trials, id);
}
events::KnownTrialT* find_trial(State& state, std::string_view id) { return find_by(state.trials, id); }
const events::TrainingWorkT* find_work(const State& state, std::string_view id) {
  return work_by(state.works, id);
}
events::TrainingWorkT* find_work(State& state, std::string_view id) { return work_by(state.works, id); }

std::string job_id(const events::KnownTrialT& trial) { return trial.id + "/r" + std::to_string(trial.rung); }

const events::KnownTrialT* trial_of_job(const State& state, std::string_view job) {
  for (const auto& trial : state.trials)
    if (trial->status == events::TrialStatus::Running && job_id(*trial) == job) return trial.get();
  return nullptr;
}

bool is_halved(std::string_view action) {
  return action.starts_with("search-") && action != "search-defaults" && action != "search-refit" && action != "search-new" &&
         action != "search-change";
}

Settings settings_of(const events::TrialConfigT& config) {
  Settings settings;
  for (const auto& setting : config.settings) settings[setting->name] = setting->value;
  return settings;
}

const Schedule& schedule_of(std::string_view metric) {
  static constexpr Schedule of_rows{{2, 4, 8}, 8, 2}, of_rankings{{10, 20, 40}, 40, 5};
  return recsys::is_of_catalogue(metric) ? of_rankings : of_rows;
}

double signed_best(const events::KnownTrialT& trial) { return metric_sign(trial.metric) * trial.best; }

std::vector<std::string> sorted(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<const events::KnownTrialT*> experience(const State& state, const events::GoalT& goal) {
  const auto key = data_key(*goal.data);
  std::vector<const events::KnownTrialT*> found;
  for (const auto& trial : state.trials)
    if (trial->has_metric && trial->metric == goal.metric && data_key(*trial->data) == key)
      found.push_back(trial.get());
  return found;
}

Known::Known(const State& state, const Context& context) : memory_(context.memory) {
  for (const auto& trial : state.trials) own_.insert(trial->config->fingerprint);
}

bool Known::has(const std::string& fingerprint) const {
  return own_.contains(fingerprint) || (memory_ && memory_->tried(fingerprint));
}

}  // namespace automodel::actors::autotrain
