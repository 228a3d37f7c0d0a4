// The serving side of the Recommender: holds the model that serves each data set, and swaps it when told.
// Detached: loading and scoring take their time on a thread of their own.
#pragma once

#include <caf/actor_system.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "actors/runtime/messages.hpp"

namespace automodel::actors {

using ServingActor = caf::typed_actor<
    // failures: recommender.nothing_served, and those of loading the model (data.*, serving.*, storage.*)
    caf::replies_to<events::RecommendT>::with<events::RecommendationsT>,
    // (model, its goal, its data): serves from now on; loaded when first asked
    caf::reacts_to<serve_atom, events::ModelRefT, std::string, events::DataRefT>, caf::reacts_to<stop_atom>>;

struct ServingOptions {
  std::filesystem::path data_directory;
  std::filesystem::path artifacts;
  std::uint32_t threads = 1;
};

ServingActor spawn_serving(caf::actor_system& system, ServingOptions options);

}  // namespace automodel::actors
