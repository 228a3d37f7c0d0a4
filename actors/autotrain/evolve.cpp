// How AutoTrain's state follows from its events.
#include <algorithm>

#include "actors/autotrain/internal.hpp"

namespace automodel::actors {
namespace {

using namespace autotrain;
using events::TrialStatus;

void start_trial(State& state, const events::TrialStartedT& started) {
  auto* trial = find_trial(state, started.trial);
  if (!trial) {
    auto fresh = std::make_unique<events::KnownTrialT>();
    fresh->id = started.trial;
    fresh->work = started.work;
    fresh->goal = started.goal;
    fresh->purpose = started.purpose;
    fresh->data = copy_of(started.data);
    fresh->config = copy_of(started.config);
    trial = fresh.get();
    state.trials.push_back(std::move(fresh));
    if (auto* work = find_work(state, started.work)) {
      work->trials.push_back(started.trial);
      trial->metric = work->work->context->goal->metric;
    }
  }
  trial->status = TrialStatus::Running;
  trial->rung = started.rung;
  trial->max_epochs = started.max_epochs;
  trial->stopping = false;
  if (auto* work = find_work(state, started.work)) work->rung = std::max(work->rung, started.rung);
}

void finish_trial(State& state, const events::TrialFinishedT& finished, std::uint64_t version) {
  auto* trial = find_trial(state, finished.trial);
  if (!trial) return;
  trial->status = TrialStatus::Finished;
  trial->finished_version = version;
  const auto& epochs = finished.result->epochs;
  const bool early =
      epochs.empty() ? trial->rung > 0 : epochs.back()->epoch < trial->max_epochs;  // out of patience
  trial->exhausted = early || finished.result->stopped || finished.result->resume.empty();
  trial->rows += finished.result->rows;
  trial->resume = finished.result->resume;
  const auto* metric = find_metric(finished.result->metrics, trial->metric);
  if (!metric || !finished.model) return;
  // A later rung counts when it did better: its checkpoint is the best epoch of that rung alone.
  if (trial->has_metric && metric_sign(trial->metric) * (metric->value - trial->best) <= 0) return;
  trial->has_metric = true;
  trial->best = metric->value;
  trial->model = copy_of(finished.model);
}

void end_work(State& state, const events::WorkFinishedT& finished) {
  const auto* work = find_work(state, finished.work);
  if (!work) return;
  if (work->work->proposal->action == "baseline" && !finished.candidates.empty())
    state.baselines.push_back(work->work->context->goal->id);
  for (const auto& trial : state.trials)
    if (trial->work == finished.work && trial->status == TrialStatus::Running)
      trial->status = TrialStatus::Stopped;
  std::erase_if(state.works, [&](const auto& other) { return other->work->id == finished.work; });
}

}  // namespace

void AutoTrain::evolve(State& state, const events::Recorded& recorded) {
  state.version = recorded.version;
  const auto& body = recorded.event.body;
  if (const auto* accepted = body.AsWorkAccepted()) {
    auto work = std::make_unique<events::TrainingWorkT>();
    work->work = copy_of(accepted->work);
    state.works.push_back(std::move(work));
  } else if (const auto* decided = body.AsDecisionMade()) {
    auto* work = find_work(state, decided->subject);
    if (work && work->decision == 0) work->decision = recorded.version;
  } else if (const auto* started = body.AsTrialStarted()) {
    start_trial(state, *started);
  } else if (const auto* epoch = body.AsEpochFinished()) {
    auto* trial = find_trial(state, epoch->trial);
    if (!trial) return;
    trial->epochs.push_back(metric_value(epoch->report->metrics, trial->metric));
    trial->seen_epoch = epoch->report->epoch;
  } else if (const auto* finished = body.AsTrialFinished()) {
    finish_trial(state, *finished, recorded.version);
  } else if (const auto* failed = body.AsTrialFailed()) {
    if (auto* trial = find_trial(state, failed->trial)) {
      trial->status = TrialStatus::Failed;
      trial->exhausted = true;
      trial->reason = failed->failure->message;
    }
  } else if (const auto* stopped = body.AsTrialStopped()) {
    if (auto* trial = find_trial(state, stopped->trial)) {
      trial->reason = stopped->reason;
      trial->exhausted = true;
      trial->stopping = true;  // its job still ends with a result, unless the work is given up
    }
  } else if (const auto* added = body.AsMethodAdded()) {
    state.cards.push_back(copy_of(added->card));
  } else if (const auto* reported = body.AsWorkReported()) {
    end_work(state, *reported->finished);
  }
}

std::vector<events::JobT> AutoTrain::open_jobs(const State& state) {
  std::vector<events::JobT> jobs;
  for (const auto& trial : state.trials) {
    const auto* work = find_work(state, trial->work);
    if (trial->status != events::TrialStatus::Running || !work) continue;
    events::TrainJobT job;
    job.config = copy_of(trial->config);
    job.max_epochs = trial->max_epochs;
    job.patience = schedule_of(trial->metric).patience;
    job.resume_from = trial->rung > 0 ? trial->resume : std::string{};
    job.threads = 1;
    job.cards = boxed(cards_of(state, trial->config->method));
    jobs.push_back(job_of(job_id(*trial), *work->work->context->goal, std::move(job)));
  }
  return jobs;
}

}  // namespace automodel::actors
