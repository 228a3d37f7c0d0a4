#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::MethodRowT;

void apply(MemoryRows& rows, const events::MethodAdded& body, const EventView& event) {
  const auto* card = body.card();
  if (!card) return;
  const auto name = view(card->name());
  const auto parent = text(card->parent());
  std::vector<std::string> lineage;
  if (!parent.empty()) {
    lineage.push_back(parent);
    if (const auto* known = rows.find<MethodRowT>(parent))
      lineage.insert(lineage.end(), known->lineage.begin(), known->lineage.end());
  }
  auto& row = rows.update<MethodRowT>(name);
  row.method = name;
  row.title = view(body.title());
  row.source = view(body.source());
  row.parent = parent;
  row.lineage = std::move(lineage);
  row.change = view(card->change());
  row.by = view(body.by());
  row.goal = goal_of(body.goal(), event);
  row.card = view(card->text());
  row.ref = reference(event);
  row.time = event.time;
}

void count_trial(MemoryRows& rows, const events::TrialRowT& trial) {
  if (!trial.config || trial.config->method.empty()) return;
  auto& row = rows.update<MethodRowT>(trial.config->method);
  row.method = trial.config->method;
  ++row.trials;
}

void note_value(MemoryRows& rows, const events::TrialRowT& trial) {
  if (!trial.has_value || !trial.config) return;
  auto* row = rows.change<MethodRowT>(trial.config->method);
  if (!row) return;
  const bool better = lower_is_better(trial.metric) ? trial.value < row->best : trial.value > row->best;
  if (row->has_best && row->metric == trial.metric && !better) return;
  row->metric = trial.metric;
  row->best = trial.value;
  row->has_best = true;
}

}  // namespace automodel::storage::memory_rows
