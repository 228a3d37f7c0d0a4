// AutoTrain: the agent of models and training.
//
// Its loop: asked for proposals, it offers configurations that it expects to do better than what it knows;
// given one as work, it trains them, gives up the hopeless ones, and reports the best model with what was
// learned.
//
// Decision space. Methods and ladders of settings (search_space.hpp) on the features kept so far:
//   baseline         the methods that open a goal, at their defaults on the raw columns, popularity and item-kNN: once for
//                    each goal
//   search-defaults   every method at its defaults on kept features, the first time that there are some
//   search-refit     the best settings so far on features kept since
//   search-new       a card that someone added, or of the library, that was never tried on this data, at its defaults
//   search-change    a change of the best method's equations (papers/mutation.hpp) with its parent's best settings; the card is
//                    recorded (MethodAdded) when the work begins, and can be searched and changed like any other from then on
//   search-METHOD    settings by expected improvement of a surrogate over past trials (surrogate.hpp)
//   confirm          the two best configurations with further seeds, when they are hard to tell apart
// No configuration is tried twice: fingerprints of all its trials and of memory are left out. Searches run by
// successive halving (Jamieson & Talwalkar, AISTATS 2016): rungs of 2, 4 and 8 epochs from each trial's
// start, the better half goes on from where it stopped. Within a rung a trial is stopped when its best metric
// so far is below the median of its rivals' at that epoch (Golovin et al., Google Vizier, KDD 2017).
//
// Rewards: inner = the best tuning metric of the work less the champion's (baseline: less popularity's),
// signed so that positive is better; negative ones are reported like others.
#pragma once

#include <string>
#include <vector>

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

struct AutoTrain {
  using State = events::AutoTrainStateT;
  static constexpr const char* schema = "autotrain/1";
  /// Takes RequestProposals, AssignWork, CancelWork, JobProgressed, JobFinished and AddMethod. What is no longer open, and a card
  /// that is known, is accepted and changes nothing. Errors: autotrain.unknown_command, autotrain.bad_command,
  /// autotrain.name_taken, papers.*.
  static Result<Decision> decide(const State& state, const events::CommandT& command, const Context& context);
  static void evolve(State& state, const events::Recorded& event);
  /// Running trials, oldest first. Job ids are "trial-7/r0": trial and rung.
  static std::vector<events::JobT> open_jobs(const State& state);
};

}  // namespace automodel::actors
