// Driving a decider without actors, clock or disk: given events, when a command, then events.
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "actors/decisions/record.hpp"
#include "actors/runtime/decider.hpp"

namespace automodel::tests {

/// Names of the events that a decision records, in order.
inline std::vector<std::string> kinds(const actors::Decision& decision) {
  std::vector<std::string> names;
  for (const auto& event : decision.events) names.emplace_back(events::EnumNameEventBody(event.body.type));
  return names;
}

/// "autotrain/main AssignWork" for each message that a decision sends, in order.
inline std::vector<std::string> messages(const actors::Decision& decision) {
  std::vector<std::string> names;
  for (const auto& message : decision.outbox)
    names.push_back(message.target + " " + events::EnumNameCommandBody(message.command->body.type));
  return names;
}

/// The last event of a kind: `last<events::DecisionMadeT>(decision)`; null where there is none.
template <class T>
const T* last(const actors::Decision& decision) {
  constexpr auto kind = events::EventBodyUnionTraits<T>::enum_value;
  for (auto event = decision.events.rbegin(); event != decision.events.rend(); ++event)
    if (event->body.type == kind) return static_cast<const T*>(event->body.value);
  return nullptr;
}

template <class T>
std::size_t count(const actors::Decision& decision) {
  std::size_t found = 0;
  for (const auto& event : decision.events)
    found += event.body.type == events::EventBodyUnionTraits<T>::enum_value;
  return found;
}

template <class A>
class Scenario {
 public:
  explicit Scenario(std::string stream) { context_.stream = std::move(stream); }

  /// Moves the clock on.
  Scenario& after(double seconds) {
    context_.now += static_cast<std::int64_t>(seconds * 1e9);
    return *this;
  }
  /// Something that happened.
  template <class T>
  Scenario& given(T body) {
    fold(actors::event_of(std::move(body)));
    return *this;
  }
  /// Decides without folding: what a command would lead to.
  template <class T>
  Result<actors::Decision> would(T body, const std::string& sender = "console") const {
    auto command = actors::command_of(std::move(body));
    command.sender = sender;
    return A::decide(state_, command, context_);
  }
  /// Decides and folds what was decided. A refusal leaves the state as it was.
  template <class T>
  Result<actors::Decision> when(T body, const std::string& sender = "console") {
    auto decision = would(std::move(body), sender);
    if (!decision) return decision;
    for (const auto& event : decision->events) {
      check_whole(event);
      fold(event);
    }
    for (const auto& message : decision->outbox) check_whole(message);
    for (const auto& job : jobs()) check_whole(job);
    return decision;
  }
  /// As `when`, and the test fails if it is refused.
  template <class T>
  actors::Decision done(T body, const std::string& sender = "console") {
    auto decision = when(std::move(body), sender);
    BOOST_REQUIRE_MESSAGE(decision, (decision ? "" : to_string(decision.error())));
    return std::move(*decision);
  }

  const typename A::State& state() const { return state_; }
  const actors::Context& context() const { return context_; }
  std::vector<events::JobT> jobs() const { return A::open_jobs(state_); }
  const std::vector<events::EventT>& history() const { return history_; }

 private:
  /// Nothing leaves an agent that nobody could read.
  template <class T>
  static void check_whole(const T& value) {
    const auto packed = events::pack_whole(value);
    BOOST_TEST(packed.has_value(), (packed ? "" : to_string(packed.error())));
  }

  void fold(const events::EventT& event) {
    events::Recorded recorded;
    recorded.stream = context_.stream;
    recorded.version = ++context_.version;
    recorded.time = context_.now;
    recorded.event = event;
    A::evolve(state_, recorded);
    history_.push_back(event);
  }

  typename A::State state_;
  actors::Context context_{.stream = {}, .version = 0, .now = 1'000'000'000};
  std::vector<events::EventT> history_;
};

}  // namespace automodel::tests
