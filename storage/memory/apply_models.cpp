#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::DeploymentRowT;
using events::GoalRowT;
using events::ModelRowT;

namespace {

/// "trial-7" of "trial-7/int8".
std::string_view trial_of(MemoryRows& rows, std::string_view model) {
  if (rows.find<events::TrialRowT>(model)) return model;
  const auto parent = model.substr(0, model.rfind('/'));
  return rows.find<events::TrialRowT>(parent) ? parent : std::string_view();
}

ModelRowT& model(MemoryRows& rows, const events::ModelRef& ref, std::string_view goal,
                 const EventView& event) {
  const auto id = view(ref.id());
  auto& row = rows.update<ModelRowT>(id);
  if (row.id.empty()) row.time = event.time;
  row.id = id;
  row.goal = goal;
  if (row.trial.empty()) row.trial = trial_of(rows, id);
  row.model = unpacked(&ref);
  add_once(row.refs, reference(event));
  return row;
}

void deploy(MemoryRows& rows, std::string_view kind, const events::ModelRef& ref, std::string_view previous,
            std::string_view reason, std::string_view goal, const EventView& event) {
  const auto at = reference(event);
  auto& row = rows.fresh<DeploymentRowT>(path(goal, at));
  row.kind = kind;
  row.goal = goal;
  row.model = view(ref.id());
  if (const auto* config = ref.config()) row.method = view(config->method());
  row.previous = previous;
  row.reason = reason;
  row.ref = at;
  row.time = event.time;
}

void crown(MemoryRows& rows, const events::ModelRef& ref, std::string_view dethroned, const char* status,
           std::string_view goal, const EventView& event) {
  std::string before(dethroned);
  if (auto* row = rows.change<GoalRowT>(goal)) {
    if (before.empty()) before = row->champion;
    row->champion = view(ref.id());
    row->champion_metrics = unpacked(ref.metrics());
    ++row->promotions;
  }
  if (before.empty() || before == view(ref.id())) return;
  if (auto* row = rows.change<ModelRowT>(before)) {
    row->status = status;
    add_once(row->refs, reference(event));
  }
}

/// A model becomes champion: promoted, or what a rollback goes back to. The one before gets `fate`.
template <class Body>
void enthrone(MemoryRows& rows, const Body& body, std::string_view kind, const char* fate,
              std::string_view previous, const EventView& event) {
  if (!body.model()) return;
  const auto goal = goal_of(body.goal(), event);
  auto& row = model(rows, *body.model(), goal, event);
  row.status = "champion";
  row.reason = view(body.reason());
  crown(rows, *body.model(), previous, fate, goal, event);
  deploy(rows, kind, *body.model(), previous, view(body.reason()), goal, event);
}

}  // namespace

void note_model(MemoryRows& rows, const events::ModelRef& ref, std::string_view status, std::string_view goal,
                const EventView& event) {
  auto& row = model(rows, ref, goal, event);
  if (row.status.empty() || row.status == "trained") row.status = status;
}

void apply(MemoryRows& rows, const events::CandidateMeasured& body, const EventView& event) {
  if (!body.model()) return;
  auto& row = model(rows, *body.model(), goal_of(body.goal(), event), event);
  if (row.status.empty() || row.status == "trained") row.status = "candidate";
  row.measured = true;
  row.serving = unpacked(body.serving());
}

void apply(MemoryRows& rows, const events::CandidateCompared& body, const EventView& event) {
  auto& row = rows.update<ModelRowT>(view(body.candidate()));
  row.id = view(body.candidate());
  if (row.goal.empty()) row.goal = goal_of(body.goal(), event);
  row.compared_with = view(body.champion());
  row.comparison = unpacked(body.result());
  add_once(row.refs, reference(event));
}

void apply(MemoryRows& rows, const events::ModelQuantized& body, const EventView& event) {
  if (!body.model()) return;
  auto& row = model(rows, *body.model(), goal_of(body.goal(), event), event);
  if (row.status.empty()) row.status = "candidate";
  row.source = view(body.source());
}

void apply(MemoryRows& rows, const events::ModelPromoted& body, const EventView& event) {
  enthrone(rows, body, "promoted", "replaced", view(body.previous()), event);
}

void apply(MemoryRows& rows, const events::ModelRefused& body, const EventView& event) {
  if (!body.model()) return;
  const auto goal = goal_of(body.goal(), event);
  auto& row = model(rows, *body.model(), goal, event);
  row.status = "refused";
  row.reason = view(body.reason());
  deploy(rows, "refused", *body.model(), {}, view(body.reason()), goal, event);
}

void apply(MemoryRows& rows, const events::ModelRolledBack& body, const EventView& event) {
  enthrone(rows, body, "rolled-back", "rolled-back", view(body.from()), event);
}

void apply(MemoryRows& rows, const events::ModelServed& body, const EventView& event) {
  if (!body.model()) return;
  const auto goal = goal_of(body.goal(), event);
  model(rows, *body.model(), goal, event);
  deploy(rows, "served", *body.model(), {}, {}, goal, event);
}

}  // namespace automodel::storage::memory_rows
