// What AutoTrain makes of each command.
#include <algorithm>

#include "actors/autotrain/internal.hpp"

namespace automodel::actors {
namespace {

using namespace autotrain;

constexpr std::size_t fewest_rivals = 3;
constexpr std::uint32_t first_judged_epoch = 2;

Result<void> check(const std::unique_ptr<events::CycleContextT>& context) {
  if (context && context->goal && context->goal->data) return {};
  return fail("autotrain.bad_command", "the command has no goal or no data", "autotrain",
              "fill in context.goal and context.goal.data");
}

Result<Decision> propose(Draft draft, const events::RequestProposalsT& request) {
  if (auto good = check(request.context); !good) return fail(good.error());
  auto made = offer(draft.state(), *request.context, draft.context());
  events::ProposalsOfferedT offered;
  offered.goal = request.context->goal->id;
  offered.cycle = request.context->cycle;
  offered.proposals = boxed(made.proposals);
  offered.none_because = made.none_because;
  events::OfferProposalsT answer;
  answer.goal = offered.goal;
  answer.cycle = offered.cycle;
  answer.agent = "autotrain";
  answer.proposals = boxed(made.proposals);
  answer.none_because = made.none_because;
  draft.correlate(offered.goal);
  draft.record(std::move(offered));
  draft.send("coordinator/main", std::move(answer));
  return draft.finish(request.context->goal->id);
}

Result<Decision> assign(Draft draft, const events::AssignWorkT& assigned) {
  if (!assigned.work || !assigned.work->proposal)
    return fail("autotrain.bad_command", "the work has no proposal", "autotrain", "fill in work.proposal");
  if (auto good = check(assigned.work->context); !good) return fail(good.error());
  if (!find_work(draft.state(), assigned.work->id)) begin(draft, *assigned.work);
  return draft.finish(assigned.work->id);
}

Result<Decision> cancel(Draft draft, const events::CancelWorkT& cancelled) {
  const auto* work = find_work(draft.state(), cancelled.work);
  if (!work) return draft.finish(cancelled.work);
  const auto trials = work->trials;
  for (const auto& id : trials) {
    const auto& trial = *find_trial(draft.state(), id);
    if (trial.status != events::TrialStatus::Running) continue;
    events::TrialStoppedT stopped;
    stopped.trial = id;
    stopped.epoch = trial.seen_epoch;
    stopped.reason = "its work was given up: " + cancelled.reason;
    draft.record(std::move(stopped));
  }
  report(draft, cancelled.work, "Given up: " + cancelled.reason);
  return draft.finish(cancelled.work);
}

/// Epochs are counted from the trial's start, whether or not a resumed job counts them so.
std::uint32_t absolute_epoch(const events::KnownTrialT& trial, std::uint32_t reported) {
  const std::uint32_t before =
      trial.rung > 0 ? schedule_of(trial.metric).rungs[std::min(trial.rung, last_rung) - 1] : 0;
  return reported > before ? reported : before + reported;
}

/// The median rule: the trial's best so far against the median of its rivals' bests at the same epoch.
bool hopeless(const State& state, const events::KnownTrialT& trial, std::string& reason) {
  const auto epochs = trial.epochs.size();
  if (trial.purpose != "search" || epochs < first_judged_epoch) return false;
  const double sign = metric_sign(trial.metric);
  const auto best_until = [&](const events::KnownTrialT& one) {
    double best = sign * one.epochs.front();
    for (std::size_t i = 1; i < epochs; ++i) best = std::max(best, sign * one.epochs[i]);
    return best;
  };
  const auto features = sorted(trial.config->features);
  const auto key = data_key(*trial.data);
  std::vector<double> rivals;
  for (const auto& other : state.trials)
    if (other.get() != &trial && other->metric == trial.metric && other->epochs.size() >= epochs &&
        data_key(*other->data) == key && sorted(other->config->features) == features)
      rivals.push_back(best_until(*other));
  if (rivals.size() < fewest_rivals) return false;
  std::sort(rivals.begin(), rivals.end());
  const double median = (rivals[(rivals.size() - 1) / 2] + rivals[rivals.size() / 2]) / 2;
  const double own = best_until(trial);
  if (own >= median) return false;
  reason = trial.metric + " " + number(sign * own) + " after " + counted(epochs, "epoch") +
           " is worse than the median " + number(sign * median) + " of " + counted(rivals.size(), "rival");
  return true;
}

Result<Decision> progress(Draft draft, const events::JobProgressedT& progressed) {
  if (!progressed.progress || !progressed.progress->epoch)
    return fail("autotrain.bad_command", "progress without an epoch", "autotrain");
  const auto* trial = trial_of_job(draft.state(), progressed.progress->job);
  bool stop = trial && trial->stopping;
  if (trial) {
    const auto id = trial->id;
    const auto epoch = absolute_epoch(*trial, progressed.progress->epoch->epoch);
    if (epoch > trial->seen_epoch) {
      events::EpochFinishedT finished;
      finished.trial = id;
      finished.report = copy_of(progressed.progress->epoch);
      finished.report->epoch = epoch;
      draft.record(std::move(finished));
      std::string reason;
      const auto& now = *find_trial(draft.state(), id);
      // At the end of a rung there is nothing left to save: halving decides there.
      if (!stop && epoch < now.max_epochs && hopeless(draft.state(), now, reason)) {
        events::TrialStoppedT stopped;
        stopped.trial = id;
        stopped.epoch = epoch;
        stopped.reason = reason;
        draft.record(std::move(stopped));
        stop = true;
      }
    }
  }
  auto decision = draft.finish(progressed.progress->job);
  decision.reply.stop = stop;
  return decision;
}

events::FailureT failure_of(const events::JobResultT& result) {
  if (result.failure) return *result.failure;
  events::FailureT failure;
  failure.code = "autotrain.bad_result";
  failure.message = "the job ended without the result of a training";
  failure.where = result.job;
  failure.hint = "the worker's log says more";
  return failure;
}

Result<Decision> finish_job(Draft draft, const events::JobFinishedT& finished) {
  if (!finished.result) return fail("autotrain.bad_command", "a finished job without a result", "autotrain");
  const auto* trial = trial_of_job(draft.state(), finished.result->job);
  if (!trial) return draft.finish(finished.result->job);
  const auto work = trial->work;
  const auto* trained = finished.result->failure ? nullptr : finished.result->body.AsTrainResult();
  if (trained && find_metric(trained->metrics, trial->metric)) {
    events::TrialFinishedT event;
    event.trial = trial->id;
    event.result = std::make_unique<events::TrainResultT>(*trained);
    event.model = std::make_unique<events::ModelRefT>(model_of(trial->id, *trial->config, *trained));
    draft.record(std::move(event));
  } else {
    events::TrialFailedT event;
    event.trial = trial->id;
    event.failure = std::make_unique<events::FailureT>(failure_of(*finished.result));
    draft.record(std::move(event));
  }
  proceed(draft, work);
  return draft.finish(finished.result->job);
}

Result<Decision> add_method(Draft draft, const events::AddMethodT& asked) {
  if (auto good = check_card(draft.state(), *asked.card); !good) return fail(good.error());
  add_card(draft, *asked.card, asked.by, {});
  return draft.finish(asked.card->name);
}

}  // namespace

Result<Decision> AutoTrain::decide(const State& state, const events::CommandT& command,
                                   const Context& context) {
  Draft draft(state, context, command.correlation);
  const auto& body = command.body;
  if (const auto* request = body.AsRequestProposals()) return propose(std::move(draft), *request);
  if (const auto* assigned = body.AsAssignWork()) return assign(std::move(draft), *assigned);
  if (const auto* cancelled = body.AsCancelWork()) return cancel(std::move(draft), *cancelled);
  if (const auto* progressed = body.AsJobProgressed()) return progress(std::move(draft), *progressed);
  if (const auto* finished = body.AsJobFinished()) return finish_job(std::move(draft), *finished);
  if (const auto* asked = body.AsAddMethod()) return add_method(std::move(draft), *asked);
  return fail("autotrain.unknown_command",
              std::string("AutoTrain does not take ") + events::EnumNameCommandBody(body.type), "autotrain",
              "it takes RequestProposals, AssignWork, CancelWork, JobProgressed, JobFinished and AddMethod");
}

}  // namespace automodel::actors
