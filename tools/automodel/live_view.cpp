#include "tools/automodel/live_view.hpp"

#include <algorithm>
#include <cmath>

#include "actors/session/duration.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

constexpr std::size_t max_recent = 6;
constexpr std::size_t shown_trials = 6;

double value_of(const std::vector<std::unique_ptr<events::MetricT>>& metrics, const std::string& name) {
  for (const auto& metric : metrics)
    if (metric && metric->name == name) return metric->value;
  return std::nan("");
}

std::string value_text(double value) { return std::isnan(value) ? "-" : fixed(value, 4); }

std::string chosen_names(const events::DecisionMadeT& decision) {
  std::string names;
  for (const auto index : decision.choices)
    if (index < decision.options.size() && decision.options[index])
      names += (names.empty() ? "" : ", ") + decision.options[index]->name;
  return names.empty() ? "none of them" : names;
}

void start_trial(LiveState& state, const events::TrialStartedT& started) {
  state.trials.insert(started.trial);
  const auto at = state.running.try_emplace(started.trial).first;
  at->second.method = started.config ? started.config->method : "";
  at->second.purpose = started.purpose;
  at->second.max_epochs = started.max_epochs;
}

void promote(LiveState& state, const events::ModelRefT* model) {
  if (!model) return;
  state.champion = model->id;
  state.champion_method = model->config ? model->config->method : "";
  state.champion_values.push_back(value_of(model->metrics, state.metric));
}

bool of_this_goal(const LiveState& state, const events::Recorded& event) {
  if (const auto* accepted = event.event.body.AsGoalAccepted())
    return state.goal.empty() || (accepted->goal && accepted->goal->id == state.goal);
  return state.goal.empty() || event.correlation.empty() || event.correlation == state.goal;
}

}  // namespace

void observe(LiveState& state, const events::Recorded& event) {
  if (!of_this_goal(state, event)) return;
  const std::string line = noteworthy(state, event);
  const auto& body = event.event.body;
  using K = events::EventBody;
  if (body.type == K::GoalAccepted && body.AsGoalAccepted()->goal) {
    const auto& goal = *body.AsGoalAccepted()->goal;
    state.goal = goal.id;
    state.data = goal.data ? goal.data->name : "";
    state.metric = goal.metric;
    state.budget_seconds = goal.budget_seconds;
    state.max_trials = goal.max_trials;
    state.seconds_left = goal.budget_seconds;
    state.left_at = event.time;
    state.state = "running";
  } else if (const auto* cycle = body.AsCycleStarted()) {
    state.cycle = cycle->cycle;
    state.seconds_left = cycle->seconds_left;
    state.left_at = event.time;
    state.state = "running";
  } else if (const auto* started = body.AsTrialStarted()) {
    start_trial(state, *started);
  } else if (const auto* epoch = body.AsEpochFinished()) {
    if (const auto at = state.running.find(epoch->trial); at != state.running.end() && epoch->report) {
      at->second.epoch = epoch->report->epoch;
      at->second.values.push_back(value_of(epoch->report->metrics, state.metric));
    }
  } else if (const auto* finished = body.AsTrialFinished()) {
    state.running.erase(finished->trial);
  } else if (const auto* failed = body.AsTrialFailed()) {
    state.running.erase(failed->trial);
  } else if (const auto* stopped = body.AsTrialStopped()) {
    state.running.erase(stopped->trial);
  } else if (body.type == K::FeatureKept) {
    ++state.features_kept;
  } else if (body.type == K::FeatureRetired) {
    ++state.features_retired;
  } else if (const auto* promoted = body.AsModelPromoted()) {
    promote(state, promoted->model.get());
  } else if (const auto* back = body.AsModelRolledBack()) {
    promote(state, back->model.get());
  } else if (body.type == K::GoalPaused) {
    state.seconds_left -= static_cast<double>(event.time - state.left_at) * 1e-9;
    state.left_at = event.time;
    state.state = "paused";
  } else if (body.type == K::GoalResumed) {
    // A killed program left no pause: its time counts up to its last event.
    if (state.state == "running" && state.last_time > state.left_at)
      state.seconds_left -= static_cast<double>(state.last_time - state.left_at) * 1e-9;
    if (state.state != "reporting") state.state = "running";
    state.left_at = event.time;
  } else if (body.type == K::ReportRequested) {
    state.state = "reporting";
  } else if (const auto* over = body.AsGoalFinished()) {
    state.state = "finished";
    state.reason = over->reason;
    state.running.clear();
  }
  state.last_time = event.time;
  if (line.empty()) return;
  state.recent.push_back(line);
  if (state.recent.size() > max_recent) state.recent.pop_front();
}

