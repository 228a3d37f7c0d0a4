#include <algorithm>
#include <cmath>
#include <limits>

#include "actors/coordinator/rules.hpp"
#include "recsys/evaluation/metrics.hpp"

namespace automodel::actors::coordinator {

bool awaits_person(const State& state) {
  return state.phase == events::GoalPhase::Evolving && state.goal && state.goal->ask && !state.chosen &&
         !state.asked.empty() && state.answers.size() >= state.asked.size();
}

double elapsed_at(const State& state, std::int64_t now) {
  if (state.paused || awaits_person(state)) return state.elapsed;
  return state.elapsed + std::max(0.0, static_cast<double>(now - state.last_time) * 1e-9);
}

double seconds_left(const State& state, std::int64_t now) {
  if (state.goal->budget_seconds <= 0) return std::numeric_limits<double>::infinity();
  return std::max(0.0, state.goal->budget_seconds - elapsed_at(state, now));
}

double reserve_for_work(const events::GoalT& goal) { return std::min(60.0, 0.08 * goal.budget_seconds); }
double reserve_for_closing(const events::GoalT& goal) { return std::min(30.0, 0.05 * goal.budget_seconds); }

std::uint32_t trials_left(const State& state) {
  const auto limit = state.goal->max_trials;
  return limit > state.trials ? limit - state.trials : 0;
}

bool trials_spent(const State& state) {
  return state.goal->max_trials > 0 && state.trials >= state.goal->max_trials;
}

bool offers_are_overdue(const State& state, std::int64_t now) {
  return state.phase == events::GoalPhase::Evolving && state.answers.size() < state.asked.size() &&
         elapsed_at(state, now) - state.asked_since >= patience_offers;
}

bool is_overdue(const State& state, const events::WorkRecordT& record, std::int64_t now) {
  return state.phase == events::GoalPhase::Evolving && !record.finished &&
         elapsed_at(state, now) - record.since >= patience_work;
}

bool report_is_overdue(const State& state, std::int64_t now) {
  return state.phase == events::GoalPhase::Reporting &&
         elapsed_at(state, now) - state.report_since >= patience_report;
}

bool is_overdue(const State& state, std::int64_t now) {
  return offers_are_overdue(state, now) || report_is_overdue(state, now) ||
         std::any_of(state.records.begin(), state.records.end(),
                     [&](const auto& record) { return is_overdue(state, *record, now); });
}

const events::DataKnowledgeT* knowledge(const State& state) {
  if (!state.goal) return nullptr;
  for (const auto& data : state.data)
    if (same_data(*data->data, *state.goal->data)) return data.get();
  return nullptr;
}

const events::ModelRefT* champion(const State& state) {
  const auto* known = knowledge(state);
  return known ? known->champion.get() : nullptr;
}

const events::WorkRecordT* find_record(const State& state, const std::string& work) {
  for (const auto& record : state.records)
    if (record->work->id == work) return record.get();
  return nullptr;
}

bool is_evaluation(const events::WorkRecordT& record) {
  const auto& proposal = *record.work->proposal;
  return proposal.action == evaluate_action && proposal.model;  // without a model there is nothing to measure
}

bool is_roll_back(const events::WorkFinishedT& report) {
  return report.work.starts_with("rollback-") && report.promoted && !report.candidates.empty();
}

std::vector<const events::WorkRecordT*> open_records(const State& state) {
  std::vector<const events::WorkRecordT*> open;
  for (const auto& record : state.records)
    if (!record->finished) open.push_back(record.get());
  return open;
}

double counted_gain(const events::WorkRecordT& record) {
  double gain = record.has_outer ? record.outer : record.reward;
  // Kept features bring their gain through the models that use them later: what the agent measured stays.
  if (record.kept > 0) gain = std::max(gain, record.reward);
  return record.failed ? 0 : std::clamp(gain, -0.05, 0.2);
}

Experience experience_of(const State& state, const events::ProposalT& proposal) {
  for (const auto& seen : state.experience)
    if (seen->metric == state.goal->metric && seen->agent == proposal.agent &&
        seen->action == proposal.action)
      return {seen->tries, seen->gain_sum};
  return {};
}

std::string key_of(const events::ProposalT& proposal) {
  std::string key = proposal.agent + "|" + proposal.action + "|" + proposal.subject;
  for (const auto& feature : proposal.features) key += "|" + feature;
  for (const auto& config : proposal.configs)
    key += "|" + config->fingerprint + "/" + std::to_string(config->seed);
  if (proposal.model) key += "|" + proposal.model->id;
  return key;
}

bool has_tuning(const State& state, const events::ModelRefT& model) {
  const auto* metric = find_metric(model.metrics, state.goal->metric);
  return metric && std::isfinite(metric->value);
}

double tuning_gain(const State& state, const events::ModelRefT& a, const events::ModelRefT& b) {
  const double difference =
      metric_value(a.metrics, state.goal->metric) - metric_value(b.metrics, state.goal->metric);
  return recsys::higher_is_better(state.goal->metric, recsys::Known::catalogue_too).value_or(true)
             ? difference
             : -difference;
}

}  // namespace automodel::actors::coordinator
