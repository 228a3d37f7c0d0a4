// Whatever agents and people say, a goal ends once, within its limits, and the same seed gives the same
// history.
#include <deque>

#include "actors/decisions/random.hpp"
#include "tests/actors/coordinator/world.hpp"

using namespace automodel;
using namespace automodel::tests;

namespace {

/// Agents that answer at random: late, twice, never, with failures, with good and bad models.
class Play {
 public:
  Play(std::uint64_t seed, const events::GoalT& asked) : random_(seed), scenario_("coordinator/main") {
    take(scenario_.done(submit(asked)));
  }

  /// Until the goal is finished or `steps` are over.
  void run(int steps) {
    for (int i = 0; i < steps && scenario_.state().goal; ++i) step();
  }
  const CoordinatorScenario& scenario() const { return scenario_; }

 private:
  void take(const actors::Decision& decision) {
    for (const auto& message : decision.outbox) queue_.push_back(*message.command);
  }

  template <class T>
  void say(const T& body, const std::string& sender) {
    take(scenario_.done(T(body), sender));
    if (random_.below(5) == 0) {
      const auto again = scenario_.done(T(body), sender);  // what is said twice has its effect once
      BOOST_TEST(again.events.empty());
      BOOST_TEST(again.outbox.empty());
    }
  }

  void answer_request(const events::CycleContextT& context, const std::string& agent) {
    std::vector<events::ProposalT> offered;
    const auto id = agent + "/c" + std::to_string(context.cycle) + "/";
    if (agent == "autotrain" && !context.champion && random_.below(4) != 0)
      offered.push_back(proposal(id + "0", agent, "baseline"));
    for (std::uint64_t i = 0, n = random_.below(4); i < n; ++i)
      offered.push_back(proposal(id + std::to_string(i + 1), agent, "a" + std::to_string(random_.below(3)),
                                 random_.normal(0.01, 0.02), random_.uniform() * 1e6));
    say(offer(agent, context.cycle, offered, context.goal->id), agent + "/main");
  }

  void do_work(const events::WorkT& work) {
    const auto& agent = work.proposal->agent;
    auto finished = report(work.id, agent, random_.normal(0, 0.01), {}, 1 + random_.below(3));
    if (random_.below(6) == 0) {
      finished.finished->failure = std::make_unique<events::FailureT>();
      finished.finished->failure->message = "broken";
    } else if (work.proposal->action == "evaluate") {
      finished.finished->trials = 0;
      if (random_.below(2) == 0)
        finished.finished->promoted = std::make_unique<events::ModelRefT>(*work.proposal->model);
    } else {
      for (std::uint64_t i = 0, n = random_.below(3); i < n; ++i)
        finished.finished->candidates.push_back(std::make_unique<events::ModelRefT>(
            model(work.id + "/" + std::to_string(i), 0.6 + 0.2 * random_.uniform())));
    }
    say(finished, agent + "/main");
  }

  void answer_message() {
    const events::CommandT command = std::move(queue_.front());
    queue_.pop_front();
    if (const auto* request = command.body.AsRequestProposals()) {
      const auto& state = scenario_.state();
      if (state.goal && state.answers.size() < state.asked.size())
        answer_request(*request->context, state.asked[state.answers.size()]);
    } else if (const auto* assign = command.body.AsAssignWork()) {
      if (random_.below(25) != 0) do_work(*assign->work);  // else never
    }
  }

  void step() {
    scenario_.after(random_.uniform() * 3);
    if (!queue_.empty() && random_.below(3) != 0) return answer_message();
    if (!scenario_.jobs().empty()) return take(scenario_.done(report_job(scenario_, random_.below(3) == 0)));
    if (scenario_.state().goal->ask && random_.below(2) == 0) return judge();
    if (restarts_ > 0 && random_.below(40) == 0) {
      --restarts_;  // each forgives the time since the last event
      return take(scenario_.done(events::ResumeGoalT{}, "node"));
    }
    take(scenario_.done(events::TimePassedT{}, "node"));
  }

  void judge() {
    for (const auto& offered : scenario_.state().offers) {
      if (offered->approval != events::Approval::Waiting || scenario_.state().chosen) continue;
      events::ApproveProposalT approve;
      approve.proposal = offered->proposal->id;
      events::VetoProposalT veto;
      veto.proposal = offered->proposal->id;
      if (auto said = random_.below(2) ? scenario_.when(approve) : scenario_.when(veto)) take(*said);
      return;
    }
  }

