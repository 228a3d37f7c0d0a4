#include <cmath>

#include "tests/actors/coordinator/world.hpp"

using namespace automodel;
using namespace automodel::tests;
using Names = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(a_goal_is_accepted_and_the_first_cycle_asks_autofeature) {
  CoordinatorScenario scenario("coordinator/main");
  const auto decision = scenario.done(submit(goal()));
  BOOST_TEST(kinds(decision) == (Names{"GoalAccepted", "CycleStarted"}));
  BOOST_TEST(messages(decision) == (Names{"autofeature/main RequestProposals"}));
  BOOST_TEST(decision.reply.subject == "goal-1");
  const auto& context = *decision.outbox[0].command->body.AsRequestProposals()->context;
  BOOST_TEST(context.rows == 80000u);
  BOOST_TEST(context.seconds_left == 100.0);
  BOOST_TEST(context.champion.get() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_goal_that_cannot_be_worked_on_is_refused_with_what_to_do) {
  CoordinatorScenario scenario("coordinator/main");
  auto refused = [&](auto change) {
    auto asked = goal();
    change(asked);
    auto result = scenario.when(submit(asked));
    BOOST_REQUIRE(!result);
    BOOST_TEST(!result.error().hint.empty());
    return result.error().code;
  };
  BOOST_TEST(refused([](auto& g) { g.metric = "accuracy"; }) == "coordinator.unknown_metric");
  BOOST_TEST(refused([](auto& g) { g.budget_seconds = 0; }) == "coordinator.no_limit");
  BOOST_TEST(refused([](auto& g) { g.budget_seconds = -1; }) == "coordinator.no_limit");
  BOOST_TEST(refused([](auto& g) { g.data->ratios = {0.8, 0.1}; }) == "coordinator.bad_ratios");
  BOOST_TEST(refused([](auto& g) { g.data->ratios = {0.8, 0.3, 0.1}; }) == "coordinator.bad_ratios");
  BOOST_TEST(refused([](auto& g) { g.data.reset(); }) == "coordinator.no_data");
  BOOST_TEST(refused([](auto& g) {
               g.bounds = std::make_unique<events::BoundsT>();
               g.bounds->max_model_mb = -1;
             }) == "coordinator.bad_bounds");
  BOOST_TEST(scenario.history().empty());
}

BOOST_AUTO_TEST_CASE(a_second_goal_is_refused_while_one_runs) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(goal()));
  const auto second = scenario.when(submit(goal()));
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().code == "coordinator.busy");
}

BOOST_AUTO_TEST_CASE(agents_are_asked_one_after_the_other) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(goal()));
  const auto early = scenario.done(offer("autotrain", 1, {}), "autotrain/main");
  BOOST_TEST(early.events.empty());  // out of turn
  auto decision = scenario.done(offer("autofeature", 1, {}), "autofeature/main");
  BOOST_TEST(messages(decision) == (Names{"autotrain/main RequestProposals"}));
  decision = scenario.done(offer("autofeature", 1, {}), "autofeature/main");
  BOOST_TEST(decision.events.empty());  // said again
  decision = scenario.done(offer("autotrain", 1, {proposal("autotrain/c1/1", "autotrain", "search")}));
  BOOST_TEST(messages(decision) == (Names{"autoperf/main RequestProposals"}));
}

BOOST_AUTO_TEST_CASE(baselines_come_first_even_if_another_proposal_promises_more) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(goal()));
  const auto decision =
      answer(scenario, {proposal("autofeature/c1/1", "autofeature", "feature-history", 0.2, 1000)},
             {proposal("autotrain/c1/1", "autotrain", "baseline", 0, 1000000)});
  const auto& made = *last<events::DecisionMadeT>(decision);
  BOOST_TEST(made.options.size() == 2u);
  BOOST_TEST(made.choices == std::vector<std::uint32_t>{1});
  BOOST_TEST(made.rationale.find("obligatory") != std::string::npos);
  BOOST_TEST(made.evidence.size() == 3u);
  BOOST_TEST(messages(decision) == (Names{"autotrain/main AssignWork"}));
}

BOOST_AUTO_TEST_CASE(the_works_decision_is_the_one_that_chose_it) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(goal()));
  const auto decision = answer(scenario, {}, {proposal("autotrain/c1/1", "autotrain", "baseline")});
  BOOST_TEST(kinds(decision) == (Names{"ProposalsReceived", "DecisionMade", "WorkAssigned"}));
  const auto& assigned = *last<events::WorkAssignedT>(decision);
  BOOST_TEST(assigned.decision->stream == "coordinator/main");
  BOOST_TEST(assigned.decision->version == 6u);  // accepted, cycle, three answers, then the decision
}

