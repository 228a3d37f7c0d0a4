// An agent as a pure value: what the runtime asks of it, and what tests drive without actors, clock or disk.
//
//   struct Coordinator {
//     using State = events::CoordinatorStateT;                   // its snapshot is the table itself
//     static constexpr const char* schema = "coordinator/1";     // changes when `evolve` does
//     static Result<Decision> decide(const State&, const events::CommandT&, const Context&);
//     static void evolve(State&, const events::Recorded&);       // the only way that state changes; total,
//     no I/O static std::vector<events::JobT> open_jobs(const State&);  // work whose outcome is not yet in
//     the history
//   };
//
// Effects are a function of state. After each commit the runtime starts the open jobs that do not run, and
// cancels those that run and are no longer open; after a crash the same rule starts again what was lost.
// Messages to other agents go through the outbox, written with the events that ask for them.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::actors {

/// What a decision may use besides state and command. Everything here that matters ends up in recorded
/// events.
struct Context {
  std::string stream;         // the agent's own: coordinator/main
  std::uint64_t version = 0;  // of the stream, on which the decision is made: its events get version+1, …
  std::int64_t now = 0;       // UTC, ns
  const storage::Memory* memory =
      nullptr;  // has applied everything that the agent's stream held when it was asked
};

/// What a command leads to. An error instead means: refused, nothing is recorded.
struct Decision {
  std::vector<events::EventT> events;
  std::vector<events::OutboxMessageT> outbox;  // `sender` and `number` are filled in by the runtime
  events::ReplyT reply;                        // `accepted` and `version` are filled in by the runtime
};

template <class A>
concept Decider = requires(typename A::State state, const typename A::State& seen,
                           const events::CommandT& command, const Context& context,
                           const events::Recorded& event) {
  { A::schema } -> std::convertible_to<std::string>;
  { A::decide(seen, command, context) } -> std::same_as<Result<Decision>>;
  { A::evolve(state, event) } -> std::same_as<void>;
  { A::open_jobs(seen) } -> std::same_as<std::vector<events::JobT>>;
};

/// Wraps an event's object type: `decision.events.push_back(event_of(TrialFailedT{…}))`.
template <class T>
events::EventT event_of(T body) {
  events::EventT event;
  event.body.Set(std::move(body));
  return event;
}

/// Wraps a command's object type.
template <class T>
events::CommandT command_of(T body, std::string correlation = {}) {
  events::CommandT command;
  command.correlation = std::move(correlation);
  command.body.Set(std::move(body));
  return command;
}

/// A message for another agent ("autotrain/main").
template <class T>
events::OutboxMessageT message_to(std::string target, T body, std::string correlation = {}) {
  events::OutboxMessageT message;
  message.target = std::move(target);
  message.command = std::make_unique<events::CommandT>(command_of(std::move(body), std::move(correlation)));
  return message;
}

}  // namespace automodel::actors