std::string noteworthy(const LiveState& state, const events::Recorded& event) {
  if (!of_this_goal(state, event)) return {};
  const auto& body = event.event.body;
  const std::string& metric = state.metric;
  if (const auto* accepted = body.AsGoalAccepted(); accepted && accepted->goal)
    return accepted->goal->id + " accepted: improve " + accepted->goal->metric +
           (accepted->goal->data ? " on " + accepted->goal->data->name : "");
  if (const auto* cycle = body.AsCycleStarted()) return "cycle " + std::to_string(cycle->cycle) + " begins";
  if (const auto* decision = body.AsDecisionMade())
    return decision->by + ": " + chosen_names(*decision) +
           (decision->rationale.empty() ? "" : " — " + decision->rationale);
  if (const auto* finished = body.AsTrialFinished(); finished && finished->result)
    return finished->trial + " finished: " + metric + " " +
           value_text(value_of(finished->result->metrics, metric));
  if (const auto* failed = body.AsTrialFailed(); failed)
    return failed->trial + " failed" + (failed->failure ? ": " + failed->failure->message : "");
  if (const auto* stopped = body.AsTrialStopped()) return stopped->trial + " stopped: " + stopped->reason;
  if (const auto* kept = body.AsFeatureKept()) return "feature kept: " + kept->feature + " — " + kept->reason;
  if (const auto* retired = body.AsFeatureRetired())
    return "feature retired: " + retired->feature + " — " + retired->reason;
  if (const auto* promoted = body.AsModelPromoted(); promoted && promoted->model)
    return "champion: " + promoted->model->id + " (" + metric + " " +
           value_text(value_of(promoted->model->metrics, metric)) + ") — " + promoted->reason;
  if (const auto* refused = body.AsModelRefused(); refused && refused->model)
    return "refused: " + refused->model->id + " — " + refused->reason;
  if (const auto* back = body.AsModelRolledBack(); back && back->model)
    return "back to " + back->model->id + " — " + back->reason;
  if (const auto* job = body.AsJobFailed())
    return job->job + " failed" + (job->failure ? ": " + job->failure->message : "");
  if (const auto* paused = body.AsGoalPaused()) return paused->goal + " paused by " + paused->by;
  if (const auto* resumed = body.AsGoalResumed()) return resumed->goal + " resumed by " + resumed->by;
  if (body.AsReportRequested()) return "measuring champion and baselines on the test slice";
  if (const auto* over = body.AsGoalFinished()) return over->goal + " finished: " + over->reason;
  return {};
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  static const char* const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<double> shown;
  for (const double value : values)
    if (std::isfinite(value)) shown.push_back(value);
  if (shown.size() > width) shown.erase(shown.begin(), shown.end() - static_cast<std::ptrdiff_t>(width));
  if (shown.empty()) return {};
  const auto [low, high] = std::ranges::minmax(shown);
  std::string text;
  for (const double value : shown) {
    const double share = high > low ? (value - low) / (high - low) : 0;
    text += bars[static_cast<std::size_t>(std::min(7.0, std::floor(share * 8)))];
  }
  return text;
}

namespace {

std::string bar(double share, std::size_t width) {
  const auto full =
      static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(width)));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string budget_line(const LiveState& state, std::int64_t now) {
  std::string text;
  if (state.budget_seconds > 0) {
    double left = state.seconds_left;
    const bool runs = state.state == "running";
    if (runs && state.left_at > 0) left -= static_cast<double>(now - state.left_at) * 1e-9;
    left = std::clamp(left, 0.0, state.budget_seconds);
    if (state.state == "finished" || state.state == "reporting") left = 0;
    text = "time    " + bar(left / state.budget_seconds, 24) + "  " + actors::duration_text(left) + " of " +
           actors::duration_text(state.budget_seconds) + " left";
  }
  if (state.max_trials > 0) {
    const auto started = static_cast<std::uint32_t>(state.trials.size());
    const std::uint32_t left = state.max_trials > started ? state.max_trials - started : 0;
    text += text.empty() ? "trials  " + bar(static_cast<double>(left) / state.max_trials, 24) + "  " : ", ";
    text += std::to_string(left) + " of " + std::to_string(state.max_trials) + " trials left";
  }
  return text;
}

std::string trial_line(const std::string& name, const LiveTrial& trial, const std::string& metric) {
  const std::string epoch = std::to_string(trial.epoch) + "/" + std::to_string(trial.max_epochs);
  const double value = trial.values.empty() ? std::nan("") : trial.values.back();
  return "  " + pad_right(clip(name, 12), 12) + " " + pad_right(clip(trial.method, 10), 10) + " epoch " +
         pad_left(epoch, 5) + "  " + metric + " " + pad_right(value_text(value), 6) + "  " +
         sparkline(trial.values, 16);
}

}  // namespace

std::vector<std::string> render(const LiveState& state, std::int64_t now, std::size_t width, bool color) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text, const char* paint = "") {
    const std::string clipped = clip(text, width);
    lines.push_back(color && *paint ? std::string(paint) + clipped + "\x1b[0m" : clipped);
  };
  const char* const bold = "\x1b[1m";
  const char* const green = "\x1b[32m";
  const char* const faint = "\x1b[2m";
  std::string head =
      state.goal.empty() ? "no goal yet" : state.goal + ": " + state.metric + " on " + state.data;
  head += "  |  cycle " + std::to_string(state.cycle) + "  |  " + state.state;
  add(head, bold);
  if (const std::string budget = budget_line(state, now); !budget.empty()) add(budget);
  add("work    " + std::to_string(state.trials.size() - state.running.size()) + " trials done, " +
      std::to_string(state.running.size()) + " running; features: " + std::to_string(state.features_kept) +
      " kept, " + std::to_string(state.features_retired) + " retired");
  if (state.champion.empty())
    add("champion  none yet");
  else
    add("champion  " + state.champion + " (" + state.champion_method + ")  " + state.metric + " " +
            value_text(state.champion_values.empty() ? std::nan("") : state.champion_values.back()) + "  " +
            sparkline(state.champion_values, 24),
        green);
  std::size_t shown = 0;
  for (const auto& [name, trial] : state.running) {
    if (shown++ == shown_trials) {
      add("  and " + std::to_string(state.running.size() - shown_trials) + " more");
      break;
    }
    add(trial_line(name, trial, state.metric));
  }
  for (const std::string& line : state.recent) add("· " + line, faint);
  return lines;
}

}  // namespace automodel::tools
