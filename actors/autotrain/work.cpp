// A piece of work from its acceptance to its last rung.
#include <algorithm>
#include <cmath>

#include "actors/autotrain/internal.hpp"

namespace automodel::actors::autotrain {
namespace {

std::uint32_t number_of_trials(const Draft& draft) {
  return static_cast<std::uint32_t>(draft.state().trials.size());
}

std::string purpose_of(const std::string& action) {
  if (action == "search-change") return "change";
  if (action == "search-defaults" || action == "search-refit" || action == "search-new") return "defaults";
  return action.starts_with("search-") ? "search" : action;
}

void start(Draft& draft, const events::WorkT& work, const std::string& trial,
           const events::TrialConfigT& config, std::uint32_t rung) {
  const auto& action = work.proposal->action;
  const auto& schedule = schedule_of(work.context->goal->metric);
  events::TrialStartedT started;
  started.trial = trial;
  started.purpose = purpose_of(action);
  started.config = std::make_unique<events::TrialConfigT>(config);
  started.max_epochs = is_halved(action) ? schedule.rungs[rung] : schedule.full;
  started.rung = rung;
  started.goal = work.context->goal->id;
  started.data = copy_of(work.context->goal->data);
  started.work = work.id;
  draft.record(std::move(started));
}

std::string in_words(const events::TrialConfigT& config) {
  std::string text = config.method;
  for (const auto& setting : config.settings) text += " " + setting->name + "=" + setting->value;
  if (!config.features.empty()) text += " on " + counted(config.features.size(), "feature");
  return text;
}

/// Whether this very configuration and seed left a model, or (`any`) was tried at all.
bool made_before(const State& state, const events::TrialConfigT& config, bool any) {
  return std::any_of(state.trials.begin(), state.trials.end(), [&](const auto& trial) {
    return trial->config->fingerprint == config.fingerprint && trial->config->seed == config.seed &&
           (any || (trial->has_metric && trial->status == events::TrialStatus::Finished));
  });
}

struct Plan {
  std::vector<events::OptionT> options;
  std::vector<std::uint32_t> choices;
  std::vector<events::TrialConfigT> configs;  // of the choices
};

/// What of the proposal is new and within the trials that are left.
Plan plan_proposed(const State& state, const events::WorkT& work, const Known& known) {
  const auto& action = work.proposal->action;
  const bool repeats = action == "baseline" || action == "confirm";
  const double each = work.proposal->configs.empty()
                          ? 0
                          : work.proposal->expected_cost / static_cast<double>(work.proposal->configs.size());
  std::uint32_t counted_trials = 0;
  std::set<std::string> taken;
  Plan plan;
  for (const auto& config : work.proposal->configs) {
    std::string refused;
    const auto name = config->fingerprint + "#" + std::to_string(config->seed);
    const bool counts = counts_as_trial(config->method);
    if (repeats && made_before(state, *config, action == "confirm"))
      refused = "has a model already";
    else if (!repeats && known.has(config->fingerprint))
      refused = "was tried before";
    else if (!taken.insert(repeats ? name : config->fingerprint).second)
      refused = "is in the list already";
    else if (counts && work.context->trials_left > 0 && counted_trials >= work.context->trials_left)
      refused = "there are no trials left for it";
    plan.options.push_back(option(in_words(*config), refused.empty() ? "" : refused,
                                  work.proposal->expected_gain, work.proposal->expected_gain, each));
    if (!refused.empty()) continue;
    if (counts) ++counted_trials;
    plan.choices.push_back(static_cast<std::uint32_t>(plan.options.size() - 1));
    plan.configs.push_back(*config);
  }
  return plan;
}

/// For a search: the surrogate's word on each, and what else it considered.
void add_scores(Plan& plan, const State& state, const events::WorkT& work, const Known& known) {
  if (!is_halved(work.proposal->action)) return;
  const SearchSpace space(state.cards);
  const auto* method = space.find(work.proposal->action.substr(std::string("search-").size()));
  if (!method) return;
  const auto scored = score(state, *work.context, *method, known, search_width);
  std::set<std::string> proposed;
  for (std::size_t i = 0; i < work.proposal->configs.size(); ++i) {
    const auto& print = work.proposal->configs[i]->fingerprint;
    proposed.insert(print);
    for (const auto& one : scored) {
      if (one.config.fingerprint != print) continue;
      plan.options[i].score = one.improvement;
      plan.options[i].expected_gain = one.improvement;
      plan.options[i].detail = "predicted " + number(one.mean) + " ± " + number(one.deviation);
    }
  }
  const double each = plan.options.empty() ? 0 : plan.options.front().expected_cost;
  for (const auto& one : scored) {
    if (proposed.contains(one.config.fingerprint)) continue;
    plan.options.push_back(option(in_words(one.config),
                                  "predicted " + number(one.mean) + " ± " + number(one.deviation),
                                  one.improvement, one.improvement, each));
  }
}

std::string why_chosen(const std::string& action, std::size_t chosen) {
  if (chosen == 0) return "Nothing of the proposal is left to train.";
  if (action == "baseline") return "Without baselines there is nothing to improve on.";
  if (action == "confirm") return "The two best are closer than chance can tell apart; more seeds tell more.";
  if (action == "search-defaults")
    return "Kept features are new to every method; defaults show which one uses them.";
  if (action == "search-refit") return "The best settings have not seen the features kept since.";
  if (action == "search-new") return "Nothing is known here of this method of the library; its defaults show what it can do.";
  if (action == "search-change") return "Equations near the best known ones may do better than other settings of the same equations.";
  return "These settings have the largest expected improvement by the surrogate over past trials, none was "
         "tried.";
}

std::vector<events::EventRefT> evidence(const State& state, const events::GoalT& goal,
                                        const Context& context) {
  std::vector<events::EventRefT> refs;
  for (const auto* trial : experience(state, goal))
    if (trial->finished_version > 0) refs.push_back(own_event(context, trial->finished_version));
  if (refs.size() > 12) refs.erase(refs.begin(), refs.end() - 12);
  return refs;
}

/// Trials of the work that could go on, best first.
std::vector<const events::KnownTrialT*> alive(const State& state, const events::TrainingWorkT& work) {
  std::vector<const events::KnownTrialT*> found;
  for (const auto& id : work.trials) {
    const auto* trial = find_trial(state, id);
    if (trial->status == events::TrialStatus::Finished && trial->has_metric && !trial->exhausted &&
        trial->rung == work.rung)
      found.push_back(trial);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto* a, const auto* b) { return signed_best(*a) > signed_best(*b); });
  return found;
}

/// The better half of a rung goes on; false where there is nobody to go on.
bool next_rung(Draft& draft, const std::string& id) {
  const auto* work = find_work(draft.state(), id);
  const auto question = rung_question(draft.state(), *work, draft.context().stream);
  if (question.options.empty()) return false;
  const auto rung = work->rung + 1;
  std::vector<std::pair<std::string, events::TrialConfigT>> go_on;
  for (const auto choice : question.choices) {
    const auto& trial = *find_trial(draft.state(), question.options[choice].name);
    go_on.emplace_back(trial.id, *trial.config);
  }
  const events::WorkT copy = *work->work;
  draft.decide(question);
  for (const auto& [trial, config] : go_on) start(draft, copy, trial, config, rung);
  return true;
}

}  // namespace

