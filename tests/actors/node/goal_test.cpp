// A goal from its submission to its end, on a whole node.
#include "world.hpp"

using namespace automodel;
using namespace automodel::test;
using events::EventBody;

BOOST_AUTO_TEST_SUITE(node_goal)

BOOST_FIXTURE_TEST_CASE(a_goal_ends_with_a_champion_and_a_restart_finds_everything_as_it_was, World) {
  start();
  std::vector<std::uint64_t> heard;
  auto listening = node->subscribe([&](const events::Recorded& event) { heard.push_back(event.sequence); });
  const auto accepted = submit_goal(goal(6));
  BOOST_REQUIRE(accepted.accepted);
  BOOST_TEST(accepted.subject == "goal-1");

  // Delivered again: the stored reply, whatever it asks for now, and no second goal.
  const auto again = submit_goal(goal(60));
  BOOST_TEST(again.accepted);
  BOOST_TEST(again.subject == "goal-1");
  BOOST_TEST(again.version == accepted.version);
  // Another command is refused while the goal is worked on.
  const auto busy = submit_goal(goal(6), 3);
  BOOST_TEST(!busy.accepted);
  BOOST_TEST(busy.failure->code == "coordinator.busy");

  BOOST_REQUIRE(wait_finished());
  const auto row = goal_row();
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST(row->status == "finished");
  BOOST_TEST(!row->champion.empty());
  BOOST_TEST(row->trials <= 6u + 20u);  // baselines and confirmations aside
  BOOST_TEST(count(EventBody::GoalAccepted) == 1u);
  BOOST_TEST(count(EventBody::ReportProduced) == 1u);
  BOOST_TEST(count(EventBody::ModelPromoted) >= 1u);
  BOOST_TEST(wait([&] { return pending_messages() == 0; }, 20s));

  events::RecommendT wish;
  wish.user = "1";
  wish.k = 5;
  BOOST_REQUIRE(wait([&] { return !node->recommend(wish).failure; }, 30s));
  const auto served = node->recommend(wish);
  BOOST_TEST(served.items.size() == 5u);
  auto mistyped = wish;
  mistyped.user = "no such user";  // served popular items once: refused, as the command recommend does
  const auto refused = node->recommend(mistyped);
  BOOST_REQUIRE(refused.failure);
  BOOST_TEST(refused.failure->code == "data.no_such_user");
  BOOST_TEST(refused.items.empty());

  listening.reset();
  node->stop();
  node->stop();  // safe to repeat
  BOOST_TEST(workers_of_this_process().empty());
  for (std::size_t i = 1; i < heard.size(); ++i) BOOST_TEST(heard[i] == heard[i - 1] + 1);
  const auto last = node->store().last_sequence();
  const auto late = node->submit("coordinator/main", events::CommandT{});
  BOOST_TEST(late.error().code == "runtime.unnamed_command");

  start();
  BOOST_TEST(node->store().last_sequence() == last);
  BOOST_TEST(goal_row()->champion == row->champion);
  BOOST_TEST(pending_messages() == 0u);
  BOOST_TEST(node->running_jobs().empty());
  BOOST_TEST(submit_goal(goal(6)).version == accepted.version);  // remembered across the restart
  BOOST_REQUIRE(wait([&] { return !node->recommend(wish).failure; }, 30s));
  const auto recommended = node->recommend(wish);
  BOOST_TEST(recommended.model == served.model);
  BOOST_REQUIRE(recommended.items.size() == served.items.size());
  for (std::size_t i = 0; i < served.items.size(); ++i)
    BOOST_TEST(recommended.items[i]->item == served.items[i]->item);
  BOOST_TEST(node->store().last_sequence() == last);
  BOOST_TEST(storage::replay(node->store())->match);
  BOOST_TEST(node->store().verify().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_node_that_was_stopped_midway_goes_on_and_its_absence_costs_no_budget, World) {
  start();
  BOOST_REQUIRE(submit_goal(goal(6, 1000)).accepted);
  BOOST_REQUIRE(wait([&] { return count(EventBody::TrialStarted) >= 2; }));
  const auto began = std::chrono::steady_clock::now();
  node->stop();
  BOOST_TEST((std::chrono::steady_clock::now() - began < 20s));
  BOOST_TEST(workers_of_this_process().empty());
  const auto before = node->store().stream_version("coordinator/main").value();
  const auto absence = 4s;
  std::this_thread::sleep_for(absence);

  start();
  // Whatever the agents still had to say to it, the coordinator hears first that its node was away.
  const auto first = [&] { return *node->store().find("coordinator/main", before + 1); };
  BOOST_REQUIRE(wait([&] { return first().has_value(); }, 30s));
  BOOST_REQUIRE((first()->event.body.type == EventBody::GoalResumed));
  BOOST_TEST(first()->event.body.AsGoalResumed()->by == "node/start/goal-1");
  BOOST_REQUIRE(wait_finished());
  BOOST_TEST(count(EventBody::GoalResumed) == 1u);
  BOOST_TEST(!goal_row()->champion.empty());

  std::int64_t accepted = 0, resumed = 0, gap = 0, last = 0, finished = 0;
  double seconds = 0;
  const auto read = node->store().read_stream("coordinator/main", 1, [&](const events::Recorded& event) {
    if (event.event.body.type == EventBody::GoalAccepted) accepted = event.time;
    if (event.event.body.type == EventBody::GoalResumed) gap = event.time - last, resumed = event.time;
    if (const auto* end = event.event.body.AsGoalFinished()) finished = event.time, seconds = end->seconds;
    last = event.time;
    return true;
  });
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST(resumed > accepted);
  BOOST_TEST(static_cast<double>(gap) * 1e-9 >= 4.0);
  BOOST_TEST(seconds == static_cast<double>(finished - accepted - gap) * 1e-9,
             boost::test_tools::tolerance(1e-3));
  std::set<std::string> ended;  // no trial twice
  visit([&](const events::Recorded& event) {
    if (const auto* trial = event.event.body.AsTrialStarted())
      BOOST_TEST(ended.insert(trial->trial + "/" + std::to_string(trial->rung)).second);
  });
}

BOOST_FIXTURE_TEST_CASE(a_paused_goal_stays_paused_over_a_restart, World) {
  start();
  BOOST_REQUIRE(submit_goal(goal(6)).accepted);
  BOOST_REQUIRE(wait([&] { return count(EventBody::WorkAssigned) >= 1; }));
  events::PauseGoalT pause;
  pause.goal = "goal-1";
  BOOST_REQUIRE(tell("coordinator/main", pause, 9).accepted);
  node->stop();
  start();
  BOOST_TEST(goal_row()->status == "paused");
  std::this_thread::sleep_for(300ms);
  BOOST_TEST(count(EventBody::GoalResumed) == 0u);
  events::StopGoalT stop;
  stop.goal = "goal-1";
  BOOST_TEST(tell("coordinator/main", stop, 10).accepted);
  BOOST_TEST(wait_finished());
}

BOOST_FIXTURE_TEST_CASE(
    a_goal_that_asks_for_a_ranking_ends_with_a_champion_that_ranks_and_a_report_of_those_that_do, World) {
  start();
  BOOST_REQUIRE(
      submit_goal(goal(1)).accepted);  // of rows: lr is a baseline of this data now, and cannot rank
  BOOST_REQUIRE(wait_finished());
  auto ranking = goal(4);
  ranking.metric = "catalogue_ndcg10";
  BOOST_REQUIRE(submit_goal(ranking, 3).accepted);
  BOOST_REQUIRE(wait([&] { return count(EventBody::GoalFinished) == 2u; }, 300s));
  BOOST_TEST(count(EventBody::ReportProduced) == 2u);
  BOOST_TEST(count(EventBody::TrialFailed) == 0u);
  std::string method;
  std::vector<std::string> reported;
  const auto read = node->store().read_all(1, [&](const events::Recorded& event) {
    if (const auto* promoted = event.event.body.AsModelPromoted()) {
      if (promoted->goal == "goal-2") method = promoted->model->config->method;
    }
    if (const auto* report = event.event.body.AsReportProduced(); report && report->goal == "goal-2")
      for (const auto& row : report->rows) {
        reported.push_back(row->name);
        bool has = false;
        for (const auto& metric : row->metrics)
          has = has || (metric->name == "catalogue_ndcg10" && metric->has_interval);
        BOOST_TEST(has, row->name);
      }
    return true;
  });
  BOOST_REQUIRE(read.has_value());
  const std::set<std::string> known{"caser", "mf-bpr", "mult-dae", "popularity", "itemknn", "ease"};
  BOOST_TEST(known.contains(method.substr(0, method.find('~'))), method);
  BOOST_TEST(reported.size() > 3u);
  BOOST_TEST((std::find(reported.begin(), reported.end(), "lr") == reported.end()));
  events::RecommendT wish;
  wish.user = "1";
  wish.k = 5;
  BOOST_REQUIRE(wait([&] { return !node->recommend(wish).failure; }, 30s));
  BOOST_TEST(node->recommend(wish).items.size() == 5u);
}

BOOST_AUTO_TEST_SUITE_END()
