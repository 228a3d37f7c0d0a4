// What the tests of AutoTrain share: goals, work, and results of training jobs.
#pragma once

#include "actors/autotrain/agent.hpp"
#include "actors/decisions/random.hpp"
#include "actors/decisions/trial.hpp"
#include "tests/actors/given_when_then.hpp"

namespace automodel::tests {

inline events::CycleContextT cycle_of(std::uint32_t trials_left = 0, std::vector<std::string> features = {},
                                      std::uint32_t cycle = 1) {
  events::CycleContextT context;
  context.goal = std::make_unique<events::GoalT>();
  context.goal->id = "goal-1";
  context.goal->metric = "auc";
  context.goal->seed = 3;
  context.goal->data = std::make_unique<events::DataRefT>();
  context.goal->data->name = "films";
  context.goal->data->hash = "abc";
  context.goal->data->label = "rating>=4";
  context.goal->data->ratios = {0.8, 0.1, 0.1};
  context.cycle = cycle;
  context.rows = 1000;
  context.trials_left = trials_left;
  context.features = std::move(features);
  return context;
}

/// Of a goal that asks what is found among all items.
inline events::CycleContextT ranking_cycle_of(std::uint32_t cycle = 1) {
  auto context = cycle_of(0, {}, cycle);
  context.goal->id = "goal-2";
  context.goal->metric = "catalogue_ndcg10";
  return context;
}

inline events::WorkT work_of(const std::string& id, const events::ProposalT& proposal,
                             const events::CycleContextT& context) {
  events::WorkT work;
  work.id = id;
  work.proposal = std::make_unique<events::ProposalT>(proposal);
  work.context = std::make_unique<events::CycleContextT>(context);
  return work;
}

inline events::RequestProposalsT request(const events::CycleContextT& context) {
  events::RequestProposalsT command;
  command.context = std::make_unique<events::CycleContextT>(context);
  return command;
}

inline events::AssignWorkT assign(const events::WorkT& work) {
  events::AssignWorkT command;
  command.work = std::make_unique<events::WorkT>(work);
  return command;
}

inline std::unique_ptr<events::MetricT> metric(double value, const std::string& name = "auc") {
  auto made = std::make_unique<events::MetricT>();
  made->name = name;
  made->value = value;
  return made;
}

inline events::JobProgressedT progress(const std::string& job, std::uint32_t epoch, double value) {
  events::JobProgressedT command;
  command.progress = std::make_unique<events::JobProgressT>();
  command.progress->job = job;
  command.progress->epoch = std::make_unique<events::EpochReportT>();
  command.progress->epoch->epoch = epoch;
  command.progress->epoch->metrics.push_back(metric(value));
  return command;
}

/// A training that reached `value` in its last epoch.
inline events::JobFinishedT trained(const std::string& job, std::uint32_t epochs, double value,
                                    bool stopped = false, const std::string& by = "auc") {
  events::TrainResultT result;
  result.epochs.push_back(std::make_unique<events::EpochReportT>());
  result.epochs.back()->epoch = epochs;
  result.metrics.push_back(metric(value, by));
  result.checkpoint = "checkpoint of " + job;
  result.resume = "resume of " + job;
  result.rows = 1000 * epochs;
  result.stopped = stopped;
  events::JobFinishedT command;
  command.result = std::make_unique<events::JobResultT>();
  command.result->job = job;
  command.result->body.Set(std::move(result));
  return command;
}

inline events::JobFinishedT broken(const std::string& job) {
  events::JobFinishedT command;
  command.result = std::make_unique<events::JobResultT>();
  command.result->job = job;
  command.result->failure = std::make_unique<events::FailureT>();
  command.result->failure->code = "jobs.nan";
  command.result->failure->message = "the loss is not a number";
  return command;
}

inline events::CancelWorkT cancel(const std::string& work) {
  events::CancelWorkT command;
  command.work = work;
  command.reason = "the budget is spent";
  return command;
}

inline events::AddMethodT add(const std::string& name, const std::string& text) {
  events::AddMethodT command;
  command.by = "a person";
  command.card = std::make_unique<events::CardT>();
  command.card->name = name;
  command.card->text = text;
  return command;
}

}  // namespace automodel::tests
