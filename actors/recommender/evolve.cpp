#include "actors/decisions/record.hpp"
#include "actors/recommender/agent.hpp"

namespace automodel::actors {

void Recommender::evolve(State& state, const events::Recorded& recorded) {
  state.version = recorded.version;
  const auto* served = recorded.event.body.AsModelServed();
  if (!served) return;
  std::erase_if(state.serving, [&](const auto& one) { return same_data(*one->data, *served->data); });
  auto serving = std::make_unique<events::ServingT>();
  serving->model = copy_of(served->model);
  serving->goal = served->goal;
  serving->data = copy_of(served->data);
  state.serving.push_back(std::move(serving));
}

std::vector<events::JobT> Recommender::open_jobs(const State&) { return {}; }

}  // namespace automodel::actors
