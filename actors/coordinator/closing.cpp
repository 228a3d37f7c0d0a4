// The end of a goal: stop what is open, measure what is worth it, report, finish. And the end of patience
// with whoever does not answer.
#include "actors/coordinator/rules.hpp"
#include "actors/decisions/trial.hpp"

namespace automodel::actors::coordinator {
namespace {

/// Reports a work that did not answer in time as failed, so that every work has an outcome.
void give_up(CoordinatorStep& step, const events::WorkRecordT& record, const std::string& when) {
  events::WorkFinishedT finished;
  finished.work = record.work->id;
  finished.agent = record.work->proposal->agent;
  finished.failure = std::make_unique<events::FailureT>();
  finished.failure->code = "coordinator.no_report";
  finished.failure->message = finished.work + " was not reported " + when;
  finished.failure->where = finished.agent;
  finished.failure->hint = "what it found after that is not used";
  record_report(step, finished);
}

/// Gives up open works of one sort; returns whether any is still waited for.
bool wait_for(CoordinatorStep& step, bool evaluations, double waited, double patience) {
  std::vector<events::WorkRecordT> open;
  for (const auto* record : open_records(step.state()))
    if (is_evaluation(*record) == evaluations) open.push_back(*record);
  if (open.empty()) return false;
  if (waited < patience) return true;
  for (const auto& record : open) give_up(step, record, "before the goal ended");
  return false;
}

void tell_to_stop(CoordinatorStep& step, const events::WorkT& work, const std::string& reason) {
  events::CancelWorkT cancel;
  cancel.work = work.id;
  cancel.reason = reason;
  step.send(work.proposal->agent + "/main", std::move(cancel));
}

/// The silent agent offers nothing in this cycle, and the next one is asked. What it says later is not heard.
void go_on_without_offers(CoordinatorStep& step) {
  const auto& state = step.state();
  events::ProposalsReceivedT received;
  received.goal = state.goal->id;
  received.cycle = state.cycle;
  received.agent = state.asked[state.answers.size()];
  received.none_because = "no answer within " + counted(static_cast<std::size_t>(patience_offers / 60), "minute");
  step.record(std::move(received));
  ask_next(step);
}

void give_up_overdue_works(CoordinatorStep& step) {
  std::vector<events::WorkRecordT> overdue;
  for (const auto& record : step.state().records)
    if (is_overdue(step.state(), *record, step.context().now)) overdue.push_back(*record);
  const std::string when = "within " + counted(static_cast<std::size_t>(patience_work / 3600), "hour");
  for (const auto& record : overdue) {
    tell_to_stop(step, *record.work, "it was not reported " + when);
    give_up(step, record, when);
  }
}

}  // namespace

void end_patience(CoordinatorStep& step) {
  if (report_is_overdue(step.state(), step.context().now)) {
    events::FailureT failure;
    failure.code = "coordinator.no_report";
    failure.message =
        "it was not written within " + counted(static_cast<std::size_t>(patience_report / 3600), "hour");
    failure.where = Coordinator::open_jobs(step.state()).front().id;
    return fail_report(step, failure);
  }
  if (offers_are_overdue(step.state(), step.context().now)) go_on_without_offers(step);
  give_up_overdue_works(step);
}

void fail_report(CoordinatorStep& step, const events::FailureT& failure) {
  events::JobFailedT failed;
  failed.job = Coordinator::open_jobs(step.state()).front().id;
  failed.failure = std::make_unique<events::FailureT>(failure);
  step.record(std::move(failed));
  if (step.state().report_attempts >= report_tries)
    finish_goal(step, "the report failed: " + failure.message);
}

void close(CoordinatorStep& step, const std::string& reason, const std::string& by) {
  const auto& state = step.state();
  events::GoalClosingT closing;
  closing.goal = state.goal->id;
  closing.reason = reason;
  closing.by = by;
  step.record(std::move(closing));
  for (const auto* record : open_records(state)) {
    if (record->cancelled) tell_to_stop(step, *record->work, reason);
  }
  advance_closing(step);
}

void advance_closing(CoordinatorStep& step) {
  const auto& state = step.state();
  const double waited = elapsed_at(state, step.context().now) - state.closing_since;
  if (waited < patience_reports) consider_candidates(step);
  const bool works = wait_for(step, false, waited, patience_reports);
  const bool evaluations = wait_for(step, true, waited, patience_evaluate);
  if (works || evaluations) return;
  const auto* serving = champion(state);
  if (!serving) return finish_goal(step, "no model was promoted");
  events::ReportRequestedT request;
  request.goal = state.goal->id;
  request.champion = std::make_unique<events::ModelRefT>(*serving);
  for (const auto& baseline : knowledge(state)->baselines)
    if (can_reach(*state.goal, *baseline)) request.baselines.push_back(copy_of(baseline));
  step.record(std::move(request));
}

void finish_goal(CoordinatorStep& step, const std::string& note) {
  const auto& state = step.state();
  events::GoalFinishedT finished;
  finished.goal = state.goal->id;
  finished.reason = state.closing_reason + (note.empty() ? "" : "; " + note);
  finished.cycles = state.cycle;
  finished.trials = state.trials;
  finished.seconds = elapsed_at(state, step.context().now);
  step.record(std::move(finished));
}

}  // namespace automodel::actors::coordinator
