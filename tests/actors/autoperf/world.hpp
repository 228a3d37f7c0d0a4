// Short ways to say what the Coordinator, people and jobs say to AutoPerf.
#pragma once

#include "actors/autoperf/agent.hpp"
#include "tests/actors/given_when_then.hpp"

namespace automodel::tests {

inline events::GoalT goal(double max_latency_ms = 0, double max_model_mb = 0) {
  events::GoalT made;
  made.id = "goal-1";
  made.metric = "auc";
  made.seed = 1;
  made.data = std::make_unique<events::DataRefT>();
  made.data->name = "movielens";
  made.data->hash = "abc";
  made.bounds = std::make_unique<events::BoundsT>();
  made.bounds->max_latency_ms = max_latency_ms;
  made.bounds->max_model_mb = max_model_mb;
  return made;
}

inline events::ModelRefT model(const std::string& id, std::uint64_t bytes) {
  events::ModelRefT made;
  made.id = id;
  made.checkpoint = "hash-" + id;
  made.bytes = bytes;
  made.parameters = 100;
  return made;
}

inline events::ServingProfileT serving(double p99_ms, std::uint64_t bytes = 1000) {
  events::ServingProfileT made;
  made.p50_us = 100 * p99_ms;
  made.p99_us = 1000 * p99_ms;
  made.model_bytes = bytes;
  return made;
}

inline events::MetricT difference(double value, double low, double high) {
  events::MetricT made;
  made.name = "auc";
  made.value = value;
  made.has_interval = true;
  made.low = low;
  made.high = high;
  return made;
}

inline events::CompareResultT compared(const events::MetricT& of) {
  events::CompareResultT made;
  made.difference = std::make_unique<events::MetricT>(of);
  return made;
}

inline events::AssignWorkT assign(const std::string& id, const std::string& action,
                                  const events::ModelRefT& of, const events::GoalT& asked = goal()) {
  events::AssignWorkT made;
  made.work = std::make_unique<events::WorkT>();
  made.work->id = id;
  made.work->proposal = std::make_unique<events::ProposalT>();
  made.work->proposal->action = action;
  made.work->proposal->model = std::make_unique<events::ModelRefT>(of);
  made.work->context = std::make_unique<events::CycleContextT>();
  made.work->context->goal = std::make_unique<events::GoalT>(asked);
  return made;
}

template <class T>
events::JobFinishedT result_of(const std::string& job, T body) {
  events::JobFinishedT made;
  made.result = std::make_unique<events::JobResultT>();
  made.result->job = job;
  made.result->body.Set(std::move(body));
  return made;
}

inline events::JobFinishedT failure_of(const std::string& job) {
  events::JobFinishedT made;
  made.result = std::make_unique<events::JobResultT>();
  made.result->job = job;
  made.result->failure = std::make_unique<events::FailureT>();
  made.result->failure->message = "the worker died";
  return made;
}

inline events::MeasureResultT measured(double p99_ms = 1, std::uint64_t bytes = 1000) {
  events::MeasureResultT made;
  made.serving = std::make_unique<events::ServingProfileT>(serving(p99_ms, bytes));
  return made;
}

}  // namespace automodel::tests
