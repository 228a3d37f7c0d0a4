#include <algorithm>

#include "actors/autofeature/internal.hpp"
#include "actors/autotrain/search_space.hpp"

namespace automodel::actors::autofeature {

const events::KnownDatasetT* find_dataset(const State& state, const events::DataRefT& data) {
  for (const auto& dataset : state.datasets)
    if (dataset->data->name == data.name && dataset->data->hash == data.hash) return dataset.get();
  return nullptr;
}

std::string profile_id(const State& state, const events::KnownDatasetT& dataset) {
  for (std::size_t i = 0; i < state.datasets.size(); ++i)
    if (state.datasets[i].get() == &dataset)
      return "profile-" + std::to_string(i + 1) + "." + std::to_string(dataset.attempt);
  return {};
}

bool same_feature(std::string_view a, std::string_view b) {
  const auto bare = [](std::string_view text) {
    std::string result;
    for (const char c : text)
      if (c != ' ') result += c;
    return result;
  };
  return a == b || bare(a) == bare(b);
}

const events::KnownFeatureT* find_feature(const State& state, const std::string& key,
                                          std::string_view feature) {
  for (const auto& known : state.features)
    if (known->key == key && same_feature(known->feature, feature)) return known.get();
  return nullptr;
}

const events::FeatureTrialT* find_trial(const State& state, std::string_view id) {
  for (const auto& trial : state.trials)
    if (trial->id == id) return trial.get();
  return nullptr;
}

const events::FeatureWorkT* find_work(const State& state, std::string_view id) {
  for (const auto& work : state.works)
    if (work->work->id == id) return work.get();
  return nullptr;
}

const events::FeatureWorkT* current_work(const State& state) {
  return state.works.empty() ? nullptr : state.works.front().get();
}

const events::GoalT& goal_of(const events::FeatureWorkT& work) { return *work.work->context->goal; }

std::string key_of(const events::FeatureWorkT& work) { return data_key(*goal_of(work).data); }

std::vector<std::string> with_status(const State& state, const events::FeatureWorkT& work,
                                     events::FeatureStatus status) {
  const auto key = key_of(work);
  std::vector<std::string> found;
  for (const auto& feature : work.features) {
    const auto* known = find_feature(state, key, feature);
    if (known && known->status == status) found.push_back(feature);
  }
  return found;
}

double information_above_chance(const events::FeatureWorkT& work, std::string_view feature) {
  for (const auto& screen : work.screens)
    if (same_feature(screen->feature, feature)) return screen->information - screen->null_p95;
  return 0;
}

std::vector<std::string> by_information(const events::FeatureWorkT& work, std::vector<std::string> features) {
  std::stable_sort(features.begin(), features.end(), [&](const auto& a, const auto& b) {
    return information_above_chance(work, a) > information_above_chance(work, b);
  });
  return features;
}

events::TrialConfigT trial_config(const events::FeatureWorkT& work, const std::vector<std::string>& more) {
  auto features = work.base;
  features.insert(features.end(), more.begin(), more.end());
  const auto* method = autotrain::find_library_method("lr");
  return make_config("lr", autotrain::default_settings(*method), std::move(features), goal_of(work).seed,
                     *goal_of(work).data);
}

const events::FeatureTrialT* trained_before(const State& state, const events::TrialConfigT& config) {
  for (const auto& trial : state.trials)
    if (trial->status == events::FeatureTrialStatus::Finished && trial->model &&
        trial->config->fingerprint == config.fingerprint && trial->config->seed == config.seed)
      return trial.get();
  return nullptr;
}

namespace {

/// A model that does not say what it was made of cannot be a base.
bool has_current(const events::FeatureWorkT& work) { return work.current && work.current->config; }

}  // namespace

std::vector<std::string> step_features(const State& state, const events::FeatureWorkT& work) {
  const auto* trial = find_trial(state, work.trial);
  if (!trial || !has_current(work)) return {};
  auto mine = trial->config->features, best = work.current->config->features;
  std::sort(mine.begin(), mine.end());
  std::sort(best.begin(), best.end());
  std::vector<std::string> differ;
  std::set_symmetric_difference(mine.begin(), mine.end(), best.begin(), best.end(),
                                std::back_inserter(differ));
  return differ;
}

StepKind step_kind(const State& state, const events::FeatureWorkT& work) {
  const auto* trial = find_trial(state, work.trial);
  if (!trial || !has_current(work)) return StepKind::base;
  return trial->config->features.size() > work.current->config->features.size() ? StepKind::add
                                                                                : StepKind::drop;
}

bool is_real(const events::MetricT& difference, double threshold) {
  return (difference.has_interval && difference.low > 0) || difference.value > threshold;
}

events::FailureT bad_result(const std::string& job, const std::string& kind) {
  events::FailureT failure;
  failure.code = "autofeature.bad_result";
  failure.message = "the job ended without the result of a " + kind;
  failure.where = job;
  failure.hint = "the worker's log says more";
  return failure;
}

std::string joined(const std::vector<std::string>& features) {
  std::string text;
  for (const auto& feature : features) text += (text.empty() ? "" : ", ") + feature;
  return text;
}

}  // namespace automodel::actors::autofeature
