#include "tests/actors/coordinator/world.hpp"

using namespace automodel;
using namespace automodel::tests;
using Names = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(time_that_is_not_due_records_nothing) {
  auto scenario = with_champion();
  scenario.after(50);
  BOOST_TEST(scenario.done(events::TimePassedT{}).events.empty());
  CoordinatorScenario idle("coordinator/main");
  BOOST_TEST(idle.done(events::TimePassedT{}).events.empty());
}

BOOST_AUTO_TEST_CASE(when_the_budget_is_spent_open_work_is_cancelled_then_reported_on_then_the_goal_ends) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  auto decision = scenario.after(96).done(events::TimePassedT{});
  BOOST_TEST(kinds(decision) == Names{"GoalClosing"});
  BOOST_TEST(messages(decision) == Names{"autotrain/main CancelWork"});
  decision =
      scenario.after(1).done(report("work-3", "autotrain", 0.02, {model("trial-9", 0.72)}), "autotrain/main");
  BOOST_TEST(last<events::WorkAssignedT>(decision)->work->proposal->action == "evaluate");
  decision = scenario.after(1).done(promotion("work-4", model("trial-9", 0.72), 0.01), "autoperf/main");
  BOOST_TEST(last<events::ReportRequestedT>(decision)->champion->id == "trial-9");
  BOOST_TEST(last<events::ReportRequestedT>(decision)->baselines.size() == 2u);
  BOOST_REQUIRE(scenario.jobs().size() == 1u);
  const auto done = report_job(scenario);
  decision = scenario.after(1).done(done);
  BOOST_TEST(kinds(decision) == (Names{"ReportProduced", "GoalFinished"}));
  const auto& finished = *last<events::GoalFinishedT>(decision);
  BOOST_TEST(finished.reason == "budget spent");
  BOOST_TEST(finished.trials == 3u);
  BOOST_TEST(finished.seconds == 99.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(scenario.jobs().empty());
  BOOST_TEST(scenario.done(done).events.empty());  // said again
}

BOOST_AUTO_TEST_CASE(work_that_never_answers_is_given_up_with_an_outcome) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  scenario.after(96).done(events::TimePassedT{});
  BOOST_TEST(scenario.after(19).done(events::TimePassedT{}).events.empty());
  const auto decision = scenario.after(1).done(events::TimePassedT{});
  BOOST_TEST(kinds(decision) == (Names{"WorkFinished", "OutcomeObserved", "ReportRequested"}));
  BOOST_TEST((last<events::OutcomeObservedT>(decision)->verdict == events::Verdict::Failed));
  BOOST_TEST(scenario.done(report("work-3", "autotrain", 0.1, {model("late", 0.9)})).events.empty());
}

BOOST_AUTO_TEST_CASE(an_agent_that_never_offers_is_passed_over_and_what_it_says_later_is_not_heard) {
  auto asked = goal(0);
  asked.max_trials = 50;  // no budget of time that would end the goal
  auto scenario = with_champion(asked);
  const auto cycle = scenario.state().cycle;
  BOOST_TEST(scenario.after(3599).done(events::TimePassedT{}).events.empty());
  const auto decision = scenario.after(1).done(events::TimePassedT{});
  BOOST_TEST(kinds(decision) == Names{"ProposalsReceived"});
  BOOST_TEST(last<events::ProposalsReceivedT>(decision)->agent == "autofeature");
  BOOST_TEST(last<events::ProposalsReceivedT>(decision)->none_because == "no answer within 60 minutes");
  BOOST_TEST(messages(decision) == Names{"autotrain/main RequestProposals"});
  const auto late = scenario.done(
      offer("autofeature", cycle, {proposal("f", "autofeature", "feature-history")}), "autofeature/main");
  BOOST_TEST(late.events.empty());
  scenario.done(offer("autotrain", cycle, {proposal("t", "autotrain", "search", 0.05)}), "autotrain/main");
  const auto chosen = scenario.done(offer("autoperf", cycle, {}), "autoperf/main");
  BOOST_TEST(count<events::WorkAssignedT>(chosen) == 1u);  // the cycle went on with who answered
}

BOOST_AUTO_TEST_CASE(when_nobody_ever_offers_a_goal_without_a_budget_of_time_ends_all_the_same) {
  auto asked = goal(0);
  asked.max_trials = 50;
  auto scenario = with_champion(asked);
  actors::Decision decision;
  for (int silent = 0; silent < 3; ++silent) decision = scenario.after(3600).done(events::TimePassedT{});
  BOOST_TEST(last<events::GoalClosingT>(decision)->reason == "nothing promising left");
}

