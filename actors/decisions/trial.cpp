#include "actors/decisions/trial.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "actors/decisions/record.hpp"
#include "recsys/evaluation/metrics.hpp"

namespace automodel::actors {
namespace {

void add(std::string& text, std::string_view part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

}  // namespace

std::string data_key(const events::DataRefT& data) {
  std::string key;
  add(key, data.hash.empty() ? data.name : data.hash);
  add(key, data.label);
  add(key, events::EnumNameSplitKind(data.split));
  for (const double ratio : data.ratios) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", ratio);
    add(key, text);
  }
  return key;
}

std::string fingerprint(const events::TrialConfigT& config, const events::DataRefT& data) {
  std::map<std::string, std::string> settings;
  for (const auto& setting : config.settings) settings[setting->name] = setting->value;
  std::vector<std::string> features = config.features;
  std::sort(features.begin(), features.end());
  std::string text;
  add(text, config.method);
  add(text, std::to_string(settings.size()));
  for (const auto& [name, value] : settings) {
    add(text, name);
    add(text, value);
  }
  add(text, std::to_string(features.size()));
  for (const auto& feature : features) add(text, feature);
  add(text, data_key(data));
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto hash = events::blake2b(events::ByteView(bytes, text.size()));
  return events::hex(events::ByteView(hash.data(), hash.size()));
}

events::TrialConfigT make_config(std::string method, const std::map<std::string, std::string>& settings,
                                 std::vector<std::string> features, std::uint64_t seed,
                                 const events::DataRefT& data) {
  events::TrialConfigT config;
  config.method = std::move(method);
  for (const auto& [name, value] : settings) {
    auto setting = std::make_unique<events::SettingT>();
    setting->name = name;
    setting->value = value;
    config.settings.push_back(std::move(setting));
  }
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  config.features = std::move(features);
  config.seed = seed;
  config.fingerprint = fingerprint(config, data);
  return config;
}

double metric_sign(std::string_view metric) {
  return metric == "logloss" || metric == "calibration" ? -1 : 1;
}

bool asks_for_ranking(const events::GoalT& goal) { return recsys::is_of_catalogue(goal.metric); }

bool can_reach(const events::GoalT& goal, const events::ModelRefT& model) {
  return !asks_for_ranking(goal) || find_metric(model.metrics, goal.metric) != nullptr;
}

bool counts_as_trial(std::string_view method) {
  return method != "popularity" && method != "itemknn" && method != "ease";
}

events::ModelRefT model_of(std::string id, const events::TrialConfigT& config,
                           const events::TrainResultT& result) {
  events::ModelRefT model;
  model.id = std::move(id);
  model.config = std::make_unique<events::TrialConfigT>(config);
  model.checkpoint = result.checkpoint;
  model.metrics = copies_of(result.metrics);
  model.bytes = result.bytes;
  model.parameters = result.parameters;
  return model;
}

}  // namespace automodel::actors
