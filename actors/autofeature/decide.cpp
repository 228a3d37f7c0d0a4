// What AutoFeature makes of each command.
#include "actors/autofeature/internal.hpp"

namespace automodel::actors {
namespace {

using namespace autofeature;

Result<void> check(const std::unique_ptr<events::CycleContextT>& context) {
  if (context && context->goal && context->goal->data) return {};
  return fail("autofeature.bad_command", "the command has no goal or no data", "autofeature",
              "fill in context.goal and context.goal.data");
}

/// Registered and not profiled: an empty profile, which opens the job that fills it.
void open_profile(Draft& draft, const events::DataRefT& data, std::uint64_t rows, std::uint64_t users,
                  std::uint64_t items, const std::string& source) {
  events::DatasetRegisteredT event;
  event.data = std::make_unique<events::DataRefT>(data);
  event.rows = rows;
  event.users = users;
  event.items = items;
  event.source = source;
  draft.record(std::move(event));
}

Result<Decision> register_dataset(Draft draft, const events::RegisterDatasetT& command) {
  if (!command.data)
    return fail("autofeature.bad_command", "a data set without a name", "autofeature", "fill in data");
  const auto* known = find_dataset(draft.state(), *command.data);
  if (!known || known->status == events::ProfileStatus::Failed)
    open_profile(draft, *command.data, command.rows, command.users, command.items, command.source);
  return draft.finish(command.data->name);
}

Result<Decision> propose(Draft draft, const events::RequestProposalsT& request) {
  if (auto good = check(request.context); !good) return fail(good.error());
  const auto& goal = *request.context->goal;
  const auto* dataset = find_dataset(draft.state(), *goal.data);
  draft.correlate(goal.id);
  if (asks_for_ranking(goal) || (dataset && dataset->status != events::ProfileStatus::Open)) {
    answer(draft, *request.context);
  } else {
    events::ProposalsRequestedT waits;
    waits.context = copy_of(request.context);
    draft.record(std::move(waits));
    if (!dataset) open_profile(draft, *goal.data, request.context->rows, 0, 0, "");
  }
  return draft.finish(goal.id);
}

Result<Decision> assign(Draft draft, const events::AssignWorkT& assigned) {
  if (!assigned.work || !assigned.work->proposal)
    return fail("autofeature.bad_command", "the work has no proposal", "autofeature",
                "fill in work.proposal");
  if (auto good = check(assigned.work->context); !good) return fail(good.error());
  if (!find_work(draft.state(), assigned.work->id)) {
    events::WorkAcceptedT accepted;
    accepted.work = copy_of(assigned.work);
    draft.record(std::move(accepted));
    advance(draft);
  }
  return draft.finish(assigned.work->id);
}

Result<Decision> cancel(Draft draft, const events::CancelWorkT& cancelled) {
  const auto* work = find_work(draft.state(), cancelled.work);
  if (!work) return draft.finish(cancelled.work);
  if (const auto* trial = find_trial(draft.state(), work->trial); trial && !work->comparing) {
    events::TrialStoppedT stopped;
    stopped.trial = trial->id;
    stopped.reason = "its work was given up: " + cancelled.reason;
    draft.record(std::move(stopped));
  }
  report(draft, cancelled.work, "Given up: " + cancelled.reason, true);
  advance(draft);
  return draft.finish(cancelled.work);
}

void profiled(Draft& draft, const events::KnownDatasetT& dataset, const events::JobResultT& result) {
  const auto data = *dataset.data;
  const auto source = dataset.source;
  const auto* profile = result.failure ? nullptr : result.body.AsProfileResult();
  if (profile && !profile->columns.empty()) {
    events::DatasetRegisteredT event;
    event.data = std::make_unique<events::DataRefT>(data);
    event.rows = profile->rows;
    event.users = profile->users;
    event.items = profile->items;
    event.columns = copies_of(profile->columns);
    event.source = source;
    draft.record(std::move(event));
  } else {
    events::JobFailedT event;
    event.job = result.job;
    event.failure = std::make_unique<events::FailureT>(result.failure ? *result.failure
                                                                      : bad_result(result.job, "profile"));
    draft.record(std::move(event));
  }
  std::vector<events::CycleContextT> waiting;
  for (const auto& request : draft.state().pending) {
    const auto& asked = *request->context->goal->data;
    if (asked.name == data.name && asked.hash == data.hash) waiting.push_back(*request->context);
  }
  for (const auto& context : waiting) answer(draft, context);
}

Result<Decision> finish_job(Draft draft, const events::JobFinishedT& finished) {
  if (!finished.result)
    return fail("autofeature.bad_command", "a finished job without a result", "autofeature");
  const auto& result = *finished.result;
  bool open = false;
  for (const auto& job : AutoFeature::open_jobs(draft.state())) open = open || job.id == result.job;
  if (!open) return draft.finish(result.job);
  for (const auto& dataset : draft.state().datasets) {
    if (dataset->status != events::ProfileStatus::Open || profile_id(draft.state(), *dataset) != result.job)
      continue;
    profiled(draft, *dataset, result);
    return draft.finish(result.job);
  }
  const auto* work = current_work(draft.state());
  draft.correlate(goal_of(*work).id);
  if (work->trial.empty())
    screened(draft, result.job, result);
  else if (work->comparing)
    compared(draft, result);
  else
    trained(draft, result);
  advance(draft);
  return draft.finish(result.job);
}

/// Epochs of a trial are kept for people; no trial of a feature is stopped early, its comparison needs it
/// whole.
Result<Decision> progress(Draft draft, const events::JobProgressedT& progressed) {
  if (!progressed.progress || !progressed.progress->epoch)
    return fail("autofeature.bad_command", "progress without an epoch", "autofeature");
  const auto* work = current_work(draft.state());
  if (work && !work->trial.empty() && !work->comparing && work->trial + "/r0" == progressed.progress->job) {
    events::EpochFinishedT epoch;
    epoch.trial = work->trial;
    epoch.report = copy_of(progressed.progress->epoch);
    draft.record(std::move(epoch));
  }
  return draft.finish(progressed.progress->job);
}

}  // namespace

Result<Decision> AutoFeature::decide(const State& state, const events::CommandT& command,
                                     const Context& context) {
  Draft draft(state, context, command.correlation);
  const auto& body = command.body;
  if (const auto* data = body.AsRegisterDataset()) return register_dataset(std::move(draft), *data);
  if (const auto* request = body.AsRequestProposals()) return propose(std::move(draft), *request);
  if (const auto* assigned = body.AsAssignWork()) return assign(std::move(draft), *assigned);
  if (const auto* cancelled = body.AsCancelWork()) return cancel(std::move(draft), *cancelled);
  if (const auto* progressed = body.AsJobProgressed()) return progress(std::move(draft), *progressed);
  if (const auto* finished = body.AsJobFinished()) return finish_job(std::move(draft), *finished);
  return fail(
      "autofeature.unknown_command",
      std::string("AutoFeature does not take ") + events::EnumNameCommandBody(body.type), "autofeature",
      "it takes RegisterDataset, RequestProposals, AssignWork, CancelWork, JobProgressed and JobFinished");
}

}  // namespace automodel::actors