BOOST_AUTO_TEST_CASE(a_report_has_an_outcome_and_its_best_candidate_is_measured) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(goal()));
  answer(scenario, {}, {proposal("autotrain/c1/1", "autotrain", "baseline")});
  const auto decision = scenario.done(
      report("work-1", "autotrain", 0, {model("trial-2", 0.68, "fm"), model("trial-1", 0.7)}, 2),
      "autotrain/main");
  BOOST_TEST(kinds(decision) == (Names{"WorkFinished", "OutcomeObserved", "DecisionMade", "WorkAssigned"}));
  const auto& work = *last<events::WorkAssignedT>(decision)->work;
  BOOST_TEST(work.proposal->action == "evaluate");
  BOOST_TEST(work.proposal->model->id == "trial-1");
  BOOST_TEST(messages(decision) == (Names{"autoperf/main AssignWork"}));
  const auto& seen = *last<events::OutcomeObservedT>(decision);
  BOOST_TEST(seen.decision->version == 6u);
  BOOST_TEST(seen.has_inner);
  const auto again = scenario.done(report("work-1", "autotrain"), "autotrain/main");
  BOOST_TEST(again.events.empty());
  BOOST_TEST(again.outbox.empty());
}

BOOST_AUTO_TEST_CASE(a_promotion_becomes_the_champion_and_the_next_cycle_knows_it) {
  auto scenario = with_champion();
  BOOST_TEST(scenario.state().cycle == 2u);
  BOOST_TEST(scenario.state().trials == 2u);
  const auto& known = *scenario.state().data.at(0);
  BOOST_TEST(known.champion->id == "trial-1");
  BOOST_TEST(known.baselines.size() == 2u);
  const auto decision = scenario.done(offer("autofeature", 2, {}), "autofeature/main");
  const auto& context = *decision.outbox.at(0).command->body.AsRequestProposals()->context;
  BOOST_TEST(context.champion->id == "trial-1");
}

BOOST_AUTO_TEST_CASE(kept_features_go_to_later_work_and_retired_ones_do_not) {
  auto scenario = with_champion();
  answer(scenario, {proposal("autofeature/c2/1", "autofeature", "feature-history")}, {});
  auto kept = report("work-3", "autofeature", 0.03);
  kept.finished->features_kept = {"count(user)", "mean(item)"};
  const auto next = scenario.done(std::move(kept), "autofeature/main");
  BOOST_TEST(kinds(next) == (Names{"WorkFinished", "OutcomeObserved", "CycleStarted"}));
  BOOST_TEST(next.outbox.at(0).command->body.AsRequestProposals()->context->features ==
             (Names{"count(user)", "mean(item)"}));
  answer(scenario, {proposal("autofeature/c3/1", "autofeature", "feature-cross")}, {});
  auto retired = report("work-4", "autofeature", -0.001);
  retired.finished->features_retired = {"mean(item)"};
  scenario.done(std::move(retired), "autofeature/main");
  BOOST_TEST(scenario.state().data.at(0)->features == Names{"count(user)"});
}

BOOST_AUTO_TEST_CASE(the_outer_reward_of_a_promotion_goes_to_the_decision_that_began_it) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("autotrain/c2/1", "autotrain", "search")});
  scenario.done(report("work-3", "autotrain", 0.05, {model("trial-9", 0.75)}), "autotrain/main");
  const auto decision = scenario.done(promotion("work-4", model("trial-9", 0.75), 0.03), "autoperf/main");
  const auto& origin = *last<events::OutcomeObservedT>(decision);
  BOOST_TEST(origin.subject == "work-3");
  BOOST_TEST(origin.has_outer);
  BOOST_TEST(origin.outer_reward == 0.03);
  const auto& learned = *scenario.state().experience.at(0);
  BOOST_TEST(learned.action == "search");
  BOOST_TEST(learned.tries == 1u);
  BOOST_TEST(learned.gain_sum == 0.03, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_refused_candidate_makes_room_for_the_next_best_of_its_work) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("autotrain/c2/1", "autotrain", "search")});
  scenario.done(report("work-3", "autotrain", 0.05, {model("a", 0.75), model("b", 0.74), model("c", 0.73)}));
  auto second = scenario.done(report("work-4", "autoperf", -0.01, {}, 0), "autoperf/main");
  BOOST_TEST(last<events::WorkAssignedT>(second)->work->proposal->model->id == "b");
  const auto third = scenario.done(report("work-5", "autoperf", -0.02, {}, 0), "autoperf/main");
  BOOST_TEST(count<events::WorkAssignedT>(third) == 0u);  // two refusals are enough
  BOOST_TEST(last<events::DecisionMadeT>(third)->choices.empty());
  BOOST_TEST(scenario.state().data.at(0)->champion->id == "trial-1");
  BOOST_TEST(scenario.state().experience.at(0)->gain_sum == 0.0);
}

