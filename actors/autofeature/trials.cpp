// Trials with and without, until the work has its answer.
#include <algorithm>

#include "actors/autofeature/internal.hpp"

namespace automodel::actors::autofeature {
namespace {

std::uint32_t trials_allowed(const events::FeatureWorkT& work) {
  const auto left = work.work->context->trials_left;
  if (left == 0) return most_trials;
  return std::min({most_trials, left, std::max<std::uint32_t>(2, left / 2)});
}

void start(Draft& draft, const std::vector<std::string>& more) {
  const auto& work = *current_work(draft.state());
  events::TrialStartedT started;
  started.trial = "ftrial-" + std::to_string(draft.state().trials.size() + 1);
  started.purpose = "feature";
  started.config = std::make_unique<events::TrialConfigT>(trial_config(work, more));
  started.max_epochs = trial_epochs;
  started.goal = goal_of(work).id;
  started.data = copy_of(goal_of(work).data);
  started.work = work.work->id;
  draft.record(std::move(started));
}

/// The next set to try beside the base; false where the work has its answer.
bool next_set(const State& state, const events::FeatureWorkT& work, std::vector<std::string>& more) {
  const auto passing = with_status(state, work, events::FeatureStatus::Screened);
  if (!work.current) return true;  // the base itself
  if (!work.group_tested) {
    more = passing;
    return true;
  }
  const auto untested = [&](const auto& feature) {
    return std::find(work.tested.begin(), work.tested.end(), feature) == work.tested.end();
  };
  if (work.tested.size() >= most_tested_alone) return false;
  if (!work.group_failed) {
    // Does the set do as well without its least informative one?
    if (work.kept.size() < 2) return false;
    auto least = by_information(work, work.kept);
    std::reverse(least.begin(), least.end());
    const auto without = std::find_if(least.begin(), least.end(), untested);
    if (without == least.end()) return false;
    more = work.kept;
    std::erase(more, *without);
    return true;
  }
  if (passing.size() < 2) return false;
  const auto most = by_information(work, passing);
  const auto alone = std::find_if(most.begin(), most.end(), untested);
  if (alone == most.end()) return false;
  more = work.kept;
  more.push_back(*alone);
  return true;
}

std::string result_in_words(const events::MetricT& difference) {
  auto text = signed_number(difference.value, 5) + " " + difference.name;
  if (difference.has_interval)
    text +=
        " (95 % from " + signed_number(difference.low, 5) + " to " + signed_number(difference.high, 5) + ")";
  return text;
}

void observe(Draft& draft, const std::string& trial, StepKind kind, const std::vector<std::string>& features,
             const events::MetricT& difference) {
  const auto& work = *current_work(draft.state());
  const bool better = is_real(difference, kind == StepKind::drop ? useful_gain : real_gain);
  const auto verdict = better                 ? events::Verdict::Better
                       : difference.value < 0 ? events::Verdict::Worse
                                              : events::Verdict::NoDifference;
  const auto text = joined(features) +
                    (kind == StepKind::drop ? " beside the others: " : " added to the best set: ") +
                    result_in_words(difference) + (better ? ", real" : ", not worth keeping");
  draft.record(with_inner(outcome(own_event(draft.context(), work.decision), trial,
                                  "a paired trial with and without", verdict, text),
                          difference.value));
}

/// After a step: what was judged alone and is not kept is retired at once.
void retire_judged(Draft& draft, const std::vector<std::string>& features,
                   const events::MetricT& difference) {
  if (features.size() != 1) return;
  const auto& work = *current_work(draft.state());
  const auto& feature = features.front();
  if (std::find(work.kept.begin(), work.kept.end(), feature) != work.kept.end()) return;
  events::FeatureRetiredT retired;
  retired.feature = feature;
  retired.gain = std::make_unique<events::MetricT>(difference);
  retired.reason =
      "it passed the screen, but a trial with it and one without differ by " + result_in_words(difference);
  retired.goal = goal_of(work).id;
  draft.record(std::move(retired));
}

void fail_step(Draft& draft, const std::string& job, const events::FailureT& failure) {
  const bool trial = !current_work(draft.state())->comparing;
  if (trial) {
    events::TrialFailedT failed;
    failed.trial = current_work(draft.state())->trial;
    failed.failure = std::make_unique<events::FailureT>(failure);
    draft.record(std::move(failed));
  } else {
    events::JobFailedT failed;
    failed.job = job;
    failed.failure = std::make_unique<events::FailureT>(failure);
    draft.record(std::move(failed));
  }
  const auto decision = current_work(draft.state())->decision;
  draft.record(outcome(own_event(draft.context(), decision), job,
                       "a trial with and without could not be made", events::Verdict::Failed,
                       failure.message));
}

}  // namespace

void trained(Draft& draft, const events::JobResultT& result) {
  const auto& work = *current_work(draft.state());
  const auto* trained = result.failure ? nullptr : result.body.AsTrainResult();
  if (!trained || !find_metric(trained->metrics, goal_of(work).metric)) {
    fail_step(draft, result.job, result.failure ? *result.failure : bad_result(result.job, "training"));
    return;
  }
  const auto& trial = *find_trial(draft.state(), work.trial);
  events::TrialFinishedT finished;
  finished.trial = trial.id;
  finished.result = std::make_unique<events::TrainResultT>(*trained);
  finished.model = std::make_unique<events::ModelRefT>(model_of(trial.id, *trial.config, *trained));
  draft.record(std::move(finished));
}

void compared(Draft& draft, const events::JobResultT& result) {
  const auto* comparison = result.failure ? nullptr : result.body.AsCompareResult();
  if (!comparison || !comparison->difference) {
    fail_step(draft, result.job, result.failure ? *result.failure : bad_result(result.job, "comparison"));
    return;
  }
  const auto& work = *current_work(draft.state());
  const auto trial = work.trial;
  const auto kind = step_kind(draft.state(), work);
  const auto features = step_features(draft.state(), work);
  events::CandidateComparedT event;
  event.candidate = kind == StepKind::add ? trial : work.current->id;
  event.champion = kind == StepKind::add ? work.current->id : trial;
  event.result = std::make_unique<events::CompareResultT>(*comparison);
  event.goal = goal_of(work).id;
  const events::MetricT difference = *comparison->difference;
  draft.record(std::move(event));
  observe(draft, trial, kind, features, difference);
  retire_judged(draft, features, difference);
}

void advance(Draft& draft) {
  while (const auto* work = current_work(draft.state())) {
    const auto id = work->work->id;
    if (!work->started) {
      begin(draft);
      continue;
    }
    const auto& state = draft.state();
    if (!with_status(state, *work, events::FeatureStatus::Proposed).empty()) return;  // its screen is open
    if (!work->trial.empty()) return;                                                 // its trial is open
    if (work->failure) {
      report(draft, id, "", false);
      continue;
    }
    const auto passing = with_status(state, *work, events::FeatureStatus::Screened);
    if (passing.empty() && work->kept.empty()) {
      report(draft, id, "", false);
      continue;
    }
    std::vector<std::string> more;
    const bool wanted = next_set(state, *work, more);
    const auto allowed = trials_allowed(*work);
    const std::uint32_t needed = work->current ? 1 : 2;  // a base alone says nothing
    if (!wanted || work->trials + needed > allowed) {
      report(draft, id,
             wanted && !work->group_tested ? "there are not enough trials left to judge the features" : "",
             false);
      continue;
    }
    start(draft, more);
    return;
  }
}

}  // namespace automodel::actors::autofeature
