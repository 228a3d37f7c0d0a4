#include <algorithm>

#include "storage/memory/apply.hpp"
#include "storage/memory/rows.hpp"

namespace automodel::storage::memory_rows {

using events::DecisionRowT;
using events::GoalRowT;
using events::OutcomeRowT;
using events::ProposalRowT;

namespace {

/// The Coordinator's options are proposals: what it chose and what it passed over is part of their story.
void mark_proposals(RowWriter& rows, const DecisionRowT& decision) {
  for (std::size_t i = 0; i < decision.options.size(); ++i) {
    if (!decision.options[i]) continue;
    bool chosen = std::find(decision.choices.begin(), decision.choices.end(), i) != decision.choices.end();
    change<ProposalRowT>(rows, "proposals", decision.options[i]->name, [&](ProposalRowT& row) {
      if (row.status != "offered" && row.status != "passed-over") return;
      row.status = chosen ? "chosen" : "passed-over";
      row.decision = decision.ref;
    });
  }
}

/// The goal that a decision or outcome serves: its correlation, or, where a clock or a person led to it, its
/// subject's.
std::string goal_about(const RowReader& rows, const std::string& subject, const Recorded& event) {
  if (!event.correlation.empty() || subject.empty()) return event.correlation;
  if (auto work = get<events::WorkRowT>(rows, "works", subject)) return work->goal;
  if (auto trial = get<events::TrialRowT>(rows, "trials", subject)) return trial->goal;
  if (auto model = get<events::ModelRowT>(rows, "models", subject)) return model->goal;
  auto head = subject.substr(0, subject.find('/'));  // goal-1/c3
  return get<GoalRowT>(rows, "goals", head) ? head : std::string();
}

}  // namespace

void apply(RowWriter& rows, const events::DecisionMadeT& body, const Recorded& event) {
  DecisionRowT row;
  row.ref = reference(event);
  row.by = body.by.empty() ? agent_of(event) : body.by;
  row.question = body.question;
  row.options = copies_of(body.options);
  row.choices = body.choices;
  for (auto choice : body.choices)
    if (choice < body.options.size() && body.options[choice])
      row.chosen.push_back(body.options[choice]->name);
  row.rationale = body.rationale;
  row.evidence = texts(body.evidence);
  row.expected_gain = body.expected_gain;
  row.expected_cost = body.expected_cost;
  row.subject = body.subject;
  row.goal = goal_about(rows, body.subject, event);
  row.time = event.time;
  put(rows, "decisions", row.ref, row);
  if (!row.subject.empty()) index(rows, "decisions_by_subject", row.subject, row.ref);
  change<GoalRowT>(rows, "goals", row.goal, [](GoalRowT& goal) { ++goal.decisions; });
  if (agent_of(event) == "coordinator") mark_proposals(rows, row);
}

void apply(RowWriter& rows, const events::OutcomeObservedT& body, const Recorded& event) {
  OutcomeRowT row;
  row.ref = reference(event);
  row.by = agent_of(event);
  row.decision = text(body.decision);
  row.subject = body.subject;
  row.what = body.what;
  row.has_inner = body.has_inner;
  row.inner_reward = body.inner_reward;
  row.has_outer = body.has_outer;
  row.outer_reward = body.outer_reward;
  row.verdict = body.verdict;
  row.conclusion = body.conclusion;
  row.evidence = texts(body.evidence);
  row.goal = goal_about(rows, body.subject, event);
  row.time = event.time;
  put(rows, "outcomes", row.ref, row);
  if (!row.subject.empty()) index(rows, "outcomes_by_subject", row.subject, row.ref);
  change<DecisionRowT>(rows, "decisions", row.decision, [&](DecisionRowT& decision) {
    add_once(decision.outcomes, row.ref);
    decision.verdict = row.verdict;
    if (row.has_inner) decision.has_inner = true, decision.inner_reward = row.inner_reward;
    if (row.has_outer) decision.has_outer = true, decision.outer_reward = row.outer_reward;
  });
  change<GoalRowT>(rows, "goals", row.goal, [](GoalRowT& goal) { ++goal.outcomes; });
  if (row.has_outer && row.by == "coordinator")
    reward_work(rows, row.subject, row.decision, row.outer_reward);
}

}  // namespace automodel::storage::memory_rows
