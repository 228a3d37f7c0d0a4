// Histories of any events, whatever they may lack: nobody who folds them falls.
#include <boost/test/unit_test.hpp>
#include <random>

#include "actors/autofeature/agent.hpp"
#include "actors/coordinator/rules.hpp"
#include "actors/hindsight/hindsight.hpp"
#include "actors/recommender/agent.hpp"
#include "storage/memory/describe.hpp"
#include "storage/memory/memory.hpp"
#include "tests/events/any_table.hpp"
#include "tests/storage/memory/history.hpp"

using namespace automodel;

namespace {

constexpr int histories = 20;
constexpr int length = 150;

/// Names that meet, and those that rules look for.
std::vector<std::string> words() {
  return {"goal-1",
          "goal-2",
          "work-1",
          "work-2",
          "trial-1",
          "trial-2",
          "rollback-1",
          "auc",
          "f1",
          "f2",
          "int8",
          "baseline",
          "confirm",
          "search-lr",
          "evaluate",
          "autotrain",
          "autoperf",
          "autofeature",
          "Which trials go on to 4 epochs?",
          actors::coordinator::choose_question,
          actors::coordinator::evaluate_question};
}

struct Agents {
  actors::Coordinator::State coordinator;
  actors::AutoFeature::State autofeature;
  actors::AutoTrain::State autotrain;
  actors::AutoPerf::State autoperf;
  actors::Recommender::State recommender;

  void see(const events::Recorded& event) {
    actors::Coordinator::evolve(coordinator, event);
    actors::AutoFeature::evolve(autofeature, event);
    actors::AutoTrain::evolve(autotrain, event);
    actors::AutoPerf::evolve(autoperf, event);
    actors::Recommender::evolve(recommender, event);
  }
  std::size_t jobs() const {
    return actors::Coordinator::open_jobs(coordinator).size() +
           actors::AutoFeature::open_jobs(autofeature).size() +
           actors::AutoTrain::open_jobs(autotrain).size() + actors::AutoPerf::open_jobs(autoperf).size();
  }
};

/// Goals and works first, so that there is something that the rest is about.
events::EventBody kind_at(int at, std::mt19937_64& random) {
  using K = events::EventBody;
  static constexpr K first[] = {K::GoalAccepted, K::CycleStarted,      K::WorkAccepted, K::WorkAssigned,
                                K::WorkAccepted, K::ProposalsReceived, K::DecisionMade, K::TrialStarted};
  if (at < 8) return first[at];
  const auto& kinds = events::EnumValuesEventBody();
  return kinds[1 + random() % (std::size(kinds) - 1)];
}

}  // namespace

BOOST_AUTO_TEST_CASE(any_history_is_folded_by_every_agent_by_hindsight_and_by_memory) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  events::testing::AnyTable any(seed);
  any.speak(words());
  std::size_t jobs = 0, judged = 0;
  for (int round = 0; round < histories; ++round) {
    any.leave_out(static_cast<unsigned>(random() % 60));
    storage::testing::History history;
    Agents agents;
    std::vector<actors::Retrospect> views(1, actors::Retrospect({}));
    for (int i = 0; i < length; ++i) {
      const auto event = events::unpack<events::EventT>(any.payload(kind_at(i, random)));
      BOOST_REQUIRE_MESSAGE(event, "seed " << seed << ": " << (event ? "" : to_string(event.error())));
      for (const char* stream : {"coordinator/main", "autotrain/main", "autoperf/main"})
        history.append(stream, *event, {}, "goal-1");
      agents.see(history.events().back());
      jobs += agents.jobs();
      BOOST_TEST(!storage::describe(history.events().back()).empty());
    }
    for (const auto& event : history.events()) views.front().see(event);
    judged += views.front().account().decisions;
    BOOST_TEST(storage::testing::fold(history.events()) != nullptr);
  }
  BOOST_TEST(jobs > 0u);
  BOOST_TEST(judged > 0u);
}

BOOST_AUTO_TEST_CASE(a_small_goal_is_seen_in_hindsight) {
  actors::Retrospect retrospect({});
  const auto history = storage::testing::small_goal();
  for (const auto& event : history.events()) retrospect.see(event);
  BOOST_TEST(retrospect.account().decisions == 5u);
}
