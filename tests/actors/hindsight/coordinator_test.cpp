#include <algorithm>
#include <random>

#include "tests/actors/coordinator/world.hpp"
#include "tests/actors/hindsight/replayed.hpp"

using namespace automodel;
using namespace automodel::tests;

namespace {

/// Cycles of random proposals and reports, with a champion.
CoordinatorScenario random_history(std::mt19937_64& random) {
  auto asked = goal(0);
  asked.max_trials = 200;
  asked.seed = random();
  asked.parallel = 1 + static_cast<std::uint32_t>(random() % 2);
  auto scenario = with_champion(asked);
  int models = 10;
  for (int step = 0; step < 200 && scenario.state().phase == events::GoalPhase::Evolving; ++step) {
    const auto& state = scenario.state();
    if (state.answers.size() < state.asked.size()) {
      const std::string agent = state.asked[state.answers.size()];
      std::vector<events::ProposalT> offers;
      for (auto count = random() % 3; count > 0; --count)
        offers.push_back(proposal(agent + "/" + std::to_string(step) + "/" + std::to_string(count), agent,
                                  "action-" + std::to_string(random() % 3),
                                  0.001 * static_cast<double>(random() % 30),
                                  1e5 * static_cast<double>(random() % 20)));
      scenario.done(offer(agent, state.cycle, offers, state.goal->id), agent + "/main");
      continue;
    }
    std::string work, agent;
    bool evaluation = false;
    for (const auto& record : state.records)
      if (!record->finished) {
        work = record->work->id;
        agent = record->work->proposal->agent;
        evaluation = record->work->proposal->action == "evaluate";
      }
    if (work.empty()) break;
    const double gain = 0.001 * (static_cast<double>(random() % 20) - 8);
    if (evaluation && random() % 2 == 0) {
      const auto id = "trial-" + std::to_string(models++);
      scenario.done(promotion(work, model(id, 0.7 + gain), gain), agent + "/main");
    } else {
      const auto id = "trial-" + std::to_string(models++);
      scenario.done(report(work, agent, gain, {model(id, 0.7 + gain)}), agent + "/main");
    }
  }
  return scenario;
}

}  // namespace

BOOST_AUTO_TEST_CASE(under_the_policy_of_the_record_every_covered_decision_is_made_again) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 10; ++run) {
    const auto history = recorded("coordinator/main", random_history(random).history());
    const auto account = judged(history);
    BOOST_TEST(account.decisions == decisions(history));
    BOOST_TEST(account.decisions > 2u);
    BOOST_TEST(account.judged == account.decisions);
    BOOST_TEST(account.agreed == account.decisions);
    BOOST_TEST(account.partings.empty());
    BOOST_TEST(account.others.empty());
  }
}

BOOST_AUTO_TEST_CASE(without_exploration_choices_part_and_say_from_what) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  actors::Policy greedy;
  greedy.coordinator.exploration = 0;
  greedy.coordinator.promising_gain = -1;  // a cheap try may score well and yet gain too little to be taken
  std::size_t partings = 0;
  for (int run = 0; run < 30; ++run) {
    const auto history = recorded("coordinator/main", random_history(random).history());
    const auto account = judged(history, greedy);
    BOOST_TEST(account.judged == account.decisions);
    BOOST_TEST(account.agreed + account.partings.size() == account.judged);
    partings += account.partings.size();
    for (const auto& parting : account.partings) {
      const auto& event = history.at(parting.sequence - 101);
      const auto& decided = *event.event.body.AsDecisionMade();
      BOOST_TEST(parting.question == decided.question);
      BOOST_TEST(parting.ref == "coordinator/main#" + std::to_string(event.version));
      BOOST_TEST(parting.recorded.size() == decided.choices.size());
      BOOST_TEST(!parting.why.empty());
      for (std::size_t i = 0; i < parting.recorded.size(); ++i) {
        const auto& option = *decided.options.at(decided.choices[i]);
        BOOST_TEST(parting.recorded[i].name == option.name);
        BOOST_TEST(parting.recorded[i].recorded == option.score);
      }
      // Greedy: nothing that was taken then would score above what is taken now, one against one.
      if (parting.recorded.size() == 1 && parting.other.size() == 1)
        BOOST_TEST(parting.other[0].other >= parting.recorded[0].other);
    }
  }
  BOOST_TEST(partings > 0u);
}

BOOST_AUTO_TEST_CASE(where_nothing_is_promising_nothing_is_taken_but_the_baseline) {
  std::mt19937_64 random(7);
  const auto history = recorded("coordinator/main", random_history(random).history());
  actors::Policy policy;
  policy.coordinator.promising_gain = 1;
  const auto account = judged(history, policy);
  BOOST_TEST(!account.partings.empty());
  for (const auto& parting : account.partings) BOOST_TEST(parting.other.empty());
  const auto choices = actors::changes_of(policy);
  BOOST_TEST(choices == std::vector<std::string>{"coordinator.promising_gain 0.0002 → 1"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_record_that_todays_rules_do_not_reproduce_is_not_judged) {
  std::mt19937_64 random(7);
  auto history = recorded("coordinator/main", random_history(random).history());
  for (auto& event : history)
    if (auto* decided = event.event.body.AsDecisionMade(); decided && !decided->options.empty()) {
      decided->options.back()->score += 1;
      break;
    }
  const auto account = judged(history);
  BOOST_TEST(account.judged + 1 == account.decisions);
  BOOST_REQUIRE(account.others.size() == 1u);
  BOOST_TEST(account.others[0].why.find("do not reproduce") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(decisions_without_a_parameter_are_counted_by_kind) {
  std::vector<events::EventT> history;
  for (const char* question :
       {"Which configurations does work-3 (baseline) try?",
        "Which configurations does work-12 (search-deepfm) try?", "Which model is the candidate?"}) {
    events::DecisionMadeT decided;
    decided.by = "autotrain";
    decided.question = question;
    history.push_back(actors::event_of(std::move(decided)));
  }
  const auto account = judged(recorded("elsewhere/main", history));
  BOOST_TEST(account.judged == 0u);
  BOOST_REQUIRE(account.others.size() == 2u);
  BOOST_TEST(account.others[0].question == "Which configurations does … try?");
  BOOST_TEST(account.others[0].count == 2u);
}
