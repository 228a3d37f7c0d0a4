#include "storage/memory/apply.hpp"
#include "storage/memory/rows.hpp"

namespace automodel::storage::memory_rows {

using events::CycleRowT;
using events::GoalReportRowT;
using events::GoalRowT;

void apply(RowWriter& rows, const events::GoalAcceptedT& body, const Recorded& event) {
  if (!body.goal) return;
  GoalRowT row;
  row.id = body.goal->id;
  row.status = "open";
  row.goal = copy_of(body.goal);
  row.seconds_left = body.goal->budget_seconds;
  row.trials_left = body.goal->max_trials;
  row.accepted = reference(event);
  row.time = event.time;
  put(rows, "goals", row.id, row);
}

void apply(RowWriter& rows, const events::CycleStartedT& body, const Recorded& event) {
  auto goal = goal_of(body.goal, event);
  CycleRowT row;
  row.goal = goal;
  row.cycle = body.cycle;
  row.asked = body.asked;
  row.seconds_left = body.seconds_left;
  row.trials_left = body.trials_left;
  row.ref = reference(event);
  row.time = event.time;
  put(rows, "cycles", goal + "/" + std::to_string(body.cycle), row);
  change<GoalRowT>(rows, "goals", goal, [&](GoalRowT& known) {
    known.cycle = body.cycle;
    known.seconds_left = body.seconds_left;
    known.trials_left = body.trials_left;
  });
}

void apply(RowWriter& rows, const events::GoalPausedT& body, const Recorded& event) {
  change<GoalRowT>(rows, "goals", goal_of(body.goal, event), [&](GoalRowT& row) {
    row.status = "paused";
    row.reason = body.by.empty() ? "paused" : "paused by " + body.by;
  });
}

void apply(RowWriter& rows, const events::GoalResumedT& body, const Recorded& event) {
  change<GoalRowT>(rows, "goals", goal_of(body.goal, event), [&](GoalRowT& row) {
    if (row.status == "closing") return;  // its node started again: it closes on
    row.status = "open";
    row.reason.clear();
  });
}

void apply(RowWriter& rows, const events::GoalClosingT& body, const Recorded& event) {
  change<GoalRowT>(rows, "goals", goal_of(body.goal, event), [&](GoalRowT& row) {
    row.status = "closing";
    row.reason = body.reason;
  });
}

void apply(RowWriter& rows, const events::GoalFinishedT& body, const Recorded& event) {
  change<GoalRowT>(rows, "goals", goal_of(body.goal, event), [&](GoalRowT& row) {
    row.status = "finished";
    row.reason = body.reason;
    row.seconds = body.seconds;
    row.finished = reference(event);
    row.finished_time = event.time;
  });
}

void apply(RowWriter& rows, const events::ReportRequestedT& body, const Recorded& event) {
  auto goal = goal_of(body.goal, event);
  GoalReportRowT row;
  row.goal = goal;
  row.status = "requested";
  if (body.champion) row.champion = body.champion->id;
  for (const auto& baseline : body.baselines)
    if (baseline) row.baselines.push_back(baseline->id);
  row.requested = reference(event);
  row.time = event.time;
  put(rows, "reports", goal, row);
}

void apply(RowWriter& rows, const events::ReportProducedT& body, const Recorded& event) {
  auto goal = goal_of(body.goal, event);
  update<GoalReportRowT>(rows, "reports", goal, [&](GoalReportRowT& row) {
    row.goal = goal;
    row.status = "produced";
    row.rows = copies_of(body.rows);
    row.produced = reference(event);
    row.time = event.time;
  });
}

}  // namespace automodel::storage::memory_rows
