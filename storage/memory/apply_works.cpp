#include "storage/memory/apply.hpp"
#include "storage/memory/rows.hpp"

namespace automodel::storage::memory_rows {

using events::CycleRowT;
using events::ProposalRowT;
using events::RewardRowT;
using events::WorkRowT;

namespace {

using Proposals = std::vector<std::unique_ptr<events::ProposalT>>;

void offer(RowWriter& rows, const events::ProposalT& proposal, const std::string& goal, std::uint32_t cycle,
           const Recorded& event) {
  // An offer is told twice, by the agent and by the Coordinator: the first telling counts.
  if (get<ProposalRowT>(rows, "proposals", proposal.id)) return;
  ProposalRowT row;
  row.id = proposal.id;
  row.status = "offered";
  row.goal = goal;
  row.cycle = cycle;
  row.agent = proposal.agent;
  row.action = proposal.action;
  row.subject = proposal.subject;
  row.expected_gain = proposal.expected_gain;
  row.expected_cost = proposal.expected_cost;
  row.features = proposal.features;
  for (const auto& config : proposal.configs)
    if (config) row.fingerprints.push_back(config->fingerprint);
  if (proposal.model) row.model = proposal.model->id;
  row.ref = reference(event);
  row.time = event.time;
  put(rows, "proposals", row.id, row);
}

void advance_proposal(RowWriter& rows, const std::string& proposal, const std::string& status) {
  change<ProposalRowT>(rows, "proposals", proposal, [&](ProposalRowT& row) { row.status = status; });
}

RewardRowT reward_row(const RowReader& rows, const WorkRowT& work) {
  auto row = get<RewardRowT>(rows, "rewards", work.agent + "/" + work.action).value_or(RewardRowT{});
  row.agent = work.agent;
  row.action = work.action;
  return row;
}

void put_reward(RowWriter& rows, RewardRowT& row) {
  row.mean_cost = row.works ? row.cost_sum / row.works : 0;
  row.mean_inner = row.works ? row.inner_sum / row.works : 0;
  row.mean_outer = row.outer_count ? row.outer_sum / row.outer_count : 0;
  row.gain_per_cost = row.outer_cost_sum > 0 ? row.outer_sum / row.outer_cost_sum : 0;
  put(rows, "rewards", row.agent + "/" + row.action, row);
}

/// The work that an outcome is about: named itself, through its proposal, or as the only one of its decision.
std::optional<WorkRowT> work_of(const RowReader& rows, const std::string& subject,
                                const std::string& decision) {
  if (auto work = get<WorkRowT>(rows, "works", subject)) return work;
  if (auto proposal = get<ProposalRowT>(rows, "proposals", subject); proposal && !proposal->work.empty())
    return get<WorkRowT>(rows, "works", proposal->work);
  std::vector<std::string> works;
  if (!decision.empty())
    rows.scan("works_by_decision", memory_key(decision) + " @ ",
              [&](std::string_view, events::ByteView bytes) {
                if (auto entry = events::unpack<events::IndexRowT>(bytes)) works.push_back(entry->key);
                return works.size() < 2;
              });
  return works.size() == 1 ? get<WorkRowT>(rows, "works", works.front()) : std::nullopt;
}

}  // namespace

void apply(RowWriter& rows, const events::ProposalsOfferedT& body, const Recorded& event) {
  for (const auto& proposal : body.proposals)
    if (proposal) offer(rows, *proposal, goal_of(body.goal, event), body.cycle, event);
}

void apply(RowWriter& rows, const events::ProposalsReceivedT& body, const Recorded& event) {
  auto goal = goal_of(body.goal, event);
  for (const auto& proposal : body.proposals)
    if (proposal) offer(rows, *proposal, goal, body.cycle, event);
  change<CycleRowT>(rows, "cycles", goal + "/" + std::to_string(body.cycle), [&](CycleRowT& row) {
    auto answer = std::make_unique<events::CycleAnswerT>();
    answer->agent = body.agent;
    answer->proposals = static_cast<std::uint32_t>(body.proposals.size());
    answer->none_because = body.none_because;
    answer->ref = reference(event);
    row.answers.push_back(std::move(answer));
  });
}

void apply(RowWriter& rows, const events::ProposalApprovedT& body, const Recorded&) {
  change<ProposalRowT>(rows, "proposals", body.proposal, [&](ProposalRowT& row) {
    row.status = "approved";
    row.by = body.by;
  });
}

void apply(RowWriter& rows, const events::ProposalVetoedT& body, const Recorded&) {
  change<ProposalRowT>(rows, "proposals", body.proposal, [&](ProposalRowT& row) {
    row.status = "vetoed";
    row.by = body.by;
    row.reason = body.reason;
  });
}

void apply(RowWriter& rows, const events::WorkAssignedT& body, const Recorded& event) {
  if (!body.work) return;
  WorkRowT row;
  row.id = body.work->id;
  row.status = "assigned";
  row.goal = event.correlation;
  if (const auto& context = body.work->context) {
    row.cycle = context->cycle;
    if (context->goal) row.goal = context->goal->id;
  }
  if (const auto& proposal = body.work->proposal) {
    row.proposal = proposal->id;
    row.agent = proposal->agent;
    row.action = proposal->action;
    row.subject = proposal->subject;
    row.expected_gain = proposal->expected_gain;
    row.expected_cost = proposal->expected_cost;
    // Work that the Coordinator thinks up itself (evaluate) was never offered.
    offer(rows, *proposal, row.goal, row.cycle, event);
  }
  row.decision = text(body.decision);
  row.assigned = reference(event);
  row.time = event.time;
  put(rows, "works", row.id, row);
  if (!row.decision.empty()) index(rows, "works_by_decision", row.decision, row.id);
  change<ProposalRowT>(rows, "proposals", row.proposal, [&](ProposalRowT& proposal) {
    proposal.status = "assigned";
    proposal.work = row.id;
    if (proposal.decision.empty()) proposal.decision = row.decision;
  });
  change<CycleRowT>(rows, "cycles", row.goal + "/" + std::to_string(row.cycle),
                    [&](CycleRowT& cycle) { add_once(cycle.works, row.id); });
}

void apply(RowWriter& rows, const events::WorkAcceptedT& body, const Recorded&) {
  if (!body.work) return;
  change<WorkRowT>(rows, "works", body.work->id, [](WorkRowT& row) {
    if (row.status == "assigned") row.status = "accepted";
  });
}

void apply(RowWriter& rows, const events::WorkReportedT& body, const Recorded&) {
  if (!body.finished) return;
  change<WorkRowT>(rows, "works", body.finished->work, [](WorkRowT& row) {
    if (row.finished.empty()) row.status = "reported";
  });
}

void apply(RowWriter& rows, const events::WorkFinishedT& body, const Recorded& event) {
  auto work = get<WorkRowT>(rows, "works", body.work).value_or(WorkRowT{});
  bool first = work.finished.empty();
  work.id = body.work;
  if (work.agent.empty()) work.agent = body.agent;
  if (work.goal.empty()) work.goal = event.correlation;
  work.status = body.failure ? "failed" : "done";
  work.cost = body.cost;
  work.reward = body.reward;
  work.features_kept = body.features_kept;
  work.features_retired = body.features_retired;
  work.candidates.clear();
  for (const auto& candidate : body.candidates) {
    if (!candidate) continue;
    work.candidates.push_back(candidate->id);
    note_model(rows, *candidate, "candidate", work.goal, event);
  }
  if (body.promoted) work.promoted = body.promoted->id;
  work.failure = copy_of(body.failure);
  work.conclusion = body.conclusion;
  work.finished = reference(event);
  work.finished_time = event.time;
  put(rows, "works", work.id, work);
  advance_proposal(rows, work.proposal, work.status);
  if (!first || work.action.empty()) return;
  auto reward = reward_row(rows, work);
  ++reward.works;
  if (body.failure) ++reward.failed;
  reward.cost_sum += work.cost;
  reward.inner_sum += work.reward;
  reward.inner_squares += work.reward * work.reward;
  put_reward(rows, reward);
}

void reward_work(RowWriter& rows, const std::string& subject, const std::string& decision, double outer) {
  auto work = work_of(rows, subject, decision);
  if (!work) return;
  auto reward = reward_row(rows, *work);
  if (work->has_outer) {  // a later word on the same work replaces the earlier one
    reward.outer_sum -= work->outer_reward;
    reward.outer_squares -= work->outer_reward * work->outer_reward;
  } else {
    ++reward.outer_count;
    reward.outer_cost_sum += work->cost;
  }
  reward.outer_sum += outer;
  reward.outer_squares += outer * outer;
  put_reward(rows, reward);
  work->has_outer = true;
  work->outer_reward = outer;
  put(rows, "works", work->id, *work);
}

void apply(RowWriter& rows, const events::JobFailedT& body, const Recorded& event) {
  events::FailureRowT row;
  row.job = body.job;
  row.goal = event.correlation;
  row.failure = copy_of(body.failure);
  row.ref = reference(event);
  row.time = event.time;
  put(rows, "failures", row.ref, row);
}

}  // namespace automodel::storage::memory_rows
