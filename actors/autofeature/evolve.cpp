// How AutoFeature's state follows from its events.
#include <algorithm>

#include "actors/autofeature/internal.hpp"

namespace automodel::actors {
namespace {

using namespace autofeature;
using events::FeatureStatus;
using events::FeatureTrialStatus;

events::FeatureWorkT* first_in_line(State& state) {
  return state.works.empty() ? nullptr : state.works.front().get();
}

events::FeatureTrialT* trial_of(State& state, std::string_view id) {
  for (auto& trial : state.trials)
    if (trial->id == id) return trial.get();
  return nullptr;
}

events::KnownFeatureT* feature_of(State& state, std::string_view feature) {
  const auto* work = first_in_line(state);
  if (!work) return nullptr;
  const auto key = key_of(*work);
  for (auto& known : state.features)
    if (known->key == key && same_feature(known->feature, feature)) return known.get();
  return nullptr;
}

void registered(State& state, const events::DatasetRegisteredT& event) {
  events::KnownDatasetT* dataset = nullptr;
  for (auto& known : state.datasets)
    if (known->data->name == event.data->name && known->data->hash == event.data->hash) dataset = known.get();
  if (!dataset) {
    state.datasets.push_back(std::make_unique<events::KnownDatasetT>());
    dataset = state.datasets.back().get();
    dataset->data = copy_of(event.data);
  }
  dataset->rows = event.rows;
  dataset->users = event.users;
  dataset->items = event.items;
  dataset->source = event.source;
  dataset->columns = copies_of(event.columns);
  dataset->failure = nullptr;
  dataset->status = event.columns.empty() ? events::ProfileStatus::Open : events::ProfileStatus::Done;
  if (event.columns.empty()) ++dataset->attempt;
}

/// The first decision about a work takes it up; its base may be known already.
void take_up(State& state, const events::DecisionMadeT& decided, std::uint64_t version) {
  auto* work = first_in_line(state);
  if (!work || work->started || work->work->id != decided.subject) return;
  work->started = true;
  work->decision = version;
  work->base = work->work->context->features;
  if (const auto* trial = trained_before(state, trial_config(*work, {}))) {
    work->current = copy_of(trial->model);
    work->base_metric = metric_value(trial->model->metrics, goal_of(*work).metric);
  }
}

void proposed(State& state, const events::FeatureProposedT& event) {
  auto* work = first_in_line(state);
  if (!work) return;
  work->features.push_back(event.feature);
  auto* known = feature_of(state, event.feature);
  if (!known) {
    state.features.push_back(std::make_unique<events::KnownFeatureT>());
    known = state.features.back().get();
    known->feature = event.feature;
    known->key = key_of(*work);
  }
  known->family = event.family;
  known->status = FeatureStatus::Proposed;
}

void started(State& state, const events::TrialStartedT& event) {
  auto trial = std::make_unique<events::FeatureTrialT>();
  trial->id = event.trial;
  trial->work = event.work;
  trial->config = copy_of(event.config);
  state.trials.push_back(std::move(trial));
  auto* work = first_in_line(state);
  if (!work) return;
  work->trial = event.trial;
  work->comparing = false;
  ++work->trials;
}

void finished(State& state, const events::TrialFinishedT& event) {
  auto* trial = trial_of(state, event.trial);
  auto* work = first_in_line(state);
  if (!trial || !work) return;
  trial->status = FeatureTrialStatus::Finished;
  trial->model = copy_of(event.model);
  trial->rows = event.result->rows;
  work->cost += static_cast<double>(event.result->rows);
  if (step_kind(state, *work) == StepKind::base) {
    work->current = copy_of(event.model);
    work->base_metric = metric_value(event.model->metrics, goal_of(*work).metric);
    work->trial.clear();
  } else {
    work->comparing = work->trial == event.trial;
  }
}

/// The step in hand is over. `better`: the set with more features is really better.
void settle(State& state, events::FeatureWorkT& work, bool better) {
  const auto kind = step_kind(state, work);
  const auto features = step_features(state, work);
  const auto* trial = find_trial(state, work.trial);
  const bool group = kind == StepKind::add && !work.group_tested;
  if (kind == StepKind::add) {
    if (better) {
      work.kept.insert(work.kept.end(), features.begin(), features.end());
      work.current = copy_of(trial->model);
    } else if (group) {
      work.group_failed = true;
    }
  } else if (kind == StepKind::drop && !better && trial->model) {
    for (const auto& feature : features) std::erase(work.kept, feature);
    work.current = copy_of(trial->model);
  }
  if (group) work.group_tested = true;
  if (features.size() == 1) work.tested.push_back(features.front());
  work.trial.clear();
  work.comparing = false;
}

void compared(State& state, const events::CandidateComparedT& event) {
  auto* work = first_in_line(state);
  if (!work || !work->comparing) return;
  const auto kind = step_kind(state, *work);
  const auto& difference = event.result->difference;
  if (!difference) return settle(state, *work, kind == StepKind::drop);  // as for one that failed
  work->gain = copy_of(difference);
  for (const auto& feature : step_features(state, *work))
    if (auto* known = feature_of(state, feature)) known->gain = difference->value;
  settle(state, *work, is_real(*difference, kind == StepKind::drop ? useful_gain : real_gain));
}

void failed(State& state, const std::string& trial_id, const events::FailureT& failure) {
  if (auto* trial = trial_of(state, trial_id)) trial->status = FeatureTrialStatus::Failed;
  auto* work = first_in_line(state);
  if (!work || work->trial != trial_id) return;
  if (step_kind(state, *work) == StepKind::base) {
    work->failure = std::make_unique<events::FailureT>(failure);
    work->trial.clear();
    return;
  }
  settle(state, *work,
         step_kind(state, *work) == StepKind::drop);  // a set that can't be judged changes nothing
}

void job_failed(State& state, const events::JobFailedT& event) {
  for (auto& dataset : state.datasets) {
    if (dataset->status != events::ProfileStatus::Open || profile_id(state, *dataset) != event.job) continue;
    dataset->status = events::ProfileStatus::Failed;
    dataset->failure = copy_of(event.failure);
    return;
  }
  auto* work = first_in_line(state);
  if (!work) return;
  if (event.job == work->work->id + "/screen") work->alone = true;
  if (work->comparing && event.job == work->trial + "/compare")
    settle(state, *work, step_kind(state, *work) == StepKind::drop);
}

void reported(State& state, const events::WorkFinishedT& event) {
  std::string goal;
  for (const auto& work : state.works)
    if (work->work->id == event.work) goal = goal_of(*work).id;
  std::erase_if(state.works, [&](const auto& work) { return work->work->id == event.work; });
  for (auto& trial : state.trials)
    if (trial->work == event.work && trial->status == FeatureTrialStatus::Running)
      trial->status = FeatureTrialStatus::Stopped;
  // Those in line build on what was kept meanwhile.
  for (auto& work : state.works) {
    if (goal_of(*work).id != goal) continue;
    auto& features = work->work->context->features;
    for (const auto& kept : event.features_kept)
      if (std::find(features.begin(), features.end(), kept) == features.end()) features.push_back(kept);
  }
}

void judged(State& state, const std::string& feature, FeatureStatus status, const std::string& reason) {
  auto* known = feature_of(state, feature);
  if (!known) return;
  known->status = status;
  known->reason = reason;
}

}  // namespace

void AutoFeature::evolve(State& state, const events::Recorded& recorded) {
  state.version = recorded.version;
  const auto& body = recorded.event.body;
  if (const auto* data = body.AsDatasetRegistered()) {
    registered(state, *data);
  } else if (const auto* asked = body.AsProposalsRequested()) {
    state.pending.push_back(std::make_unique<events::PendingRequestT>());
    state.pending.back()->context = copy_of(asked->context);
  } else if (const auto* offered = body.AsProposalsOffered()) {
    std::erase_if(state.pending, [&](const auto& one) { return one->context->goal->id == offered->goal; });
  } else if (const auto* accepted = body.AsWorkAccepted()) {
    state.works.push_back(std::make_unique<events::FeatureWorkT>());
    state.works.back()->work = copy_of(accepted->work);
  } else if (const auto* decided = body.AsDecisionMade()) {
    take_up(state, *decided, recorded.version);
  } else if (const auto* feature = body.AsFeatureProposed()) {
    proposed(state, *feature);
  } else if (const auto* screen = body.AsFeatureScreened()) {
    if (auto* work = first_in_line(state)) work->screens.push_back(copy_of(screen->screen));
    judged(state, screen->screen->feature, FeatureStatus::Screened, "");
  } else if (const auto* kept = body.AsFeatureKept()) {
    judged(state, kept->feature, FeatureStatus::Kept, kept->reason);
  } else if (const auto* retired = body.AsFeatureRetired()) {
    judged(state, retired->feature, FeatureStatus::Retired, retired->reason);
  } else if (const auto* trial_started = body.AsTrialStarted()) {
    started(state, *trial_started);
  } else if (const auto* trial_finished = body.AsTrialFinished()) {
    finished(state, *trial_finished);
  } else if (const auto* trial_failed = body.AsTrialFailed()) {
    failed(state, trial_failed->trial, *trial_failed->failure);
  } else if (const auto* comparison = body.AsCandidateCompared()) {
    compared(state, *comparison);
  } else if (const auto* lost = body.AsJobFailed()) {
    job_failed(state, *lost);
  } else if (const auto* done = body.AsWorkReported()) {
    reported(state, *done->finished);
  }
}

std::vector<events::JobT> AutoFeature::open_jobs(const State& state) {
  std::vector<events::JobT> jobs;
  for (const auto& dataset : state.datasets) {
    if (dataset->status != events::ProfileStatus::Open) continue;
    events::GoalT nobody;
    nobody.data = copy_of(dataset->data);
    jobs.push_back(job_of(profile_id(state, *dataset), nobody, events::ProfileJobT{}));
  }
  const auto* work = current_work(state);
  if (!work || !work->started) return jobs;
  const auto& goal = goal_of(*work);
  const auto unscreened = with_status(state, *work, FeatureStatus::Proposed);
  if (!unscreened.empty()) {
    events::ScreenJobT job;
    job.features = work->alone ? std::vector{unscreened.front()} : unscreened;
    job.base = work->base;
    job.permutations = permutations;
    job.seed = goal.seed;
    auto id = work->work->id + "/screen";
    if (work->alone) id += "/" + std::to_string(work->features.size() - unscreened.size() + 1);
    jobs.push_back(job_of(std::move(id), goal, std::move(job)));
  } else if (const auto* trial = find_trial(state, work->trial); trial && work->comparing) {
    events::CompareJobT job;
    const bool more =
        step_kind(state, *work) == StepKind::add;  // the difference is of more less fewer features
    job.candidate = copy_of(more ? trial->model : work->current);
    job.champion = copy_of(more ? work->current : trial->model);
    job.seed = goal.seed;
    job.slice = "tuning";
    jobs.push_back(job_of(trial->id + "/compare", goal, std::move(job)));
  } else if (trial) {
    events::TrainJobT job;
    job.config = copy_of(trial->config);
    job.max_epochs = trial_epochs;
    job.patience = trial_patience;
    job.threads = 1;
    jobs.push_back(job_of(trial->id + "/r0", goal, std::move(job)));
  }
  return jobs;
}

}  // namespace automodel::actors
