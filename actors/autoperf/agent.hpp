// AutoPerf decides which model serves: it measures a candidate, compares it with the champion, promotes or
// refuses.
//
// Its loop for one piece of work: (int8 only) a job quantizes the champion's embeddings; a job measures
// latency, memory and size in the serving path; a job compares candidate and champion on the promotion slice,
// which nothing was tuned on; then it promotes or refuses by the rule in promotion.hpp, tells the recommender
// and reports to the Coordinator.
//
// Its decisions: promote or refuse; and what to offer in a cycle: `int8` of a champion that was never
// quantized. Measuring a candidate (`evaluate`) is assigned by the Coordinator, never offered. Its inner
// reward is the difference of the goal's metric on the promotion slice. A job that fails is tried once more;
// then the work is reported as failed.
//
// A person may roll back: the champion before serves again, and the Coordinator hears of it as the report of
// a work called rollback-N, whose only candidate is the model that was taken back.
//
// Refusals: autoperf.nothing_to_roll_back, .bad_work, .unknown_command.
#pragma once

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

struct AutoPerf {
  using State = events::AutoPerfStateT;
  static constexpr const char* schema = "autoperf/1";
  static Result<Decision> decide(const State& state, const events::CommandT& command, const Context& context);
  static void evolve(State& state, const events::Recorded& recorded);
  static std::vector<events::JobT> open_jobs(const State& state);
};

}  // namespace automodel::actors
