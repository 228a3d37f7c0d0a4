// One command's way through a decider: events are folded as they are decided, so that each rule reads the
// state that the rules before it left. What a decider does next can then be a function of state alone.
#pragma once

#include <string>
#include <utility>

#include "actors/decisions/record.hpp"

namespace automodel::actors {

/// `A` is a decider (actors/runtime/decider.hpp).
///
///   Step<AutoPerf> step(state, context, goal);
///   step.record(events::WorkAcceptedT{…});      // step.state() has it
///   step.send("coordinator/main", events::ReportWorkT{…});
///   return step.finish("work-3");
template <class A>
class Step {
 public:
  /// Copies the state. `correlation` is the goal that messages serve.
  Step(const typename A::State& state, const Context& context, std::string correlation = {})
      : state_(state), context_(context), correlation_(std::move(correlation)) {}

  const typename A::State& state() const { return state_; }
  const Context& context() const { return context_; }
  bool empty() const { return decision_.events.empty() && decision_.outbox.empty(); }
  void correlate(std::string correlation) { correlation_ = std::move(correlation); }

  /// Adds the event, folds it, and says how it will be named.
  template <class T>
  events::EventRefT record(T body) {
    auto name = next_event(context_, decision_);
    events::Recorded recorded;
    recorded.stream = context_.stream;
    recorded.version = name.version;
    recorded.time = context_.now;
    recorded.event = event_of(std::move(body));
    A::evolve(state_, recorded);
    decision_.events.push_back(std::move(recorded.event));
    return name;
  }
  events::EventRefT decide(const Question& question) { return record(decision_record(question)); }

  template <class T>
  void send(std::string target, T body) {
    decision_.outbox.push_back(message_to(std::move(target), std::move(body), correlation_));
  }

  Decision finish(std::string subject = {}) {
    decision_.reply.subject = std::move(subject);
    return std::move(decision_);
  }

 private:
  typename A::State state_;
  const Context& context_;
  std::string correlation_;
  Decision decision_;
};

}  // namespace automodel::actors
