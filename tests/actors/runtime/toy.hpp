// A decider small enough to predict: a counter that can also open jobs, write to others, refuse and crash.
// Its state borrows a table of the schemas: `epochs` is the count, `features` are the open jobs.
#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "actors/runtime/decider.hpp"
#include "tests/events/some_parts.hpp"

namespace automodel::test {

struct Toy {
  using State = events::ProposalT;
  static constexpr const char* schema = "toy/1";
  static inline int throws_left = 0;  // how many "throw" commands still throw
  static inline int decided = 0;

  static Result<actors::Decision> decide(const State& state, const events::CommandT& command,
                                         const actors::Context& context) {
    ++decided;
    actors::Decision decision;
    decision.reply.subject = std::to_string(state.epochs);
    if (const auto* add = command.body.AsSubmitGoal()) {
      decision.reply.subject = std::to_string(state.epochs + add->rows);
      decision.events.push_back(note("add", std::to_string(add->rows)));
    } else if (const auto* ping = command.body.AsResumeGoal()) {
      const auto left = std::stoi(ping->goal);
      decision.events.push_back(note("add", "1"));
      events::ResumeGoalT next;
      next.goal = std::to_string(left - 1);
      if (left > 0)
        decision.outbox.push_back(actors::message_to(context.stream == "a/main" ? "b/main" : "a/main", next));
    } else if (const auto* other = command.body.AsStopGoal()) {
      return special(std::move(decision), *other);
    } else if (const auto* progress = command.body.AsJobProgressed()) {
      decision.events.push_back(note("add", "1"));
      decision.reply.stop = progress->progress->epoch->epoch >= 3;
    } else if (const auto* done = command.body.AsJobFinished()) {
      const auto& result = *done->result;
      if (std::find(state.features.begin(), state.features.end(), result.job) == state.features.end())
        return fail("toy.unknown_job", "no open job '" + result.job + "'");
      decision.events.push_back(note("close", result.job));
      decision.events.push_back(note(result.failure ? result.failure->code : "add", "100"));
    }
    return decision;
  }

  static void evolve(State& state, const events::Recorded& event) {
    const auto* noted = event.event.body.AsGoalPaused();
    if (noted == nullptr) return;
    if (noted->goal == "add") state.epochs += static_cast<std::uint32_t>(std::stoul(noted->by));
    if (noted->goal == "open") state.features.push_back(noted->by);
    if (noted->goal == "close") std::erase(state.features, noted->by);
    if (noted->goal.starts_with("jobs.")) state.subject = noted->goal;
    if (noted->goal == "bad") throw std::logic_error("an event that cannot be folded");
  }

  static std::vector<events::JobT> open_jobs(const State& state) {
    std::vector<events::JobT> jobs(state.features.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].id = state.features[i];
      jobs[i].data = events::testing::some_data();
    }
    return jobs;
  }

  static events::EventT note(std::string what, std::string argument) {
    events::GoalPausedT event;
    event.goal = std::move(what);
    event.by = std::move(argument);
    return actors::event_of(std::move(event));
  }

 private:
  static Result<actors::Decision> special(actors::Decision decision, const events::StopGoalT& command) {
    if (command.goal == "refuse") return fail("toy.refused", "as you wished");
    if (command.goal == "throw" && throws_left > 0) {
      --throws_left;
      throw std::runtime_error("the decider is broken");
    }
    decision.events.push_back(note(command.goal, command.reason));
    if (command.goal == "send") {
      events::SubmitGoalT add;
      add.goal = events::testing::some_goal();
      add.rows = 1;
      decision.outbox.push_back(actors::message_to(command.reason, add));
    }
    return decision;
  }
};

inline events::CommandT named(events::CommandT command, std::uint64_t number, std::string sender = "test") {
  command.sender = std::move(sender);
  command.number = number;
  return command;
}
inline events::CommandT add(std::uint64_t amount) {
  events::SubmitGoalT body;
  body.goal = events::testing::some_goal();
  body.rows = amount;
  return actors::command_of(std::move(body));
}
/// "refuse", "throw", "bad", "open" or "close" (a job), "send" (one, to a stream).
inline events::CommandT special(std::string what, std::string argument = {}) {
  events::StopGoalT body;
  body.goal = std::move(what);
  body.reason = std::move(argument);
  return actors::command_of(std::move(body));
}
inline events::CommandT ping(int left) {
  events::ResumeGoalT body;
  body.goal = std::to_string(left);
  return actors::command_of(std::move(body));
}

}  // namespace automodel::test
