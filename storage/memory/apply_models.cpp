#include "storage/memory/apply.hpp"
#include "storage/memory/rows.hpp"

namespace automodel::storage::memory_rows {

using events::DeploymentRowT;
using events::GoalRowT;
using events::ModelRowT;

namespace {

/// "trial-7" of "trial-7/int8".
std::string trial_of(const RowReader& rows, const std::string& model) {
  if (get<events::TrialRowT>(rows, "trials", model)) return model;
  auto parent = model.substr(0, model.rfind('/'));
  return get<events::TrialRowT>(rows, "trials", parent) ? parent : std::string();
}

template <class Change>
void model(RowWriter& rows, const events::ModelRefT& ref, const std::string& goal, const Recorded& event,
           Change change_row) {
  update<ModelRowT>(rows, "models", ref.id, [&](ModelRowT& row) {
    if (row.id.empty()) row.time = event.time;
    row.id = ref.id;
    row.goal = goal;
    if (row.trial.empty()) row.trial = trial_of(rows, ref.id);
    row.model = std::make_unique<events::ModelRefT>(ref);
    add_once(row.refs, reference(event));
    change_row(row);
  });
}

void deploy(RowWriter& rows, const std::string& kind, const events::ModelRefT& ref,
            const std::string& previous, const std::string& reason, const std::string& goal,
            const Recorded& event) {
  DeploymentRowT row;
  row.kind = kind;
  row.goal = goal;
  row.model = ref.id;
  if (ref.config) row.method = ref.config->method;
  row.previous = previous;
  row.reason = reason;
  row.ref = reference(event);
  row.time = event.time;
  put(rows, "deployments", goal + "/" + row.ref, row);
}

void crown(RowWriter& rows, const events::ModelRefT& ref, const std::string& dethroned, const char* status,
           const std::string& goal, const Recorded& event) {
  std::string before = dethroned;
  change<GoalRowT>(rows, "goals", goal, [&](GoalRowT& row) {
    if (before.empty()) before = row.champion;
    row.champion = ref.id;
    row.champion_metrics = copies_of(ref.metrics);
    ++row.promotions;
  });
  if (!before.empty() && before != ref.id)
    change<ModelRowT>(rows, "models", before, [&](ModelRowT& row) {
      row.status = status;
      add_once(row.refs, reference(event));
    });
}

}  // namespace

void note_model(RowWriter& rows, const events::ModelRefT& ref, const std::string& status,
                const std::string& goal, const Recorded& event) {
  model(rows, ref, goal, event, [&](ModelRowT& row) {
    if (row.status.empty() || row.status == "trained") row.status = status;
  });
}

void apply(RowWriter& rows, const events::CandidateMeasuredT& body, const Recorded& event) {
  if (!body.model) return;
  model(rows, *body.model, goal_of(body.goal, event), event, [&](ModelRowT& row) {
    if (row.status.empty() || row.status == "trained") row.status = "candidate";
    row.measured = true;
    row.serving = copy_of(body.serving);
  });
}

void apply(RowWriter& rows, const events::CandidateComparedT& body, const Recorded& event) {
  update<ModelRowT>(rows, "models", body.candidate, [&](ModelRowT& row) {
    row.id = body.candidate;
    if (row.goal.empty()) row.goal = goal_of(body.goal, event);
    row.compared_with = body.champion;
    row.comparison = copy_of(body.result);
    add_once(row.refs, reference(event));
  });
}

void apply(RowWriter& rows, const events::ModelQuantizedT& body, const Recorded& event) {
  if (!body.model) return;
  model(rows, *body.model, goal_of(body.goal, event), event, [&](ModelRowT& row) {
    if (row.status.empty()) row.status = "candidate";
    row.source = body.source;
  });
}

void apply(RowWriter& rows, const events::ModelPromotedT& body, const Recorded& event) {
  if (!body.model) return;
  auto goal = goal_of(body.goal, event);
  model(rows, *body.model, goal, event, [&](ModelRowT& row) {
    row.status = "champion";
    row.reason = body.reason;
  });
  crown(rows, *body.model, body.previous, "replaced", goal, event);
  deploy(rows, "promoted", *body.model, body.previous, body.reason, goal, event);
}

void apply(RowWriter& rows, const events::ModelRefusedT& body, const Recorded& event) {
  if (!body.model) return;
  auto goal = goal_of(body.goal, event);
  model(rows, *body.model, goal, event, [&](ModelRowT& row) {
    row.status = "refused";
    row.reason = body.reason;
  });
  deploy(rows, "refused", *body.model, {}, body.reason, goal, event);
}

void apply(RowWriter& rows, const events::ModelRolledBackT& body, const Recorded& event) {
  if (!body.model) return;
  auto goal = goal_of(body.goal, event);
  model(rows, *body.model, goal, event, [&](ModelRowT& row) {
    row.status = "champion";
    row.reason = body.reason;
  });
  crown(rows, *body.model, body.from, "rolled-back", goal, event);
  deploy(rows, "rolled-back", *body.model, body.from, body.reason, goal, event);
}

void apply(RowWriter& rows, const events::ModelServedT& body, const Recorded& event) {
  if (!body.model) return;
  auto goal = goal_of(body.goal, event);
  model(rows, *body.model, goal, event, [](ModelRowT&) {});
  deploy(rows, "served", *body.model, {}, {}, goal, event);
}

}  // namespace automodel::storage::memory_rows
