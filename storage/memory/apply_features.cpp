#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::FeatureRowT;
using events::GoalRowT;

namespace {

FeatureRowT& feature(MemoryRows& rows, std::string_view expression, std::string_view goal,
                     const EventView& event) {
  auto& row = rows.update<FeatureRowT>(path(goal, expression));
  row.feature = expression;
  row.goal = goal;
  if (row.data.empty()) row.data = data_of(rows, goal);
  row.time = event.time;
  return row;
}

/// Both lists of the goal in step with one feature's fate.
void settle(MemoryRows& rows, std::string_view goal, std::string_view expression, bool kept) {
  auto* row = rows.change<GoalRowT>(goal);
  if (!row) return;
  remove(kept ? row->features_retired : row->features_kept, expression);
  add_once(kept ? row->features_kept : row->features_retired, expression);
}

/// FeatureKept and FeatureRetired say the same of two fates.
template <class Body>
void decide(MemoryRows& rows, const Body& body, const EventView& event, bool kept) {
  const auto goal = goal_of(body.goal(), event);
  auto& row = feature(rows, view(body.feature()), goal, event);
  row.status = kept ? "kept" : "retired";
  row.gain = unpacked(body.gain());
  row.reason = view(body.reason());
  row.decided = reference(event);
  settle(rows, goal, row.feature, kept);
}

}  // namespace

void apply(MemoryRows& rows, const events::DatasetRegistered& body, const EventView& event) {
  const auto* data = body.data();
  if (!data) return;
  events::DatasetRowT row;
  row.name = view(data->name());
  row.hash = view(data->hash());
  row.rows = body.rows();
  row.users = body.users();
  row.items = body.items();
  row.label = view(data->label());
  row.columns = unpacked(body.columns());
  row.source = view(body.source());
  row.ref = reference(event);
  row.time = event.time;
  auto& known = rows.update<events::DatasetRowT>(row.name);
  // Registered again once its columns are profiled, or unchanged: what was known of the same content stays.
  if (!known.ref.empty() && known.hash == row.hash) {
    if (row.columns.empty()) row.columns = std::move(known.columns);
    if (row.source.empty()) row.source = known.source;
  }
  known = std::move(row);
}

void apply(MemoryRows& rows, const events::FeatureProposed& body, const EventView& event) {
  auto& row = feature(rows, view(body.feature()), goal_of(body.goal(), event), event);
  row.status = "proposed";
  row.family = view(body.family());
  row.why = view(body.why());
  row.proposed = reference(event);
}

void apply(MemoryRows& rows, const events::FeatureScreened& body, const EventView& event) {
  const auto* screen = body.screen();
  if (!screen) return;
  auto& row = feature(rows, view(screen->feature()), goal_of(body.goal(), event), event);
  if (row.status != "kept" && row.status != "retired") row.status = "screened";
  row.screened = true;
  row.passed = screen->passed();
  row.information = screen->information();
  row.null_mean = screen->null_mean();
  row.null_p95 = screen->null_p95();
  row.base = texts(body.base());
  row.screening = reference(event);
}

void apply(MemoryRows& rows, const events::FeatureKept& body, const EventView& event) {
  decide(rows, body, event, true);
}

void apply(MemoryRows& rows, const events::FeatureRetired& body, const EventView& event) {
  decide(rows, body, event, false);
}

}  // namespace automodel::storage::memory_rows
