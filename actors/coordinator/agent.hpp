// The Coordinator turns a goal into work for the other agents, and their reports into a champion and an
// account.
//
// Its loop is a cycle: ask AutoFeature, AutoTrain and AutoPerf, one after the other, what they would do;
// choose by Thompson sampling over the gain per cost that earlier proposals of the same (agent, action)
// brought; hand out the chosen work; when it is reported, have AutoPerf measure a candidate that beats the
// champion on the tuning slice; go on until the budget or the trials are spent, a person says stop, or
// nothing is promising twice in a row; then let a job measure champion and baselines on the test slice, and
// finish the goal with the reason.
//
// Its decisions: which proposals to take (baselines first, always; with `ask`, only what a person approved),
// and which candidate is worth measuring. Its inner reward for a work is the work's own; the outer reward is
// what the goal's metric gained on the promotion slice when a candidate of the work became champion, and
// replaces the inner in its beliefs.
//
// Time that a goal is paused, a node is down, or a person is asked does not spend the budget.
//
// Nobody is waited for without end, whatever the budget: an agent that does not say what it would do counts
// as offering nothing, a work that is never reported as failed, a report that is never written as a failed
// try (patience_… in rules.hpp).
//
// Refusals: coordinator.busy, .no_data, .unknown_metric, .bad_ratios, .bad_bounds, .no_limit, .no_goal,
// .finishing, .no_such_proposal, .unknown_command.
#pragma once

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

struct Coordinator {
  using State = events::CoordinatorStateT;
  static constexpr const char* schema = "coordinator/2";
  static Result<Decision> decide(const State& state, const events::CommandT& command, const Context& context);
  static void evolve(State& state, const events::Recorded& recorded);
  static std::vector<events::JobT> open_jobs(const State& state);
};

}  // namespace automodel::actors
