#include "storage/memory/apply.hpp"
#include "storage/memory/rows.hpp"

namespace automodel::storage::memory_rows {

using events::FeatureRowT;
using events::GoalRowT;

namespace {

template <class Change>
void feature(RowWriter& rows, const std::string& expression, const std::string& named_goal,
             const Recorded& event, Change change_row) {
  auto goal = goal_of(named_goal, event);
  update<FeatureRowT>(rows, "features", goal + "/" + expression, [&](FeatureRowT& row) {
    row.feature = expression;
    row.goal = goal;
    if (row.data.empty()) row.data = data_of(rows, goal);
    row.time = event.time;
    change_row(row);
  });
}

/// Both lists of the goal in step with one feature's fate.
void settle(RowWriter& rows, const std::string& goal, const std::string& expression, bool kept) {
  change<GoalRowT>(rows, "goals", goal, [&](GoalRowT& row) {
    remove(kept ? row.features_retired : row.features_kept, expression);
    add_once(kept ? row.features_kept : row.features_retired, expression);
  });
}

}  // namespace

void apply(RowWriter& rows, const events::DatasetRegisteredT& body, const Recorded& event) {
  if (!body.data) return;
  events::DatasetRowT row;
  row.name = body.data->name;
  row.hash = body.data->hash;
  row.rows = body.rows;
  row.users = body.users;
  row.items = body.items;
  row.label = body.data->label;
  row.columns = copies_of(body.columns);
  row.source = body.source;
  row.ref = reference(event);
  row.time = event.time;
  // Registered again once its columns are profiled, or unchanged: what was known of the same content stays.
  if (auto known = get<events::DatasetRowT>(rows, "datasets", row.name); known && known->hash == row.hash) {
    if (row.columns.empty()) row.columns = std::move(known->columns);
    if (row.source.empty()) row.source = known->source;
  }
  put(rows, "datasets", row.name, row);
}

void apply(RowWriter& rows, const events::FeatureProposedT& body, const Recorded& event) {
  feature(rows, body.feature, body.goal, event, [&](FeatureRowT& row) {
    row.status = "proposed";
    row.family = body.family;
    row.why = body.why;
    row.proposed = reference(event);
  });
}

void apply(RowWriter& rows, const events::FeatureScreenedT& body, const Recorded& event) {
  if (!body.screen) return;
  feature(rows, body.screen->feature, body.goal, event, [&](FeatureRowT& row) {
    if (row.status != "kept" && row.status != "retired") row.status = "screened";
    row.screened = true;
    row.passed = body.screen->passed;
    row.information = body.screen->information;
    row.null_mean = body.screen->null_mean;
    row.null_p95 = body.screen->null_p95;
    row.base = body.base;
    row.screening = reference(event);
  });
}

void apply(RowWriter& rows, const events::FeatureKeptT& body, const Recorded& event) {
  feature(rows, body.feature, body.goal, event, [&](FeatureRowT& row) {
    row.status = "kept";
    row.gain = copy_of(body.gain);
    row.reason = body.reason;
    row.decided = reference(event);
  });
  settle(rows, goal_of(body.goal, event), body.feature, true);
}

void apply(RowWriter& rows, const events::FeatureRetiredT& body, const Recorded& event) {
  feature(rows, body.feature, body.goal, event, [&](FeatureRowT& row) {
    row.status = "retired";
    row.gain = copy_of(body.gain);
    row.reason = body.reason;
    row.decided = reference(event);
  });
  settle(rows, goal_of(body.goal, event), body.feature, false);
}

}  // namespace automodel::storage::memory_rows
