// Reports of work, and what becomes of the models in them.
#include <algorithm>
#include <cmath>
#include <set>

#include "actors/coordinator/rules.hpp"

namespace automodel::actors::coordinator {
namespace {

using events::Verdict;

/// Why a candidate is not worth measuring; empty if it is.
std::string shortfall(const State& state, const events::PendingCandidateT& candidate,
                      const CoordinatorPolicy& policy) {
  if (!has_tuning(state, *candidate.model)) return "has no " + state.goal->metric + " on the tuning slice";
  const auto* serving = champion(state);
  if (!serving) return {};
  const auto* origin = find_record(state, candidate.work);
  if (origin && origin->refused >= policy.refusals_per_work)
    return counted(origin->refused, "candidate") + " of " + candidate.work + " were refused already";
  if (!has_tuning(state, *serving)) return {};
  const double gain = tuning_gain(state, *candidate.model, *serving);
  return gain >= policy.promising_gain
             ? ""
             : signed_number(gain) + " against " + serving->id + " on the tuning slice";
}

std::string mean_of(const events::ModelRefT& model) {
  return model.seeds > 1 ? " (mean over " + counted(model.seeds, "seed") + ")" : std::string();
}

/// The works of which nothing was good enough to be measured learn that their outer reward is nothing.
void record_passed_over(CoordinatorStep& step, const std::set<std::string>& works,
                        const events::EventRefT& decision) {
  for (const auto& work : works) {
    const auto* record = find_record(step.state(), work);
    if (!record || record->has_outer || record->refused > 0 || record->kept > 0 ||
        record->work->proposal->action == baseline_action)
      continue;
    step.record(
        with_outer(outcome(*record->decision, work, "no candidate of it was measured", Verdict::NoDifference,
                           "No model of " + work +
                               " beats the champion on the tuning slice: the goal gained "
                               "nothing from it.",
                           {decision}),
                   0));
  }
}

Question candidate_question(const State& state, const std::string& stream, const CoordinatorPolicy& policy) {
  Question asked;
  asked.by = "coordinator";
  asked.question = evaluate_question;
  std::set<std::uint64_t> evidence;
  for (const auto& candidate : state.pending) {
    const auto missing = shortfall(state, *candidate, policy);
    const double value = metric_value(candidate->model->metrics, state.goal->metric);
    asked.options.push_back(option(candidate->model->id,
                                   state.goal->metric + " " + number(value) + " on the tuning slice" +
                                       mean_of(*candidate->model) + ", from " + candidate->work +
                                       (missing.empty() ? "" : " (left out: " + missing + ")"),
                                   std::isfinite(value) ? value : 0));
    if (const auto* origin = find_record(state, candidate->work)) evidence.insert(origin->finished);
  }
  for (auto version : evidence) {
    events::EventRefT ref;
    ref.stream = stream;
    ref.version = version;
    asked.evidence.push_back(ref);
  }
  return asked;
}

/// Index of the best candidate worth measuring; -1: none.
int best_candidate(const State& state, const CoordinatorPolicy& policy) {
  int best = -1;
  for (int i = 0; i < static_cast<int>(state.pending.size()); ++i) {
    if (!shortfall(state, *state.pending[i], policy).empty()) continue;
    if (best < 0 || tuning_gain(state, *state.pending[i]->model, *state.pending[best]->model) > 0) best = i;
  }
  return best;
}

events::ProposalT evaluation_of(const State& state, const events::ModelRefT& model) {
  events::ProposalT proposal;
  proposal.id = "coordinator/c" + std::to_string(state.cycle) + "/" + model.id;
  proposal.agent = "autoperf";
  proposal.action = evaluate_action;
  proposal.subject = "whether " + model.id + " should serve";
  proposal.model = std::make_unique<events::ModelRefT>(model);
  if (const auto* serving = champion(state)) proposal.expected_gain = tuning_gain(state, model, *serving);
  return proposal;
}

Verdict verdict_on(const events::WorkFinishedT& finished, const events::WorkRecordT& record) {
  if (finished.failure) return Verdict::Failed;
  if (record.cancelled && finished.reward == 0) return Verdict::Unknown;
  if (is_evaluation(record)) return finished.promoted ? Verdict::Better : Verdict::Worse;
  return verdict_of(finished.reward);
}

std::string conclusion_of(const events::WorkFinishedT& finished) {
  if (!finished.failure) return finished.conclusion;
  return "It failed: " + finished.failure->message +
         (finished.conclusion.empty() ? "" : ". " + finished.conclusion);
}

/// The outer reward of the work whose candidate was measured.
void record_origin(CoordinatorStep& step, const std::string& work, const events::WorkFinishedT& finished,
                   const std::string& model, bool compared, const events::EventRefT& evidence) {
  const auto* origin = find_record(step.state(), work);
  if (!origin) return;
  const auto& metric = step.state().goal->metric;
  if (finished.promoted && !compared) {
    step.record(outcome(
        *origin->decision, work, model + " became the first champion", Verdict::Better,
        "There was no champion to compare " + model + " with; from here on gains are told against it.",
        {evidence}));
    return;
  }
  const double gain = finished.promoted ? finished.reward : 0;
  const std::string what = model + (finished.promoted  ? " became champion"
                                    : finished.failure ? " could not be measured"
                                                       : " was refused");
  const auto verdict = finished.promoted  ? Verdict::Better
                       : finished.failure ? Verdict::Failed
                                          : verdict_of(std::min(0.0, finished.reward));
  const std::string conclusion =
      finished.promoted ? "The goal gained " + signed_number(gain) + " " + metric + " on the promotion slice."
                        : "The goal gained nothing: " + conclusion_of(finished);
  step.record(with_outer(outcome(*origin->decision, work, what, verdict, conclusion, {evidence}), gain));
}

}  // namespace

Question candidates_question(const State& state, const std::string& stream, const CoordinatorPolicy& policy) {
  auto asked = candidate_question(state, stream, policy);
  const int best = best_candidate(state, policy);
  const auto* serving = champion(state);
  if (best < 0) {
    asked.rationale = "None of " + counted(state.pending.size(), "candidate") + " beats the champion" +
                      (serving ? " " + serving->id : std::string()) + " by " + number(policy.promising_gain) +
                      " " + state.goal->metric + " on the tuning slice.";
    return asked;
  }
  const auto& model = *state.pending[best]->model;
  const double gain = evaluation_of(state, model).expected_gain;
  asked.subject = model.id;
  asked.choices = {static_cast<std::uint32_t>(best)};
  asked.options[best].expected_gain = gain;
  asked.rationale = model.id + " is the best unmeasured candidate with " +
                    number(metric_value(model.metrics, state.goal->metric)) + " " + state.goal->metric +
                    " on the tuning slice" + mean_of(model) +
                    (serving ? ", " + signed_number(gain) + " against the champion " + serving->id + "."
                             : ". There is no champion yet.");
  return asked;
}

void consider_candidates(CoordinatorStep& step) {
  const auto& state = step.state();
  if (state.pending.empty()) return;
  for (const auto* record : open_records(state))
    if (is_evaluation(*record)) return;
  const auto asked = candidates_question(state, step.context().stream);
  if (asked.choices.empty()) {
    std::set<std::string> works;
    for (const auto& candidate : state.pending) works.insert(candidate->work);
    const auto decision = step.decide(asked);
    return record_passed_over(step, works, decision);
  }
  auto proposal = evaluation_of(state, *state.pending[asked.choices.front()]->model);
  const auto decision = step.decide(asked);
  assign(step, std::move(proposal), decision, 1);
}

void record_report(CoordinatorStep& step, const events::WorkFinishedT& reported) {
  events::WorkFinishedT finished = reported;
  if (!std::isfinite(finished.reward)) finished.reward = 0;
  if (!std::isfinite(finished.cost)) finished.cost = 0;
  const auto* record = find_record(step.state(), finished.work);
  const events::WorkRecordT before = *record;
  const auto& proposal = *before.work->proposal;
  const bool compared = before.work->context->champion != nullptr;
  const auto evidence = step.record(events::WorkFinishedT(finished));
  auto seen = with_inner(outcome(*before.decision, finished.work,
                                 proposal.agent + " " + proposal.action + ": " + proposal.subject,
                                 verdict_on(finished, before), conclusion_of(finished), {evidence}),
                         finished.reward);
  const bool promotes = is_evaluation(before) || finished.promoted;
  if (promotes && compared) seen = with_outer(std::move(seen), finished.promoted ? finished.reward : 0);
  step.record(std::move(seen));
  if (is_evaluation(before))
    record_origin(step, before.candidate_of, finished, proposal.model->id, compared, evidence);
}

}  // namespace automodel::actors::coordinator
