#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::AgentRowT;
using events::CycleRowT;
using events::ProposalRowT;
using events::RewardRowT;
using events::WorkRowT;

namespace {

void offer(MemoryRows& rows, const events::Proposal& proposal, std::string_view goal, std::uint32_t cycle,
           const EventView& event) {
  // An offer is told twice, by the agent and by the Coordinator: the first telling counts.
  const auto id = view(proposal.id());
  if (rows.find<ProposalRowT>(id)) return;
  auto& row = rows.fresh<ProposalRowT>(id);
  row.id = id;
  row.status = "offered";
  row.goal = goal;
  row.cycle = cycle;
  row.agent = view(proposal.agent());
  row.action = view(proposal.action());
  row.subject = view(proposal.subject());
  row.expected_gain = proposal.expected_gain();
  row.expected_cost = proposal.expected_cost();
  row.features = texts(proposal.features());
  if (const auto* configs = proposal.configs())
    for (const auto* config : *configs) row.fingerprints.emplace_back(view(config->fingerprint()));
  if (const auto* model = proposal.model()) row.model = view(model->id());
  row.ref = reference(event);
  row.time = event.time;
  rows.index(Index::proposals_by_cycle, cycle_key(goal, cycle), id);
}

RewardRowT& reward_of(MemoryRows& rows, const WorkRowT& work) {
  auto& row = rows.update<RewardRowT>(path(work.agent, work.action));
  row.agent = work.agent;
  row.action = work.action;
  return row;
}

void set_means(RewardRowT& row) {
  row.mean_cost = row.works ? row.cost_sum / row.works : 0;
  row.mean_inner = row.works ? row.inner_sum / row.works : 0;
  row.mean_outer = row.outer_count ? row.outer_sum / row.outer_count : 0;
  row.gain_per_cost = row.outer_cost_sum > 0 ? row.outer_sum / row.outer_cost_sum : 0;
}

/// The work that an outcome is about: named itself, through its proposal, or as the only one of its decision.
WorkRowT* work_of(MemoryRows& rows, std::string_view subject, std::string_view decision) {
  if (auto* work = rows.change<WorkRowT>(subject)) return work;
  if (const auto* proposal = rows.find<ProposalRowT>(subject); proposal && !proposal->work.empty())
    return rows.change<WorkRowT>(proposal->work);
  if (decision.empty()) return nullptr;
  const auto works = rows.indexed(Index::works_by_decision, decision, 2);
  return works.size() == 1 ? rows.change<WorkRowT>(works.front()) : nullptr;
}

}  // namespace

void apply(MemoryRows& rows, const events::ProposalsOffered& body, const EventView& event) {
  if (!body.proposals()) return;
  const auto goal = goal_of(body.goal(), event);
  for (const auto* proposal : *body.proposals()) offer(rows, *proposal, goal, body.cycle(), event);
}

void apply(MemoryRows& rows, const events::ProposalsReceived& body, const EventView& event) {
  const auto goal = goal_of(body.goal(), event);
  if (const auto* proposals = body.proposals())
    for (const auto* proposal : *proposals) offer(rows, *proposal, goal, body.cycle(), event);
  auto* row = rows.change<CycleRowT>(cycle_key(goal, body.cycle()));
  if (!row) return;
  auto answer = std::make_unique<events::CycleAnswerT>();
  answer->agent = view(body.agent());
  answer->proposals = body.proposals() ? body.proposals()->size() : 0;
  answer->none_because = view(body.none_because());
  answer->ref = reference(event);
  row->answers.push_back(std::move(answer));
}

void apply(MemoryRows& rows, const events::ProposalApproved& body, const EventView&) {
  auto* row = rows.change<ProposalRowT>(view(body.proposal()));
  if (!row) return;
  row->status = "approved";
  row->by = view(body.by());
}

void apply(MemoryRows& rows, const events::ProposalVetoed& body, const EventView&) {
  auto* row = rows.change<ProposalRowT>(view(body.proposal()));
  if (!row) return;
  row->status = "vetoed";
  row->by = view(body.by());
  row->reason = view(body.reason());
}