BOOST_AUTO_TEST_CASE(a_work_that_is_never_reported_fails_after_hours_and_the_goal_goes_on) {
  auto asked = goal(0);
  asked.max_trials = 50;
  auto scenario = with_champion(asked);
  answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  BOOST_TEST(scenario.after(72 * 3600 - 1).done(events::TimePassedT{}).events.empty());
  const auto decision = scenario.after(1).done(events::TimePassedT{});
  BOOST_TEST(kinds(decision) == (Names{"WorkFinished", "OutcomeObserved", "CycleStarted"}));
  BOOST_TEST(last<events::WorkFinishedT>(decision)->failure->message ==
             "work-3 was not reported within 72 hours");
  BOOST_TEST(messages(decision) == (Names{"autotrain/main CancelWork", "autofeature/main RequestProposals"}));
  BOOST_TEST(scenario.done(report("work-3", "autotrain", 0.1, {model("late", 0.9)})).events.empty());
}

BOOST_AUTO_TEST_CASE(time_that_a_goal_is_paused_uses_up_nobodys_patience) {
  auto scenario = with_champion();
  scenario.done(events::PauseGoalT{});
  scenario.after(1'000'000);
  BOOST_TEST(scenario.done(events::TimePassedT{}).events.empty());
  scenario.done(events::ResumeGoalT{});
  BOOST_TEST(scenario.done(events::TimePassedT{}).events.empty());
}

BOOST_AUTO_TEST_CASE(a_report_that_is_never_written_is_tried_once_more_and_then_the_goal_ends_saying_so) {
  auto scenario = with_champion();
  answer(scenario, {}, {});
  const auto first = scenario.jobs().at(0).id;
  BOOST_TEST(scenario.after(6 * 3600 - 1).done(events::TimePassedT{}).events.empty());
  auto decision = scenario.after(1).done(events::TimePassedT{});
  BOOST_TEST(kinds(decision) == Names{"JobFailed"});
  BOOST_TEST(last<events::JobFailedT>(decision)->job == first);
  BOOST_TEST(scenario.jobs().at(0).id != first);  // the runtime stops the first and starts this one
  BOOST_TEST(scenario.after(6 * 3600 - 1).done(events::TimePassedT{}).events.empty());
  decision = scenario.after(1).done(events::TimePassedT{});
  BOOST_TEST(kinds(decision) == (Names{"JobFailed", "GoalFinished"}));
  BOOST_TEST(last<events::GoalFinishedT>(decision)->reason ==
             "nothing promising left; the report failed: it was not written within 6 hours");
  BOOST_TEST(scenario.jobs().empty());
}

BOOST_AUTO_TEST_CASE(a_last_measurement_is_waited_for_but_not_for_ever) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  scenario.done(report("work-3", "autotrain", 0.02, {model("trial-9", 0.72)}), "autotrain/main");
  BOOST_TEST(messages(scenario.after(96).done(events::TimePassedT{})).empty());
  BOOST_TEST(scenario.after(30).done(events::TimePassedT{}).events.empty());
  const auto decision = scenario.after(10).done(events::TimePassedT{});
  BOOST_TEST(count<events::ReportRequestedT>(decision) == 1u);
  BOOST_TEST(last<events::ReportRequestedT>(decision)->champion->id == "trial-1");
}

BOOST_AUTO_TEST_CASE(no_new_work_is_begun_in_the_last_twelfth_of_the_budget) {
  auto scenario = with_champion();
  scenario.after(93);
  const auto decision = answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  BOOST_TEST(kinds(decision) == (Names{"ProposalsReceived", "GoalClosing", "ReportRequested"}));
  BOOST_TEST(decision.outbox.empty());
}

BOOST_AUTO_TEST_CASE(the_goal_ends_when_the_trials_are_spent) {
  auto asked = goal(0);
  asked.max_trials = 3;
  auto scenario = with_champion(asked);
  const auto given = answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  BOOST_TEST(given.outbox.at(0).command->body.AsAssignWork()->work->context->trials_left == 1u);
  const auto decision = scenario.done(report("work-3", "autotrain", 0));
  BOOST_TEST(last<events::GoalClosingT>(decision)->reason == "trials spent");
}

BOOST_AUTO_TEST_CASE(nothing_offered_by_anyone_ends_the_goal) {
  auto scenario = with_champion();
  const auto decision = answer(scenario, {}, {});
  BOOST_TEST(last<events::GoalClosingT>(decision)->reason == "nothing promising left");
  BOOST_TEST(last<events::DecisionMadeT>(decision)->choices.empty());
}

BOOST_AUTO_TEST_CASE(two_cycles_without_a_promising_proposal_end_the_goal_one_does_not) {
  auto scenario = with_champion();
  auto decision = answer(scenario, {}, {proposal("t", "autotrain", "search", -0.5)});
  BOOST_TEST(count<events::CycleStartedT>(decision) == 1u);
  decision = answer(scenario, {}, {proposal("t", "autotrain", "search", -0.5)});
  BOOST_TEST(last<events::GoalClosingT>(decision)->reason == "nothing promising left");
}

