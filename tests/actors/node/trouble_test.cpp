// What goes wrong in a worker is an outcome; what is wrong with a request is an answer.
#include <csignal>

#include "world.hpp"

using namespace automodel;
using namespace automodel::test;
using events::EventBody;

namespace {

/// Gives AutoTrain work that it did not propose: one configuration.
void assign(World& world, std::uint64_t number, const std::string& work, events::TrialConfigT config) {
  events::AssignWorkT assign;
  assign.work = std::make_unique<events::WorkT>();
  assign.work->id = work;
  assign.work->proposal = std::make_unique<events::ProposalT>();
  assign.work->proposal->id = "test/" + std::to_string(number);
  assign.work->proposal->agent = "autotrain";
  assign.work->proposal->action = "baseline";
  config.fingerprint = work;
  assign.work->proposal->configs.push_back(std::make_unique<events::TrialConfigT>(std::move(config)));
  assign.work->context = std::make_unique<events::CycleContextT>();
  assign.work->context->goal = std::make_unique<events::GoalT>(world.goal(6));
  assign.work->context->goal->id = "goal-1";
  assign.work->context->rows = world.data.train_rows;
  BOOST_REQUIRE(world.tell("autotrain/main", assign, number).accepted);
}

/// The code of the TrialFailed of a work's trial; empty where there is none.
std::string failure_of(const World& world, const std::string& work) {
  std::string trial, code;
  world.visit([&](const events::Recorded& event) {
    const auto* started = event.event.body.AsTrialStarted();
    if (started && started->work == work) trial = started->trial;
    const auto* failed = event.event.body.AsTrialFailed();
    if (failed && failed->trial == trial) code = failed->failure->code;
  });
  BOOST_TEST(!trial.empty());
  return code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_trouble)

BOOST_FIXTURE_TEST_CASE(a_worker_killed_while_it_trains_is_a_failed_trial_with_its_signal_and_the_goal_goes_on, World) {
  start();
  BOOST_REQUIRE(submit_goal(goal(12)).accepted);
  // A worker that is killed between two jobs is replaced unseen, and not every job of AutoTrain is a trial: until one was.
  std::string message;
  const auto a_trial_died = [&] {
    visit([&](const events::Recorded& event) {
      const auto* failed = event.event.body.AsTrialFailed();
      if (failed && failed->failure->code == "jobs.worker_died") message = failed->failure->message;
    });
    return !message.empty();
  };
  BOOST_REQUIRE(wait([&] {
    if (a_trial_died()) return true;
    const auto running = node->running_jobs();
    const bool training = !running.empty() && running.front().agent == "autotrain/main";
    const auto workers = workers_of_this_process();
    if (training && !workers.empty()) ::kill(workers.front(), SIGKILL);
    return false;
  }));
  BOOST_TEST(message.find("signal 9") != std::string::npos, message);
  BOOST_REQUIRE(wait_finished());
  BOOST_TEST(!goal_row()->champion.empty());
}

BOOST_FIXTURE_TEST_CASE(
    a_trial_that_needs_more_memory_than_a_worker_has_fails_with_its_reason_and_the_goal_goes_on, World) {
  auto limited = options();
  limited.worker_memory_mb = 700;
  start(limited);
  BOOST_REQUIRE(submit_goal(goal(6)).accepted);
  // Work of the size that the agents themselves would not propose.
  assign(*this, 7, "work-huge", config("deepfm", {{"dim", "1024"}, {"hidden", "4096,4096,4096"}}));
  BOOST_REQUIRE(wait_finished());
  BOOST_TEST(failure_of(*this, "work-huge") == "jobs.out_of_memory");
  BOOST_TEST(!goal_row()->champion.empty());
}

BOOST_FIXTURE_TEST_CASE(a_trial_of_a_model_that_is_too_large_or_explodes_fails_with_its_reason_and_the_goal_goes_on,
                        World) {
  auto limited = options();
  limited.max_parameters = 300'000;
  start(limited);
  BOOST_REQUIRE(submit_goal(goal(4)).accepted);
  assign(*this, 7, "work-large", config("deepfm", {{"dim", "1024"}}));
  assign(*this, 8, "work-nan",
         config("dcnv2", {{"lr", "10"}, {"layers", "16"}, {"hidden", "64"}, {"batch", "64"}, {"dim", "8"}}));
  BOOST_REQUIRE(wait_finished());
  BOOST_TEST(failure_of(*this, "work-large") == "jobs.too_many_parameters");
  BOOST_TEST(failure_of(*this, "work-nan") == "jobs.nan");
  BOOST_TEST(!goal_row()->champion.empty());
}

BOOST_FIXTURE_TEST_CASE(a_data_set_that_changed_under_a_goal_ends_it_and_the_node_lives, World) {
  start();
  data.import(2500, 99);
  BOOST_REQUIRE(submit_goal(goal(6)).accepted);
  BOOST_REQUIRE(wait_finished());
  BOOST_TEST(failures()["data.changed"] > 0);
  BOOST_TEST(goal_row()->champion.empty());
  BOOST_TEST(count(EventBody::ModelPromoted) == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_store_has_one_node_and_an_agent_that_is_not_there_is_an_answer, World) {
  start();
  auto second = actors::Node::start(options());
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().code == "storage.locked");
  const auto nobody = tell("shoemaker/main", events::TimePassedT{}, 1);
  BOOST_TEST(!nobody.accepted);
  BOOST_TEST(nobody.failure->code == "agents.no_such_agent");
  events::RecommendT wish;
  wish.user = "1";
  wish.k = 3;
  BOOST_TEST(node->recommend(wish).failure != nullptr);  // nothing serves yet
  node->stop();
  events::CommandT late;
  late.sender = "test";
  BOOST_TEST(node->submit("coordinator/main", late).error().code == "runtime.stopped");
  BOOST_TEST(node->recommend(wish).failure->code == "runtime.stopped");
  BOOST_TEST(node->running_jobs().empty());
}

BOOST_FIXTURE_TEST_CASE(a_program_that_is_no_worker_is_an_outcome_and_stopping_does_not_hang, World) {
  auto broken = options();
  broken.program = "/bin/false";
  start(broken);
  BOOST_REQUIRE(submit_goal(goal(6)).accepted);
  BOOST_TEST(wait([&] { return failures()["jobs.worker_died"] > 0; }, 30s));
  const auto began = std::chrono::steady_clock::now();
  node->stop();
  BOOST_TEST((std::chrono::steady_clock::now() - began < 10s));
}

BOOST_AUTO_TEST_SUITE_END()
