#include <array>
#include <charconv>
#include <limits>

#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::AgentRowT;
using events::DecisionRowT;
using events::GoalRowT;
using events::OutcomeRowT;
using events::ProposalRowT;

namespace {

/// The Coordinator's options are proposals: what it chose and what it passed over is part of their story.
void mark_proposals(MemoryRows& rows, const DecisionRowT& decision) {
  for (std::size_t i = 0; i < decision.options.size(); ++i) {
    const auto& name = decision.options[i]->name;
    const auto* known = rows.find<ProposalRowT>(name);
    if (!known || (known->status != "offered" && known->status != "passed-over")) continue;
    auto& row = *rows.change<ProposalRowT>(name);
    const bool chosen =
        std::find(decision.choices.begin(), decision.choices.end(), i) != decision.choices.end();
    row.status = chosen ? "chosen" : "passed-over";
    row.decision = decision.ref;
  }
}

/// The goal that a decision or outcome serves: its correlation, or, where a clock or a person led to it, its
/// subject's.
std::string goal_about(MemoryRows& rows, std::string_view subject, const EventView& event) {
  if (!event.correlation.empty() || subject.empty()) return std::string(event.correlation);
  if (const auto* work = rows.find<events::WorkRowT>(subject)) return work->goal;
  if (const auto* trial = rows.find<events::TrialRowT>(subject)) return trial->goal;
  if (const auto* model = rows.find<events::ModelRowT>(subject)) return model->goal;
  const auto head = subject.substr(0, subject.find('/'));  // goal-1/c3
  return rows.find<GoalRowT>(head) ? std::string(head) : std::string();
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  return std::string(digits.size() - size, '0').append(digits.data(), size);
}

/// Sorts the newest first: by what is left until the end of time, and of the stream.
std::string newest_first(const EventView& event, std::string_view ref) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return hexadecimal(most - static_cast<std::uint64_t>(event.time)) + hexadecimal(most - event.version) +
         " " + std::string(ref);
}

void note_decision(MemoryRows& rows, const DecisionRowT& decision) {
  auto& agent = rows.update<AgentRowT>(decision.by);
  agent.agent = decision.by;
  ++agent.decisions;
  if (!agent.last_decision.empty() && decision.time < agent.last_time) return;
  agent.last_decision = decision.ref;
  agent.last_time = decision.time;
}

}  // namespace

void apply(MemoryRows& rows, const events::DecisionMade& body, const EventView& event) {
  const std::string ref = reference(event);
  auto& row = rows.fresh<DecisionRowT>(ref);
  row.ref = ref;
  row.by = view(body.by()).empty() ? agent_of(event) : view(body.by());
  row.question = view(body.question());
  row.options = unpacked(body.options());
  if (const auto* choices = body.choices()) row.choices.assign(choices->begin(), choices->end());
  for (const auto choice : row.choices)
    if (choice < row.options.size()) row.chosen.push_back(row.options[choice]->name);
  row.rationale = view(body.rationale());
  row.evidence = texts(body.evidence());
  row.expected_gain = body.expected_gain();
  row.expected_cost = body.expected_cost();
  row.subject = view(body.subject());
  row.goal = goal_about(rows, row.subject, event);
  row.time = event.time;
  if (!row.subject.empty()) rows.index(Index::decisions_by_subject, row.subject, ref);
  if (!row.goal.empty()) rows.index(Index::decisions_by_goal, row.goal, ref, newest_first(event, ref));
  if (auto* goal = rows.change<GoalRowT>(row.goal)) ++goal->decisions;
  note_decision(rows, row);
  if (agent_of(event) == "coordinator") mark_proposals(rows, row);
}

void apply(MemoryRows& rows, const events::OutcomeObserved& body, const EventView& event) {
  const std::string ref = reference(event);
  auto& row = rows.fresh<OutcomeRowT>(ref);
  row.ref = ref;
  row.by = agent_of(event);
  row.decision = text(body.decision());
  row.subject = view(body.subject());
  row.what = view(body.what());
  row.has_inner = body.has_inner();
  row.inner_reward = body.inner_reward();
  row.has_outer = body.has_outer();
  row.outer_reward = body.outer_reward();
  row.verdict = body.verdict();
  row.conclusion = view(body.conclusion());
  row.evidence = texts(body.evidence());
  row.goal = goal_about(rows, row.subject, event);
  row.time = event.time;
  if (!row.subject.empty()) rows.index(Index::outcomes_by_subject, row.subject, ref);
  if (!row.goal.empty()) rows.index(Index::outcomes_by_goal, row.goal, ref);
  if (auto* decision = rows.change<DecisionRowT>(row.decision)) {
    add_once(decision->outcomes, ref);
    decision->verdict = row.verdict;
    if (row.has_inner) decision->has_inner = true, decision->inner_reward = row.inner_reward;
    if (row.has_outer) decision->has_outer = true, decision->outer_reward = row.outer_reward;
  }
  if (auto* goal = rows.change<GoalRowT>(row.goal)) ++goal->outcomes;
  auto& agent = rows.update<AgentRowT>(row.by);
  agent.agent = row.by;
  ++agent.outcomes;
  if (row.has_outer && row.by == "coordinator")
    reward_work(rows, row.subject, row.decision, row.outer_reward);
}

}  // namespace automodel::storage::memory_rows
