#include "actors/decisions/step.hpp"
#include "actors/recommender/agent.hpp"

namespace automodel::actors {
namespace {

bool serves(const events::RecommenderStateT& state, const events::ServeModelT& asked) {
  for (const auto& serving : state.serving)
    if (same_data(*serving->data, *asked.data))
      return serving->model->id == asked.model->id && serving->model->checkpoint == asked.model->checkpoint &&
             serving->goal == asked.goal;
  return false;
}

}  // namespace

Result<Decision> Recommender::decide(const State& state, const events::CommandT& command,
                                     const Context& context) {
  const auto type = command.body.type;
  if (type == events::CommandBody::TimePassed) return Decision{};
  const auto* asked = command.body.AsServeModel();
  if (!asked)
    return fail("recommender.unknown_command",
                std::string("the recommender does not understand ") + events::EnumNameCommandBody(type),
                "recommender", "it is another agent's command");
  if (!asked->model || asked->model->id.empty() || !asked->data)
    return fail("recommender.no_model", "asked to serve without a model or data set", "recommender",
                "AutoPerf names both when it promotes");
  if (serves(state, *asked)) return Decision{};
  Step<Recommender> step(state, context, asked->goal);
  events::ModelServedT served;
  served.model = copy_of(asked->model);
  served.goal = asked->goal;
  served.data = copy_of(asked->data);
  step.record(std::move(served));
  return step.finish(asked->model->id);
}

}  // namespace automodel::actors
