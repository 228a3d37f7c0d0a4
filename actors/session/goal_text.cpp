#include "actors/session/goal_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "actors/session/duration.hpp"
#include "actors/session/suggest.hpp"

namespace automodel::actors {
namespace {

Result<events::SplitKind> split_from_text(const std::string& text) {
  if (text == "temporal") return events::SplitKind::Temporal;
  if (text == "random") return events::SplitKind::Random;
  if (text == "leave-last-out") return events::SplitKind::LeaveLastOut;
  return fail("goal.unknown_split", "no way to split is called '" + text + "'", {},
              suggestion(text, {"temporal", "random", "leave-last-out"}));
}

}  // namespace

const std::vector<std::string>& goal_metrics() {
  static const std::vector<std::string> names = {
      "auc",      "gauc", "logloss",          "calibration",        "ndcg10",
      "recall10", "mrr",  "catalogue_ndcg10", "catalogue_recall10", "catalogue_mrr"};
  return names;
}

Result<std::vector<double>> parse_ratios(const std::string& text) {
  const auto bad = [&] {
    return fail("usage.bad_ratios", "'" + text + "' is not three positive shares that sum to 1", {},
                "for example 0.8,0.1,0.1");
  };
  std::vector<double> ratios;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    double share = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), share);
    if (error != std::errc() || end != part.data() + part.size() || !(share > 0) || share >= 1) return bad();
    ratios.push_back(share);
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  if (ratios.size() != 3 || std::abs(ratios[0] + ratios[1] + ratios[2] - 1) > 1e-6) return bad();
  return ratios;
}

Result<events::GoalT> goal_from_text(const GoalText& text) {
  if (text.data.empty())
    return fail("usage.missing", "no data set given", {},
                "name one with --data; automodel data list shows them");
  if (std::ranges::find(goal_metrics(), text.metric) == goal_metrics().end())
    return fail("goal.unknown_metric", "no metric is called '" + text.metric + "'", {},
                suggestion(text.metric, goal_metrics()));
  auto split = split_from_text(text.split);
  if (!split) return fail(split.error());
  auto ratios = parse_ratios(text.ratios);
  if (!ratios) return fail(ratios.error());
  if (!(text.max_latency_ms >= 0) || !(text.max_model_mb >= 0) ||
      !std::isfinite(text.max_latency_ms + text.max_model_mb))
    return fail("usage.bad_bound", "a bound is a positive number", "--max-latency-ms, --max-model-mb",
                "0 means no bound");
  if (text.parallel > 256)
    return fail("usage.too_many", std::to_string(text.parallel) + " pieces of work at once are too many",
                "--parallel", "at most 256");
  events::GoalT goal;
  if (!text.budget.empty() || text.max_trials == 0) {
    auto seconds = parse_duration(text.budget.empty() ? "3m" : text.budget);
    if (!seconds) return fail(seconds.error());
    goal.budget_seconds = *seconds;
  }
  goal.data = std::make_unique<events::DataRefT>();
  goal.data->name = text.data;
  goal.data->label = text.label;
  goal.data->split = *split;
  goal.data->ratios = std::move(*ratios);
  goal.metric = text.metric;
  goal.max_trials = text.max_trials;
  goal.seed = text.seed;
  goal.ask = text.ask;
  goal.parallel = std::max<std::uint32_t>(1, text.parallel);
  goal.bounds = std::make_unique<events::BoundsT>();
  goal.bounds->max_latency_ms = text.max_latency_ms;
  goal.bounds->max_model_mb = text.max_model_mb;
  return goal;
}

}  // namespace automodel::actors
