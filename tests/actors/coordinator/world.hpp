// Short ways to say what people and agents say to the Coordinator.
#pragma once

#include <algorithm>

#include "actors/coordinator/agent.hpp"
#include "tests/actors/given_when_then.hpp"

namespace automodel::tests {

using actors::Coordinator;
using CoordinatorScenario = Scenario<Coordinator>;

inline events::GoalT goal(double budget = 100) {
  events::GoalT made;
  made.data = std::make_unique<events::DataRefT>();
  made.data->name = "movielens";
  made.data->hash = "abc";
  made.data->label = "rating>=4";
  made.data->ratios = {0.8, 0.1, 0.1};
  made.metric = "auc";
  made.budget_seconds = budget;
  made.seed = 1;
  made.parallel = 1;
  return made;
}

inline events::SubmitGoalT submit(const events::GoalT& asked) {
  events::SubmitGoalT command;
  command.goal = std::make_unique<events::GoalT>(asked);
  command.rows = 80000;
  return command;
}

inline events::ProposalT proposal(const std::string& id, const std::string& agent, const std::string& action,
                                  double gain = 0.02, double cost = 200000) {
  events::ProposalT made;
  made.id = id;
  made.agent = agent;
  made.action = action;
  made.subject = action + " of " + id;
  made.expected_gain = gain;
  made.expected_cost = cost;
  return made;
}

inline events::OfferProposalsT offer(const std::string& agent, std::uint32_t cycle,
                                     const std::vector<events::ProposalT>& proposals,
                                     const std::string& goal_id = "goal-1") {
  events::OfferProposalsT made;
  made.goal = goal_id;
  made.cycle = cycle;
  made.agent = agent;
  made.proposals = actors::boxed(proposals);
  if (proposals.empty()) made.none_because = "nothing to offer";
  return made;
}

inline events::ModelRefT model(const std::string& id, double auc, const std::string& method = "lr") {
  events::ModelRefT made;
  made.id = id;
  made.checkpoint = "hash-" + id;
  made.parameters = 100;
  made.bytes = 400;
  made.config = std::make_unique<events::TrialConfigT>();
  made.config->method = method;
  auto metric = std::make_unique<events::MetricT>();
  metric->name = "auc";
  metric->value = auc;
  made.metrics.push_back(std::move(metric));
  return made;
}

inline events::ReportWorkT report(const std::string& work, const std::string& agent, double reward = 0,
                                  const std::vector<events::ModelRefT>& candidates = {},
                                  std::uint32_t trials = 1) {
  events::ReportWorkT made;
  made.finished = std::make_unique<events::WorkFinishedT>();
  made.finished->work = work;
  made.finished->agent = agent;
  made.finished->reward = reward;
  made.finished->trials = trials;
  made.finished->candidates = actors::boxed(candidates);
  made.finished->conclusion = "done";
  return made;
}

inline events::ReportWorkT promotion(const std::string& work, const events::ModelRefT& promoted,
                                     double reward) {
  auto made = report(work, "autoperf", reward, {}, 0);
  made.finished->promoted = std::make_unique<events::ModelRefT>(promoted);
  return made;
}

/// Answers for the whole cycle; the last decision.
inline actors::Decision answer(CoordinatorScenario& scenario, const std::vector<events::ProposalT>& feature,
                               const std::vector<events::ProposalT>& train,
                               const std::vector<events::ProposalT>& perf = {}) {
  const auto& state = scenario.state();
  const auto id = state.goal->id;
  const auto cycle = state.cycle;
  scenario.done(offer("autofeature", cycle, feature, id), "autofeature/main");
  scenario.done(offer("autotrain", cycle, train, id), "autotrain/main");
  return scenario.done(offer("autoperf", cycle, perf, id), "autoperf/main");
}

inline events::JobFinishedT report_job(const CoordinatorScenario& scenario, bool fails = false) {
  events::JobFinishedT made;
  made.result = std::make_unique<events::JobResultT>();
  made.result->job = scenario.jobs().at(0).id;
  if (fails) {
    made.result->failure = std::make_unique<events::FailureT>();
    made.result->failure->message = "the worker died";
  } else {
    made.result->body.Set(events::ReportResultT{});
  }
  return made;
}

/// Goal submitted, baselines trained, the first champion promoted, the second cycle asked for.
inline CoordinatorScenario with_champion(const events::GoalT& asked = goal()) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(asked));
  answer(scenario, {}, {proposal("autotrain/c1/1", "autotrain", "baseline")});
  if (asked.ask) {
    events::ApproveProposalT approve;
    approve.proposal = "autotrain/c1/1";
    scenario.done(approve);
  }
  scenario.done(report("work-1", "autotrain", 0, {model("trial-1", 0.7), model("trial-2", 0.68, "fm")}, 2),
                "autotrain/main");
  scenario.done(promotion("work-2", model("trial-1", 0.7), 0), "autoperf/main");
  return scenario;
}

}  // namespace automodel::tests
