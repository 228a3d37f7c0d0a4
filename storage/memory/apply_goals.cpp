#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::CycleRowT;
using events::GoalReportRowT;
using events::GoalRowT;

void apply(MemoryRows& rows, const events::GoalAccepted& body, const EventView& event) {
  const auto* goal = body.goal();
  if (!goal) return;
  auto& row = rows.fresh<GoalRowT>(view(goal->id()));
  row.id = view(goal->id());
  row.status = "open";
  row.goal = unpacked(goal);
  row.seconds_left = goal->budget_seconds();
  row.trials_left = goal->max_trials();
  row.accepted = reference(event);
  row.time = event.time;
}

void apply(MemoryRows& rows, const events::CycleStarted& body, const EventView& event) {
  const auto goal = goal_of(body.goal(), event);
  auto& row = rows.fresh<CycleRowT>(cycle_key(goal, body.cycle()));
  row.goal = goal;
  row.cycle = body.cycle();
  row.asked = texts(body.asked());
  row.seconds_left = body.seconds_left();
  row.trials_left = body.trials_left();
  row.ref = reference(event);
  row.time = event.time;
  if (auto* known = rows.change<GoalRowT>(goal)) {
    known->cycle = body.cycle();
    known->seconds_left = body.seconds_left();
    known->trials_left = body.trials_left();
  }
}

void apply(MemoryRows& rows, const events::GoalPaused& body, const EventView& event) {
  auto* row = rows.change<GoalRowT>(goal_of(body.goal(), event));
  if (!row) return;
  row->status = "paused";
  row->reason = view(body.by()).empty() ? "paused" : "paused by " + text(body.by());
}

void apply(MemoryRows& rows, const events::GoalResumed& body, const EventView& event) {
  auto* row = rows.change<GoalRowT>(goal_of(body.goal(), event));
  if (!row || row->status == "closing") return;  // its node started again: it closes on
  row->status = "open";
  row->reason.clear();
}

void apply(MemoryRows& rows, const events::GoalClosing& body, const EventView& event) {
  auto* row = rows.change<GoalRowT>(goal_of(body.goal(), event));
  if (!row) return;
  row->status = "closing";
  row->reason = view(body.reason());
}

void apply(MemoryRows& rows, const events::GoalFinished& body, const EventView& event) {
  auto* row = rows.change<GoalRowT>(goal_of(body.goal(), event));
  if (!row) return;
  row->status = "finished";
  row->reason = view(body.reason());
  row->seconds = body.seconds();
  row->finished = reference(event);
  row->finished_time = event.time;
}

void apply(MemoryRows& rows, const events::ReportRequested& body, const EventView& event) {
  const auto goal = goal_of(body.goal(), event);
  auto& row = rows.fresh<GoalReportRowT>(goal);
  row.goal = goal;
  row.status = "requested";
  if (const auto* champion = body.champion()) row.champion = view(champion->id());
  if (const auto* baselines = body.baselines())
    for (const auto* baseline : *baselines) row.baselines.emplace_back(view(baseline->id()));
  row.requested = reference(event);
  row.time = event.time;
}

void apply(MemoryRows& rows, const events::ReportProduced& body, const EventView& event) {
  const auto goal = goal_of(body.goal(), event);
  auto& row = rows.update<GoalReportRowT>(goal);
  row.goal = goal;
  row.status = "produced";
  row.rows = unpacked(body.rows());
  row.produced = reference(event);
  row.time = event.time;
}

}  // namespace automodel::storage::memory_rows
