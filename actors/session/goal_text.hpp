// A goal as people give it, on the command line and in the console: text by name, checked in one place.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::actors {

struct GoalText {
  std::string data;
  std::string metric = "auc";
  std::string label = "rating>=4";
  std::string split = "temporal";
  std::string ratios = "0.8,0.1,0.1";
  std::string budget;  // empty: none where max_trials is given, else 3m
  std::uint32_t max_trials = 0;
  double max_latency_ms = 0;
  double max_model_mb = 0;
  std::uint64_t seed = 1;
  std::uint32_t parallel = 1;
  bool ask = false;
};

/// Metrics that a goal may ask for.
const std::vector<std::string>& goal_metrics();

/// The goal without id and data hash: those are known where the data set is opened.
/// Errors: goal.unknown_metric, goal.unknown_split, usage.bad_duration, usage.bad_ratios, usage.bad_bound,
/// usage.missing.
Result<events::GoalT> goal_from_text(const GoalText& text);

/// "0.8,0.1,0.1": three positive numbers that sum to 1. Errors: usage.bad_ratios.
Result<std::vector<double>> parse_ratios(const std::string& text);

}  // namespace automodel::actors
