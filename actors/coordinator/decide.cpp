#include <algorithm>
#include <cmath>

#include "actors/coordinator/rules.hpp"
#include "recsys/evaluation/metrics.hpp"

namespace automodel::actors {
namespace {

using namespace coordinator;
using events::CommandBody;
using events::GoalPhase;

/// Accepted, and nothing to record: repeated, late, or not due.
Decision nothing(std::string subject = {}) {
  Decision decision;
  decision.reply.subject = std::move(subject);
  return decision;
}

Result<void> check_data(const events::GoalT& goal) {
  if (!goal.data || goal.data->name.empty() || goal.data->hash.empty())
    return fail("coordinator.no_data", "the goal names no data set", "goal",
                "import one first: automodel data import");
  if (goal.data->label.empty())
    return fail("coordinator.no_data", "the goal says no label", "goal", "give one, for example rating>=4");
  double sum = 0;
  for (double ratio : goal.data->ratios) {
    if (!(ratio > 0 && ratio < 1))
      return fail("coordinator.bad_ratios", "a share of " + number(ratio) + " is not between 0 and 1", "goal",
                  "shares of train, validation and test, for example 0.8,0.1,0.1");
    sum += ratio;
  }
  if (goal.data->ratios.size() != 3 || std::abs(sum - 1) > 1e-6)
    return fail("coordinator.bad_ratios",
                counted(goal.data->ratios.size(), "share") + " that sum to " + number(sum), "goal",
                "three shares of train, validation and test that sum to 1, for example 0.8,0.1,0.1");
  return {};
}

Result<void> check_goal(const events::GoalT& goal) {
  if (auto good = check_data(goal); !good) return good;
  if (auto known = recsys::higher_is_better(goal.metric, recsys::Known::catalogue_too); !known)
    return fail("coordinator.unknown_metric", known.error().message, "goal", known.error().hint);
  if (goal.bounds && !(goal.bounds->max_latency_ms >= 0 && goal.bounds->max_model_mb >= 0 &&
                       std::isfinite(goal.bounds->max_latency_ms + goal.bounds->max_model_mb)))
    return fail("coordinator.bad_bounds", "a bound is negative or not a number", "goal", "0 means no bound");
  if (!(goal.budget_seconds >= 0 && std::isfinite(goal.budget_seconds)))
    return fail("coordinator.no_limit", "a budget of " + number(goal.budget_seconds) + " s", "goal",
                "for example 3m");
  if (goal.budget_seconds == 0 && goal.max_trials == 0)
    return fail("coordinator.no_limit", "the goal has neither a budget nor a number of trials", "goal",
                "give --budget, for example 3m, or --max-trials");
  return {};
}

Result<Decision> submit(const State& state, const events::SubmitGoalT& command, const Context& context) {
  if (state.goal)
    return fail("coordinator.busy", state.goal->id + " is still being worked on", "coordinator",
                "wait until it is finished, or stop it");
  if (!command.goal)
    return fail("coordinator.no_data", "the goal is empty", "goal", "say data, metric and budget");
  if (auto good = check_goal(*command.goal); !good) return fail(good.error());
  events::GoalT goal = *command.goal;
  goal.id = "goal-" + std::to_string(state.goals + 1);
  goal.parallel = std::max(1u, goal.parallel);
  CoordinatorStep step(state, context, goal.id);
  events::GoalAcceptedT accepted;
  accepted.goal = std::make_unique<events::GoalT>(goal);
  accepted.rows = command.rows;
  step.record(std::move(accepted));
  advance(step);
  return step.finish(goal.id);
}

/// The running goal, if `named` (or nothing) names it.
Result<void> running(const State& state, const std::string& named) {
  if (!state.goal)
    return fail("coordinator.no_goal", "no goal is being worked on", "coordinator", "submit one first");
  if (!named.empty() && named != state.goal->id)
    return fail("coordinator.no_goal", named + " is not being worked on", "coordinator",
                "the running goal is " + state.goal->id);
  return {};
}

Result<Decision> pause(const State& state, const events::CommandT& command, const Context& context) {
  if (auto good = running(state, command.body.AsPauseGoal()->goal); !good) return fail(good.error());
  if (state.phase != GoalPhase::Evolving)
    return fail("coordinator.finishing", state.goal->id + " is already finishing", "coordinator",
                "wait for its report");
  if (state.paused) return nothing(state.goal->id);
  CoordinatorStep step(state, context, state.goal->id);
  events::GoalPausedT paused;
  paused.goal = state.goal->id;
  paused.by = command.sender;
  step.record(std::move(paused));
  return step.finish(state.goal->id);
}

/// Also what a node says when it starts with an unfinished goal: the gap since the last event was downtime.
Result<Decision> resume(const State& state, const events::CommandT& command, const Context& context) {
  if (auto good = running(state, command.body.AsResumeGoal()->goal); !good) return fail(good.error());
  CoordinatorStep step(state, context, state.goal->id);
  events::GoalResumedT resumed;
  resumed.goal = state.goal->id;
  resumed.by = command.sender;
  step.record(std::move(resumed));
  advance(step);
  return step.finish(state.goal->id);
}

Result<Decision> stop(const State& state, const events::CommandT& command, const Context& context) {
  const auto& said = *command.body.AsStopGoal();
  if (auto good = running(state, said.goal); !good) return fail(good.error());
  const std::string goal = state.goal->id;
  CoordinatorStep step(state, context, goal);
  const std::string by = command.sender.empty() ? "a person" : command.sender;
  if (state.phase == GoalPhase::Evolving)
    close(step, "stopped by " + by + (said.reason.empty() ? "" : ": " + said.reason), command.sender);
  else if (state.phase == GoalPhase::Reporting)
    finish_goal(step, "the report was not waited for");
  return step.finish(goal);  // while closing there is nothing to hasten: it is bounded
}

Result<Decision> judge(const State& state, const events::CommandT& command, const Context& context) {
  const auto* veto = command.body.AsVetoProposal();
  const std::string& proposal = veto ? veto->proposal : command.body.AsApproveProposal()->proposal;
  const auto wanted = veto ? events::Approval::Vetoed : events::Approval::Approved;
  auto found = std::find_if(state.offers.begin(), state.offers.end(),
                            [&](const auto& offer) { return offer->proposal->id == proposal; });
  if (found != state.offers.end() && (*found)->approval == wanted) return nothing(proposal);
  if (found == state.offers.end() || state.chosen || state.phase != GoalPhase::Evolving)
    return fail("coordinator.no_such_proposal", "no proposal '" + proposal + "' is open", "coordinator",
                "see proposals for those that are");
  CoordinatorStep step(state, context, state.goal->id);
  if (veto) {
    events::ProposalVetoedT vetoed;
    vetoed.proposal = proposal;
    vetoed.by = command.sender;
    vetoed.reason = veto->reason;
    step.record(std::move(vetoed));
  } else {
    events::ProposalApprovedT approved;
    approved.proposal = proposal;
    approved.by = command.sender;
    step.record(std::move(approved));
  }
  advance(step);
  return step.finish(proposal);
}

Result<Decision> pass_time(const State& state, const Context& context) {
  if (!state.goal || state.paused || awaits_person(state)) return nothing();
  const bool spent = state.phase == GoalPhase::Evolving &&
                     seconds_left(state, context.now) <= reserve_for_closing(*state.goal);
  const bool waited = state.phase == GoalPhase::Closing &&
                      elapsed_at(state, context.now) - state.closing_since >= patience_reports;
  if (!spent && !waited && !is_overdue(state, context.now)) return nothing();
  CoordinatorStep step(state, context, state.goal->id);
  if (spent) {
    close(step, "budget spent", "coordinator");
  } else {
    end_patience(step);
    if (step.state().goal) advance(step);
  }
  return step.finish();
}

Result<Decision> hear_offers(const State& state, const events::OfferProposalsT& offer,
                             const Context& context) {
  // An offer to an earlier cycle, a repeated one, or one out of turn says nothing new.
  if (state.phase != GoalPhase::Evolving || offer.goal != state.goal->id || offer.cycle != state.cycle ||
      state.answers.size() >= state.asked.size() || offer.agent != state.asked[state.answers.size()])
    return nothing();
  CoordinatorStep step(state, context, state.goal->id);
  events::ProposalsReceivedT received;
  received.goal = offer.goal;
  received.cycle = offer.cycle;
  received.agent = offer.agent;
  received.proposals = copies_of(offer.proposals);
  received.none_because = offer.none_because;
  step.record(std::move(received));
  ask_next(step);
  advance(step);
  return step.finish();
}

Result<Decision> hear_report(const State& state, const events::ReportWorkT& report, const Context& context) {
  if (!report.finished) return nothing();
  const auto& finished = *report.finished;
  const std::string goal = state.goal ? state.goal->id : "";
  CoordinatorStep step(state, context, goal);
  if (is_roll_back(finished)) {
    if (finished.work != state.rolled_back) step.record(events::WorkFinishedT(finished));
    return step.finish();
  }
  const auto* record = find_record(state, finished.work);
  if (!record || record->finished) return nothing();  // late or repeated
  record_report(step, finished);
  advance(step);
  return step.finish();
}

Result<Decision> hear_job(const State& state, const events::JobResultT& result, const Context& context) {
  const auto jobs = Coordinator::open_jobs(state);
  if (jobs.empty() || jobs.front().id != result.job) return nothing();
  CoordinatorStep step(state, context, state.goal->id);
  if (const auto* report = result.body.AsReportResult(); report && !result.failure) {
    events::ReportProducedT produced;
    produced.goal = state.goal->id;
    produced.rows = copies_of(report->rows);
    step.record(std::move(produced));
    finish_goal(step, "");
    return step.finish();
  }
  events::FailureT failure;
  failure.code = "coordinator.no_report";
  failure.message = "the job ended without a report";
  fail_report(step, result.failure ? *result.failure : failure);
  return step.finish();
}

}  // namespace

Result<Decision> Coordinator::decide(const State& state, const events::CommandT& command,
                                     const Context& context) {
  const auto& body = command.body;
  switch (body.type) {
    case CommandBody::SubmitGoal:
      return submit(state, *body.AsSubmitGoal(), context);
    case CommandBody::PauseGoal:
      return pause(state, command, context);
    case CommandBody::ResumeGoal:
      return resume(state, command, context);
    case CommandBody::StopGoal:
      return stop(state, command, context);
    case CommandBody::ApproveProposal:
    case CommandBody::VetoProposal:
      return judge(state, command, context);
    case CommandBody::TimePassed:
      return pass_time(state, context);
    case CommandBody::OfferProposals:
      return hear_offers(state, *body.AsOfferProposals(), context);
    case CommandBody::ReportWork:
      return hear_report(state, *body.AsReportWork(), context);
    case CommandBody::JobFinished:
      return body.AsJobFinished()->result ? hear_job(state, *body.AsJobFinished()->result, context)
                                          : Result<Decision>(nothing());
    case CommandBody::JobProgressed:
      return nothing();  // a report has no epochs
    default:
      return fail(
          "coordinator.unknown_command",
          std::string("the coordinator does not understand ") + events::EnumNameCommandBody(body.type),
          "coordinator", "it is another agent's command");
  }
}

}  // namespace automodel::actors