void apply(MemoryRows& rows, const events::WorkAssigned& body, const EventView& event) {
  const auto* assigned = body.work();
  if (!assigned) return;
  const auto id = view(assigned->id());
  auto& row = rows.fresh<WorkRowT>(id);
  row.id = id;
  row.status = "assigned";
  row.goal = event.correlation;
  if (const auto* context = assigned->context()) {
    row.cycle = context->cycle();
    if (const auto* goal = context->goal()) row.goal = view(goal->id());
  }
  if (const auto* proposal = assigned->proposal()) {
    row.proposal = view(proposal->id());
    row.agent = view(proposal->agent());
    row.action = view(proposal->action());
    row.subject = view(proposal->subject());
    row.expected_gain = proposal->expected_gain();
    row.expected_cost = proposal->expected_cost();
    // Work that the Coordinator thinks up itself (evaluate) was never offered.
    offer(rows, *proposal, row.goal, row.cycle, event);
  }
  row.decision = text(body.decision());
  row.assigned = reference(event);
  row.time = event.time;
  if (!row.decision.empty()) rows.index(Index::works_by_decision, row.decision, row.id);
  if (!row.goal.empty()) rows.index(Index::works_by_goal, row.goal, row.id);
  if (auto* proposal = rows.change<ProposalRowT>(row.proposal)) {
    proposal->status = "assigned";
    proposal->work = row.id;
    if (proposal->decision.empty()) proposal->decision = row.decision;
  }
  if (auto* cycle = rows.change<CycleRowT>(cycle_key(row.goal, row.cycle))) add_once(cycle->works, row.id);
  if (row.agent.empty()) return;
  auto& agent = rows.update<AgentRowT>(row.agent);
  agent.agent = row.agent;
  add_once(agent.open_works, row.id);
}

void apply(MemoryRows& rows, const events::WorkAccepted& body, const EventView&) {
  if (!body.work()) return;
  auto* row = rows.change<WorkRowT>(view(body.work()->id()));
  if (row && row->status == "assigned") row->status = "accepted";
}

void apply(MemoryRows& rows, const events::WorkReported& body, const EventView&) {
  if (!body.finished()) return;
  auto* row = rows.change<WorkRowT>(view(body.finished()->work()));
  if (row && row->finished.empty()) row->status = "reported";
}

void apply(MemoryRows& rows, const events::WorkFinished& body, const EventView& event) {
  auto& work = rows.update<WorkRowT>(view(body.work()));
  const bool first = work.finished.empty();
  work.id = view(body.work());
  if (work.agent.empty()) work.agent = view(body.agent());
  if (work.goal.empty()) {
    work.goal = event.correlation;
    if (!work.goal.empty()) rows.index(Index::works_by_goal, work.goal, work.id);
  }
  work.status = body.failure() ? "failed" : "done";
  work.cost = body.cost();
  work.reward = body.reward();
  work.features_kept = texts(body.features_kept());
  work.features_retired = texts(body.features_retired());
  work.candidates.clear();
  if (const auto* candidates = body.candidates())
    for (const auto* candidate : *candidates) {
      work.candidates.emplace_back(view(candidate->id()));
      note_model(rows, *candidate, "candidate", work.goal, event);
    }
  if (const auto* promoted = body.promoted()) work.promoted = view(promoted->id());
  work.failure = unpacked(body.failure());
  work.conclusion = view(body.conclusion());
  work.finished = reference(event);
  work.finished_time = event.time;
  if (auto* proposal = rows.change<ProposalRowT>(work.proposal)) proposal->status = work.status;
  if (auto* agent = rows.change<AgentRowT>(work.agent)) remove(agent->open_works, work.id);
  if (!first || work.action.empty()) return;
  auto& reward = reward_of(rows, work);
  ++reward.works;
  if (body.failure()) ++reward.failed;
  reward.cost_sum += work.cost;
  reward.inner_sum += work.reward;
  reward.inner_squares += work.reward * work.reward;
  set_means(reward);
}

void reward_work(MemoryRows& rows, std::string_view subject, std::string_view decision, double outer) {
  auto* work = work_of(rows, subject, decision);
  if (!work) return;
  auto& reward = reward_of(rows, *work);
  if (work->has_outer) {  // a later word on the same work replaces the earlier one
    reward.outer_sum -= work->outer_reward;
    reward.outer_squares -= work->outer_reward * work->outer_reward;
  } else {
    ++reward.outer_count;
    reward.outer_cost_sum += work->cost;
  }
  reward.outer_sum += outer;
  reward.outer_squares += outer * outer;
  set_means(reward);
  work->has_outer = true;
  work->outer_reward = outer;
}

void apply(MemoryRows& rows, const events::JobFailed& body, const EventView& event) {
  const auto ref = reference(event);
  auto& row = rows.fresh<events::FailureRowT>(ref);
  row.job = view(body.job());
  row.goal = event.correlation;
  row.failure = unpacked(body.failure());
  row.ref = ref;
  row.time = event.time;
}

}  // namespace automodel::storage::memory_rows
