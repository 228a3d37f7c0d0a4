// AutoFeature: the agent of data and features.
//
// Its loop: it profiles each data set once; asked for proposals, it offers families of candidate features
// made from the profile (families.hpp); given a family as work, it screens the candidates by conditional
// information against a permutation null, and confirms those that pass by trials with and without, on the
// tuning slice.
//
// Decision space. Which candidates go to the screen, which to trials, which are kept. Trials train one cheap
// method (logistic regression at its defaults): the base once, then all passing candidates at once. Where
// they help, it asks of the least informative ones whether the set does as well without; where they don't,
// the most informative ones are tried alone, each kept one joining the base of the next. At most 8 trials for
// a piece of work, and at most half of what the goal has left (but 2), so that models can still be trained on
// what is found. A feature that was judged on this data, label and split is never proposed again.
//
// A feature is kept when the paired difference on the tuning slice has its 95 % interval above zero, or is
// larger than `real_gain`.
//
// Rewards: inner = the gain of the kept set over the base in the goal's metric on the tuning slice, positive
// is better.
#pragma once

#include <string>
#include <vector>

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

struct AutoFeature {
  using State = events::AutoFeatureStateT;
  static constexpr const char* schema = "autofeature/1";
  /// Takes RegisterDataset, RequestProposals, AssignWork, CancelWork, JobProgressed and JobFinished. What is
  /// no longer open is accepted and changes nothing. Errors: autofeature.unknown_command,
  /// autofeature.bad_command.
  static Result<Decision> decide(const State& state, const events::CommandT& command, const Context& context);
  static void evolve(State& state, const events::Recorded& event);
  /// Profiles, and the one step of the work that is first in line. Job ids: "profile-1.1" (data set and
  /// attempt), "work-3/screen", "work-3/screen/2" (one feature alone), "ftrial-4/r0", "ftrial-4/compare".
  static std::vector<events::JobT> open_jobs(const State& state);
};

}  // namespace automodel::actors
