// The end of a goal: stop what is open, measure what is worth it, report, finish.
#include "actors/coordinator/rules.hpp"

namespace automodel::actors::coordinator {
namespace {

/// Reports a work that did not answer in time as failed, so that every work has an outcome.
void give_up(CoordinatorStep& step, const events::WorkRecordT& record) {
  events::WorkFinishedT finished;
  finished.work = record.work->id;
  finished.agent = record.work->proposal->agent;
  finished.failure = std::make_unique<events::FailureT>();
  finished.failure->code = "coordinator.no_report";
  finished.failure->message = finished.work + " was not reported before the goal ended";
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
  for (const auto& record : open) give_up(step, record);
  return false;
}

}  // namespace

void close(CoordinatorStep& step, const std::string& reason, const std::string& by) {
  const auto& state = step.state();
  events::GoalClosingT closing;
  closing.goal = state.goal->id;
  closing.reason = reason;
  closing.by = by;
  step.record(std::move(closing));
  for (const auto* record : open_records(state)) {
    if (!record->cancelled) continue;
    events::CancelWorkT cancel;
    cancel.work = record->work->id;
    cancel.reason = reason;
    step.send(record->work->proposal->agent + "/main", std::move(cancel));
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
  request.baselines = copies_of(knowledge(state)->baselines);
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