BOOST_AUTO_TEST_CASE(a_paused_goal_begins_nothing_and_resumes_where_it_was) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  BOOST_TEST(kinds(scenario.done(events::PauseGoalT{})) == Names{"GoalPaused"});
  BOOST_TEST(scenario.done(events::PauseGoalT{}).events.empty());
  auto decision = scenario.done(report("work-3", "autotrain", 0.02, {model("trial-9", 0.72)}));
  BOOST_TEST(kinds(decision) == (Names{"WorkFinished", "OutcomeObserved"}));
  scenario.after(500);
  BOOST_TEST(scenario.done(events::TimePassedT{}).events.empty());
  decision = scenario.done(events::ResumeGoalT{});
  BOOST_TEST(kinds(decision) == (Names{"GoalResumed", "DecisionMade", "WorkAssigned"}));
  BOOST_TEST(scenario.state().elapsed < 1);
}

BOOST_AUTO_TEST_CASE(downtime_does_not_spend_the_budget) {
  auto scenario = with_champion();
  answer(scenario, {}, {proposal("t", "autotrain", "search", 0.05)});
  scenario.after(5000);  // the node was down
  scenario.done(events::ResumeGoalT{}, "node");
  BOOST_TEST(scenario.done(events::TimePassedT{}).events.empty());
  BOOST_TEST(scenario.state().elapsed < 1);
  BOOST_TEST(count<events::GoalClosingT>(scenario.after(96).done(events::TimePassedT{})) == 1u);
}

BOOST_AUTO_TEST_CASE(a_person_may_stop_a_goal_and_the_reason_says_so) {
  auto scenario = with_champion();
  events::StopGoalT stop;
  stop.reason = "enough";
  const auto decision = scenario.done(stop, "console");
  BOOST_TEST(last<events::GoalClosingT>(decision)->reason == "stopped by console: enough");
  BOOST_TEST(count<events::ReportRequestedT>(decision) == 1u);
  const auto impatient = scenario.done(stop, "console");
  BOOST_TEST(kinds(impatient) == Names{"GoalFinished"});
  BOOST_TEST(scenario.when(stop).error().code == "coordinator.no_goal");
}

BOOST_AUTO_TEST_CASE(stopping_before_there_is_a_champion_finishes_without_a_report) {
  CoordinatorScenario scenario("coordinator/main");
  scenario.done(submit(goal()));
  const auto decision = scenario.done(events::StopGoalT{});
  BOOST_TEST(kinds(decision) == (Names{"GoalClosing", "GoalFinished"}));
}

BOOST_AUTO_TEST_CASE(commands_for_another_goal_are_refused) {
  auto scenario = with_champion();
  events::PauseGoalT pause;
  pause.goal = "goal-7";
  BOOST_TEST(scenario.when(pause).error().code == "coordinator.no_goal");
  BOOST_TEST(scenario.when(events::RegisterDatasetT{}).error().code == "coordinator.unknown_command");
}

BOOST_AUTO_TEST_CASE(a_report_that_fails_is_tried_once_more_and_then_the_goal_ends_saying_so) {
  auto scenario = with_champion();
  answer(scenario, {}, {});
  const auto first = scenario.jobs().at(0).id;
  BOOST_TEST(kinds(scenario.done(report_job(scenario, true))) == Names{"JobFailed"});
  BOOST_TEST(scenario.jobs().at(0).id != first);
  const auto decision = scenario.done(report_job(scenario, true));
  BOOST_TEST(kinds(decision) == (Names{"JobFailed", "GoalFinished"}));
  BOOST_TEST(last<events::GoalFinishedT>(decision)->reason ==
             "nothing promising left; the report failed: the worker died");
}

BOOST_AUTO_TEST_CASE(a_second_goal_on_the_same_data_begins_with_what_is_known) {
  auto scenario = with_champion();
  answer(scenario, {}, {});
  scenario.done(report_job(scenario));
  const auto same = scenario.done(submit(goal()));
  BOOST_TEST(same.reply.subject == "goal-2");
  BOOST_TEST(same.outbox.at(0).command->body.AsRequestProposals()->context->champion->id == "trial-1");
  scenario.done(events::StopGoalT{});
  scenario.done(report_job(scenario));
  auto other = goal();
  other.data->label = "rating>=3";
  const auto fresh = scenario.done(submit(other));
  BOOST_TEST(fresh.outbox.at(0).command->body.AsRequestProposals()->context->champion.get() == nullptr);
}

BOOST_AUTO_TEST_CASE(a_roll_back_is_heard_of_once_also_between_goals) {
  auto scenario = with_champion();
  answer(scenario, {}, {});
  scenario.done(report_job(scenario));
  auto rolled = promotion("rollback-1", model("older", 0.6), 0);
  rolled.finished->candidates.push_back(std::make_unique<events::ModelRefT>(model("trial-1", 0.7)));
  BOOST_TEST(kinds(scenario.done(rolled)) == Names{"WorkFinished"});
  BOOST_TEST(scenario.state().data.at(0)->champion->id == "older");
  BOOST_TEST(scenario.done(rolled).events.empty());
}
