// The Recommender's history: which model serves which data set, and since when.
//
// Its loop is one step: AutoPerf says ServeModel, `ModelServed` is recorded, and the serving side of this
// folder swaps models when it sees that event. It decides nothing; told again to serve what serves already,
// it records nothing.
//
// Refusals: recommender.no_model, .unknown_command.
#pragma once

#include "actors/runtime/decider.hpp"

namespace automodel::actors {

struct Recommender {
  using State = events::RecommenderStateT;
  static constexpr const char* schema = "recommender/1";
  static Result<Decision> decide(const State& state, const events::CommandT& command, const Context& context);
  static void evolve(State& state, const events::Recorded& recorded);
  static std::vector<events::JobT> open_jobs(const State& state);
};

}  // namespace automodel::actors
