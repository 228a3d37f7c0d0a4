// What AutoFeature and AutoTrain share about trials: how a configuration is named, and how a job is made of
// it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

/// Names a data set as it is cut and labelled: experience is comparable within one key only.
std::string data_key(const events::DataRefT& data);

/// BLAKE2b-256 in hex over method, sorted settings, sorted features and the data's key, each length-prefixed.
/// The seed is left out: the same configuration with another seed is the same idea.
std::string fingerprint(const events::TrialConfigT& config, const events::DataRefT& data);

/// A configuration with its settings and features sorted and its fingerprint filled in.
events::TrialConfigT make_config(std::string method, const std::map<std::string, std::string>& settings,
                                 std::vector<std::string> features, std::uint64_t seed,
                                 const events::DataRefT& data);

/// +1 where more of the metric is better, -1 where less is (logloss, calibration).
double metric_sign(std::string_view metric);

/// Whether the goal is what is found among all items: only methods that rank reach it, and they read no
/// features.
bool asks_for_ranking(const events::GoalT& goal);

/// Whether the model can be measured by what the goal asks for: one that does not rank has no metric of the
/// catalogue.
bool can_reach(const events::GoalT& goal, const events::ModelRefT& model);

/// Whether a training job of this method costs a trial: popularity and item-kNN only count, EASE is solved at
/// once.
bool counts_as_trial(std::string_view method);

/// A job of `goal` over its data.
template <class T>
events::JobT job_of(std::string id, const events::GoalT& goal, T body) {
  events::JobT job;
  job.id = std::move(id);
  job.goal = goal.id;
  job.data = goal.data ? std::make_unique<events::DataRefT>(*goal.data) : nullptr;
  job.metric = goal.metric;
  job.body.Set(std::move(body));
  return job;
}

/// The model that a training job made.
events::ModelRefT model_of(std::string id, const events::TrialConfigT& config,
                           const events::TrainResultT& result);

}  // namespace automodel::actors