Question rung_question(const State& state, const events::TrainingWorkT& work, const std::string& stream,
                       const AutoTrainPolicy& policy) {
  if (!is_halved(work.work->proposal->action) || work.rung >= last_rung) return {};
  const auto rivals = alive(state, work);
  if (rivals.empty()) return {};
  const auto survivors =
      static_cast<std::size_t>(std::ceil(static_cast<double>(rivals.size()) * policy.survivors));
  const auto rung = work.rung + 1;
  const auto& goal = *work.work->context->goal;
  const auto& rungs = schedule_of(goal.metric).rungs;
  const double cost = static_cast<double>(work.work->context->rows) * (rungs[rung] - rungs[work.rung]);
  Question question{.by = "autotrain",
                    .question = "Which trials go on to " + std::to_string(rungs[rung]) + " epochs?",
                    .subject = work.work->id};
  for (std::size_t i = 0; i < rivals.size(); ++i) {
    question.options.push_back(option(
        rivals[i]->id,
        goal.metric + " " + number(rivals[i]->best) + " after " + counted(rivals[i]->max_epochs, "epoch"),
        signed_best(*rivals[i]), 0, cost));
    events::EventRefT evidence;
    evidence.stream = stream;
    evidence.version = rivals[i]->finished_version;
    question.evidence.push_back(std::move(evidence));
    if (i < survivors) question.choices.push_back(static_cast<std::uint32_t>(i));
  }
  question.rationale = policy.survivors == AutoTrainPolicy{}.survivors
                           ? "Successive halving: the better half of a rung is worth more epochs."
                           : "A share of " + number(policy.survivors) + " of a rung is worth more epochs.";
  return question;
}

void begin(Draft& draft, const events::WorkT& work) {
  events::WorkAcceptedT accepted;
  accepted.work = std::make_unique<events::WorkT>(work);
  draft.record(std::move(accepted));
  for (const auto& card : work.proposal->cards)
    if (check_card(draft.state(), *card)) add_card(draft, *card, "autotrain", work.context->goal->id);
  const Known known(draft.state(), draft.context());
  auto plan = plan_proposed(draft.state(), work, known);
  add_scores(plan, draft.state(), work, known);
  draft.decide({.by = "autotrain",
                .question = "Which configurations does " + work.id + " (" + work.proposal->action + ") try?",
                .subject = work.id,
                .options = plan.options,
                .choices = plan.choices,
                .rationale = why_chosen(work.proposal->action, plan.choices.size()),
                .evidence = evidence(draft.state(), *work.context->goal, draft.context())});
  for (const auto& config : plan.configs)
    start(draft, work, "trial-" + std::to_string(number_of_trials(draft) + 1), config, 0);
  proceed(draft, work.id);
}

void proceed(Draft& draft, const std::string& id) {
  const auto* work = find_work(draft.state(), id);
  if (!work) return;
  for (const auto& trial : work->trials)
    if (find_trial(draft.state(), trial)->status == events::TrialStatus::Running) return;
  if (!next_rung(draft, id)) report(draft, id, "");
}

}  // namespace automodel::actors::autotrain