BOOST_AUTO_TEST_CASE(a_candidate_that_does_not_beat_the_champion_is_not_measured_and_its_work_learns_so) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("autotrain/c2/1", "autotrain", "search")});
  const auto decision = scenario.done(report("work-3", "autotrain", -0.01, {model("trial-9", 0.69)}));
  BOOST_TEST(kinds(decision) ==
             (Names{"WorkFinished", "OutcomeObserved", "DecisionMade", "OutcomeObserved", "CycleStarted"}));
  BOOST_TEST(last<events::DecisionMadeT>(decision)->choices.empty());
  BOOST_TEST(last<events::OutcomeObservedT>(decision)->has_outer);
}

BOOST_AUTO_TEST_CASE(with_ask_nothing_is_taken_before_a_person_approves) {
  auto asked = goal();
  asked.ask = true;
  auto scenario = with_champion(asked);
  auto decision = answer(scenario, {proposal("f", "autofeature", "feature-history", 0.05)},
                         {proposal("t", "autotrain", "search", 0.001)});
  BOOST_TEST(kinds(decision) == Names{"ProposalsReceived"});
  events::VetoProposalT veto;
  veto.proposal = "f";
  veto.reason = "no";
  decision = scenario.done(veto);
  BOOST_TEST(kinds(decision) == Names{"ProposalVetoed"});
  BOOST_TEST(scenario.done(veto).events.empty());  // said again
  scenario.after(1000);
  BOOST_TEST(scenario.done(events::TimePassedT{}).events.empty());  // a person may take their time
  events::ApproveProposalT approve;
  approve.proposal = "t";
  decision = scenario.done(approve);
  BOOST_TEST(messages(decision).size() <= 1u);
  BOOST_TEST(last<events::DecisionMadeT>(decision)->options.at(0)->detail.find("vetoed") !=
             std::string::npos);
  approve.proposal = "x";
  const auto unknown = scenario.when(approve);
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error().code == "coordinator.no_such_proposal");
}

BOOST_AUTO_TEST_CASE(several_works_run_at_once_for_different_agents_and_share_the_trials) {
  auto asked = goal(0);
  asked.max_trials = 12;
  asked.parallel = 2;
  auto scenario = with_champion(asked);
  auto decision = answer(
      scenario,
      {proposal("f1", "autofeature", "feature-history", 0.05), proposal("f2", "autofeature", "x", 0.05)},
      {proposal("t", "autotrain", "search", 0.05)});
  BOOST_TEST(messages(decision).size() == 2u);
  for (const auto& message : decision.outbox)
    BOOST_TEST(message.command->body.AsAssignWork()->work->context->trials_left == 5u);
  decision = scenario.done(report("work-3", "autofeature", 0.01));
  BOOST_TEST(count<events::CycleStartedT>(decision) == 0u);
  decision = scenario.done(report("work-4", "autotrain", 0.01));
  BOOST_TEST(count<events::CycleStartedT>(decision) == 1u);
}

BOOST_AUTO_TEST_CASE(a_proposal_tried_twice_without_gain_is_left_out) {
  auto scenario = with_champion(goal(10000));
  auto again = proposal("t", "autotrain", "search", 0.2, 1000);
  again.features = {"count(user)"};
  answer(scenario, {}, {again});
  scenario.done(report("work-3", "autotrain"));
  answer(scenario, {}, {again});
  scenario.done(report("work-4", "autotrain"));
  const auto decision = answer(scenario, {}, {again});
  const auto& made = *last<events::DecisionMadeT>(decision);
  BOOST_TEST(made.choices.empty());
  BOOST_TEST(made.options.at(0)->detail.find("tried 2 times without gain") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(proposals_that_make_no_sense_are_left_out_with_the_reason) {
  auto scenario = with_champion();
  const auto decision =
      answer(scenario,
             {proposal("same", "autofeature", "feature", 0.05),
              proposal("same", "autofeature", "feature", 0.05), proposal("", "autofeature", "feature", 0.05)},
             {proposal("nan", "autotrain", "search", std::nan("")), proposal("x", "stranger", "search", 0.5)},
             {proposal("e", "autoperf", "evaluate", 0.5)});
  const auto& made = *last<events::DecisionMadeT>(decision);
  BOOST_TEST(made.choices == std::vector<std::uint32_t>{0});
  for (std::size_t i = 1; i < 6; ++i)
    BOOST_TEST(made.options.at(i)->detail.find("left out") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_goal_may_ask_what_is_found_among_all_items) {
  for (const std::string metric : {"catalogue_ndcg10", "catalogue_recall10", "catalogue_mrr"}) {
    CoordinatorScenario scenario("coordinator/main");
    auto asked = goal();
    asked.metric = metric;
    const auto decision = scenario.done(submit(asked));
    BOOST_TEST(last<events::GoalAcceptedT>(decision)->goal->metric == metric);
  }
}
