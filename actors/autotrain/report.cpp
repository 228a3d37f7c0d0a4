// The end of a piece of work: what each trial taught, which model is the candidate, and the report.
#include <algorithm>
#include <map>

#include "actors/autotrain/internal.hpp"

namespace automodel::actors::autotrain {
namespace {

constexpr double noticeable = 0.0005;  // difference of metrics worth a word

using Trials = std::vector<const events::KnownTrialT*>;

/// A configuration with all its seeds.
struct Group {
  Trials trials;
  double mean = 0;  // larger is better
  const events::KnownTrialT* best = nullptr;
};

/// Models that the work stands for: its own, for a baseline also those made before, for `confirm` all seeds.
Trials measured(const State& state, const events::TrainingWorkT& work) {
  Trials found;
  const bool repeats = work.work->proposal->action == "baseline" || work.work->proposal->action == "confirm";
  for (const auto& trial : state.trials) {
    if (!trial->has_metric || !trial->model) continue;
    bool belongs = trial->work == work.work->id;
    if (!belongs && repeats)
      for (const auto& config : work.work->proposal->configs)
        belongs = belongs || config->fingerprint == trial->config->fingerprint;
    if (belongs) found.push_back(trial.get());
  }
  return found;
}

std::vector<Group> groups(const Trials& trials) {
  std::vector<Group> found;
  std::map<std::string, std::size_t> places;
  for (const auto* trial : trials) {
    const auto [place, fresh] = places.emplace(trial->config->fingerprint, found.size());
    if (fresh) found.emplace_back();
    auto& group = found[place->second];
    group.trials.push_back(trial);
    if (!group.best || signed_best(*trial) > signed_best(*group.best)) group.best = trial;
  }
  for (auto& group : found)
    for (const auto* trial : group.trials)
      group.mean += signed_best(*trial) / static_cast<double>(group.trials.size());
  std::stable_sort(found.begin(), found.end(),
                   [](const Group& a, const Group& b) { return a.mean > b.mean; });
  return found;
}

/// The best of its seeds, with each metric's mean over all of them: the best alone would be judged by its
/// luck.
std::unique_ptr<events::ModelRefT> candidate_of(const Group& group) {
  auto candidate = copy_of(group.best->model);
  if (group.trials.size() < 2) return candidate;
  candidate->seeds = static_cast<std::uint32_t>(group.trials.size());
  for (auto& metric : candidate->metrics) {
    double sum = 0;
    std::size_t known = 0;
    for (const auto* trial : group.trials)
      if (const auto* seen = find_metric(trial->model->metrics, metric->name)) {
        sum += seen->value;
        ++known;
      }
    metric->value = sum / static_cast<double>(known);
    metric->has_interval = false;
    metric->low = metric->high = 0;
  }
  return candidate;
}

/// The level that the work has to beat, larger is better; false where there is none.
bool level(const State& state, const events::TrainingWorkT& work, double& value) {
  const auto& goal = *work.work->context->goal;
  const auto& champion = work.work->context->champion;
  if (champion && find_metric(champion->metrics, goal.metric)) {
    value = metric_sign(goal.metric) * metric_value(champion->metrics, goal.metric);
    return true;
  }
  bool found = false;
  for (const auto* trial : experience(state, goal)) {
    if (counts_as_trial(trial->config->method)) continue;
    value = found ? std::max(value, signed_best(*trial)) : signed_best(*trial);
    found = true;
  }
  return found;
}

std::string course(const events::KnownTrialT& trial) {
  if (trial.epochs.size() < 2) return "";
  const double sign = metric_sign(trial.metric);
  std::size_t peak = 0;
  for (std::size_t i = 1; i < trial.epochs.size(); ++i)
    if (sign * trial.epochs[i] > sign * trial.epochs[peak]) peak = i;
  const std::size_t last = trial.epochs.size() - 1;
  if (peak == last) return "; it was still improving after epoch " + std::to_string(last + 1);
  if (sign * (trial.epochs[peak] - trial.epochs[last]) < noticeable) return "";
  return "; it overfits: " + trial.metric + " fell from " + number(trial.epochs[peak]) + " after epoch " +
         std::to_string(peak + 1) + " to " + number(trial.epochs[last]) + " after epoch " +
         std::to_string(last + 1);
}

std::string settings_in_words(const SearchSpace& space, const events::TrialConfigT& config) {
  const auto* method = space.find(config.method);
  std::string text = config.method;
  if (!method) return text;
  const auto usual = default_settings(*method);
  std::string changed;
  for (const auto& setting : config.settings) {
    const auto place = usual.find(setting->name);
    if (place == usual.end() || place->second != setting->value)
      changed += " " + setting->name + "=" + setting->value;
  }
  return text + (changed.empty() ? " at its defaults" : " with" + changed);
}

void observe(Draft& draft, const SearchSpace& space, const events::TrainingWorkT& work, const events::KnownTrialT& trial,
             bool has_level, double to_beat) {
  const auto decided = own_event(draft.context(), work.decision);
  const auto words = settings_in_words(space, *trial.config);
  if (!trial.has_metric) {
    const auto verdict =
        trial.status == events::TrialStatus::Failed ? events::Verdict::Failed : events::Verdict::Unknown;
    draft.record(outcome(decided, trial.id, words + " gave no model", verdict,
                         trial.reason.empty() ? "no metric came of it" : trial.reason));
    return;
  }
  std::vector<events::EventRefT> evidence;
  if (trial.finished_version > 0) evidence.push_back(own_event(draft.context(), trial.finished_version));
  const auto what = trial.metric + " " + number(trial.best) + " on the tuning slice";
  const double gain = has_level ? signed_best(trial) - to_beat : 0;
  auto text = words +
              (has_level ? ": " + signed_number(gain) + " against what it had to beat" : ": a first level") +
              course(trial);
  if (trial.stopping && !trial.reason.empty()) text += "; stopped early: " + trial.reason;
  auto seen = outcome(decided, trial.id, what,
                      has_level ? verdict_of(gain, noticeable) : events::Verdict::Unknown, text, evidence);
  draft.record(has_level ? with_inner(std::move(seen), gain) : std::move(seen));
}

void decide_candidate(Draft& draft, const SearchSpace& space, const std::string& id, const std::vector<Group>& found) {
  Question question{.by = "autotrain", .question = "Which model is the candidate?", .subject = id};
  for (const auto& group : found) {
    const auto& best = *group.best;
    question.options.push_back(option(
        best.id, settings_in_words(space, *best.config) + ", mean over " + counted(group.trials.size(), "seed"),
        group.mean, 0, 0));
    if (best.finished_version > 0)
      question.evidence.push_back(own_event(draft.context(), best.finished_version));
  }
  if (!found.empty()) question.choices.push_back(0);
  question.rationale =
      found.empty() ? "No trial gave a model." : "It has the best mean over its seeds on the tuning slice.";
  draft.decide(question);
}

std::string conclusion(const SearchSpace& space, const events::TrainingWorkT& work, const std::vector<Group>& found, bool has_level,
                       double reward, const std::string& why) {
  std::string text = why.empty() ? "" : why + ". ";
  if (found.empty())
    return text + (work.trials.empty() ? "Nothing was left to train." : "No trial gave a model.");
  const auto& best = *found.front().best;
  text += settings_in_words(space, *best.config) + " is best: " + best.metric + " " +
          number(metric_sign(best.metric) * found.front().mean);
  if (found.front().trials.size() > 1)
    text += " (mean over " + counted(found.front().trials.size(), "seed") + ")";
  if (has_level) text += ", " + signed_number(reward) + " against what it had to beat";
  return text + ".";
}

}  // namespace

void report(Draft& draft, const std::string& id, const std::string& why) {
  const auto work = *find_work(draft.state(), id);
  const bool baseline = work.work->proposal->action == "baseline";
  // State is read again after each event, so trials are copied where they are needed later.
  const State before = draft.state();
  const SearchSpace space(before.cards);
  const auto found = groups(measured(before, work));
  double to_beat = 0;
  const bool has_level = level(before, work, to_beat);
  auto finished = std::make_unique<events::WorkFinishedT>();
  finished->work = id;
  finished->agent = "autotrain";
  for (const auto& trial : work.trials) {
    const auto& known = *find_trial(before, trial);
    if (counts_as_trial(known.config->method)) ++finished->trials;
    finished->cost += static_cast<double>(known.rows);
    observe(draft, space, work, known, has_level, to_beat);
  }
  decide_candidate(draft, space, id, found);
  const std::size_t most = baseline ? found.size() : 1;
  for (std::size_t i = 0; i < std::min(most, found.size()); ++i)
    finished->candidates.push_back(candidate_of(found[i]));
  finished->reward = has_level && !found.empty() ? found.front().mean - to_beat : 0;
  finished->conclusion = conclusion(space, work, found, has_level, finished->reward, why);
  if (found.empty() && !work.trials.empty() && why.empty()) {
    finished->failure = std::make_unique<events::FailureT>();
    finished->failure->code = "autotrain.no_model";
    finished->failure->message = "none of " + counted(work.trials.size(), "trial") + " gave a model";
    finished->failure->where = id;
    finished->failure->hint = "the TrialFailed events say why";
  }
  events::WorkReportedT reported;
  reported.finished = std::make_unique<events::WorkFinishedT>(*finished);
  events::ReportWorkT told;
  told.finished = std::move(finished);
  draft.record(std::move(reported));
  draft.correlate(work.work->context->goal->id);
  draft.send("coordinator/main", std::move(told));
}

}  // namespace automodel::actors::autotrain