  actors::Random random_;
  CoordinatorScenario scenario_;
  std::deque<events::CommandT> queue_;
  int restarts_ = 5;
};

events::GoalT random_goal(actors::Random& random) {
  auto asked = goal(random.below(3) == 0 ? 0 : 60 + 200 * random.uniform());
  if (asked.budget_seconds == 0 || random.below(2) == 0) asked.max_trials = 1 + random.below(20);
  if (asked.budget_seconds == 0) asked.budget_seconds = 5000;  // agents that never answer need an end
  asked.ask = random.below(4) == 0;
  asked.parallel = 1 + random.below(3);
  asked.seed = random.next();
  return asked;
}

template <class T>
std::vector<const T*> all(const CoordinatorScenario& scenario) {
  std::vector<const T*> found;
  for (const auto& event : scenario.history())
    if (event.body.type == events::EventBodyUnionTraits<T>::enum_value)
      found.push_back(static_cast<const T*>(event.body.value));
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_goal_ends_exactly_once_and_every_work_has_an_outcome) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    actors::Random random(seed);
    const auto asked = random_goal(random);
    Play play(seed, asked);
    play.run(20000);
    const auto& scenario = play.scenario();
    BOOST_REQUIRE(all<events::GoalFinishedT>(scenario).size() == 1u);
    BOOST_TEST(all<events::WorkFinishedT>(scenario).size() == all<events::WorkAssignedT>(scenario).size());
    BOOST_TEST(all<events::GoalFinishedT>(scenario).at(0)->seconds <=
               asked.budget_seconds + 50);  // closing, and steps of up to three seconds
    for (const auto* assigned : all<events::WorkAssignedT>(scenario)) {
      const auto outcomes = all<events::OutcomeObservedT>(scenario);
      const auto seen = std::find_if(outcomes.begin(), outcomes.end(), [&](const auto* one) {
        return one->subject == assigned->work->id && one->decision->version == assigned->decision->version;
      });
      BOOST_TEST((seen != outcomes.end()));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_history_and_a_snapshot_is_the_whole_state) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    actors::Random random(seed);
    const auto asked = random_goal(random);
    Play one(seed, asked), two(seed, asked);
    one.run(60);
    two.run(60);
    const auto& a = one.scenario().history();
    const auto& b = two.scenario().history();
    BOOST_REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) BOOST_TEST((events::pack(a[i]) == events::pack(b[i])));
    const auto bytes = events::pack(one.scenario().state());
    const auto back = events::unpack<events::CoordinatorStateT>(bytes);
    BOOST_REQUIRE(back);
    BOOST_TEST((events::pack(*back) == bytes));
  }
}

BOOST_AUTO_TEST_CASE(commands_in_any_order_never_crash_and_a_refusal_changes_nothing) {
  actors::Random random(2026);
  CoordinatorScenario scenario("coordinator/main");
  for (int i = 0; i < 4000; ++i) {
    scenario.after(random.uniform());
    const auto before = events::pack(scenario.state());
    bool accepted = true;
    switch (random.below(12)) {
      case 0:
        accepted = scenario.when(submit(goal())).has_value();
        break;
      case 1:
        accepted = scenario.when(events::PauseGoalT{}).has_value();
        break;
      case 2:
        accepted = scenario.when(events::ResumeGoalT{}).has_value();
        break;
      case 3:
        accepted = random.below(10) || scenario.when(events::StopGoalT{}).has_value();
        break;
      case 4:
        accepted = scenario.when(events::TimePassedT{}).has_value();
        break;
      case 5:
        accepted = scenario.when(events::SubmitGoalT{}).has_value();
        break;
      case 6:
        accepted = scenario.when(events::ReportWorkT{}).has_value();
        break;
      case 7:
        accepted = scenario.when(events::JobFinishedT{}).has_value();
        break;
      case 8:
        accepted = scenario.when(events::VetoProposalT{}).has_value();
        break;
      case 9:
        if (scenario.state().works > 0)
          accepted = scenario
                         .when(report("work-" + std::to_string(1 + random.below(scenario.state().works)),
                                      "autotrain", 0.01, {model("m" + std::to_string(i), random.uniform())}))
                         .has_value();
        break;
      default: {
        static const std::vector<std::string> agents = {"autofeature", "autotrain", "autoperf"};
        const auto& agent = agents[random.below(3)];
        accepted =
            scenario
                .when(offer(agent, scenario.state().cycle,
                            {proposal("p" + std::to_string(i), agent, "search", random.normal(0, 0.05))},
                            "goal-" + std::to_string(scenario.state().goals)))
                .has_value();
      }
    }
    if (!accepted) BOOST_TEST((events::pack(scenario.state()) == before));
  }
}
