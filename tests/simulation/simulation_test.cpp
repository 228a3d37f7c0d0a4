#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/simulation/runner.hpp"

using namespace automodel::cluster::simulation;

namespace {

std::ostream& print(std::ostream& out, const Plan& plan) { return out << describe(plan); }

/// Runs schedules for a while; a failing one is shown as small as it can be made.
Found hold(std::uint64_t first_seed) {
  Search what;
  what.first_seed = first_seed;
  what.schedules = 50'000;
  what.at_most = std::chrono::seconds(5);
  auto found = search(what);
  if (found.seed) {
    print(std::cerr, shrink(draw_plan(*found.seed), what.rules));
    BOOST_ERROR("seed " << *found.seed << ": " << found.fault);
  }
  BOOST_TEST_MESSAGE(found.schedules << " schedules from seed " << first_seed << " in " << found.seconds
                                     << " s");
  return found;
}

}  // namespace

namespace automodel::cluster::simulation {
std::ostream& operator<<(std::ostream& out, const Mutant& mutant) { return out << mutant.name; }
}  // namespace automodel::cluster::simulation

BOOST_AUTO_TEST_SUITE(simulation)

BOOST_AUTO_TEST_CASE(the_protocol_keeps_its_promises_under_known_schedules) {
  const auto found = hold(1);
  BOOST_TEST(found.schedules >= 500u);
  // The schedules are worth something: everything that can happen did.
  const auto& counts = found.counts;
  BOOST_TEST(counts.acknowledged > 1000u);
  BOOST_TEST(counts.committed > 100u);
  BOOST_TEST(counts.abandoned > 50u);
  BOOST_TEST(counts.crashes > 100u);
  BOOST_TEST(counts.lost > 100u);
  BOOST_TEST(counts.forwarded > 10u);
  BOOST_TEST(counts.questions > 10u);
  BOOST_TEST(counts.failed_writes > 10u);
  BOOST_TEST(counts.fenced > 5u);
}

BOOST_AUTO_TEST_CASE(the_protocol_keeps_its_promises_under_schedules_that_nobody_chose) {
  BOOST_TEST(hold(std::random_device{}() + 1'000'000ull).schedules >= 500u);
}

BOOST_DATA_TEST_CASE(each_broken_rule_is_found, boost::unit_test::data::make(mutants()), mutant) {
  Search what;
  what.schedules = 100'000;
  what.at_most = std::chrono::seconds(60);
  what.rules.*mutant.rule = false;
  const auto found = search(what);
  BOOST_TEST(found.seed.has_value(), "not found in " << found.schedules << " schedules");
}

/// One move from node 0 to node 1 under commands, with faults at one moment of it.
Plan one_move(Time moment, const std::vector<Action>& faults) {
  Plan plan;
  plan.seed = moment;
  plan.agents = 2;
  plan.clients = 2;
  plan.faults_end = 600;
  for (Time at = 40; at < 300; at += 20)
    plan.actions.push_back({Action::Kind::command, at, static_cast<int>(at / 20 % 2), 0, 1, 0});
  plan.actions.push_back({Action::Kind::move, 100, 0, 1, -1, 0});
  plan.actions.insert(plan.actions.end(), faults.begin(), faults.end());
  std::stable_sort(plan.actions.begin(), plan.actions.end(),
                   [](const Action& x, const Action& y) { return x.at < y.at; });
  return plan;
}

BOOST_AUTO_TEST_CASE(a_crash_of_source_target_or_both_at_any_moment_of_a_move_loses_nothing) {
  Counts counts;
  for (Time moment = 95; moment < 260; ++moment)
    for (int who = 0; who < 3; ++who)
      for (const Time length : {20, 150}) {
        std::vector<Action> faults;
        if (who != 1) faults.push_back({Action::Kind::crash, moment, 0, -1, -1, length});
        if (who != 0) faults.push_back({Action::Kind::crash, moment, 1, -1, -1, length});
        const auto plan = one_move(moment, faults);
        const auto outcome = World(plan, {}).run();
        BOOST_TEST(outcome.fault == "", describe(plan));
        counts.add(outcome.counts);
      }
  // Before the commit the crash ends the move, after it the move is done.
  BOOST_TEST(counts.committed > 100u);
  BOOST_TEST(counts.abandoned > 50u);
  BOOST_TEST(counts.questions > 10u);
}

BOOST_AUTO_TEST_CASE(a_partition_or_a_disk_that_fails_at_any_moment_of_a_move_loses_nothing) {
  using Kind = Action::Kind;
  for (Time moment = 95; moment < 260; moment += 2) {
    for (const auto& fault :
         {Action{Kind::cut, moment, 0, -1, -1, 300}, Action{Kind::cut, moment, 0, 1, -1, 300},
          Action{Kind::cut, moment, 1, 0, -1, 300}, Action{Kind::full_disk, moment, 0, -1, -1, 200},
          Action{Kind::full_disk, moment, 1, -1, -1, 200}, Action{Kind::slow_disk, moment, 0, -1, -1, 300},
          Action{Kind::slow_disk, moment, 1, -1, -1, 300}}) {
      const auto plan = one_move(moment, {fault});
      BOOST_TEST(World(plan, {}).run().fault == "", describe(plan));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_discard_that_waited_for_a_full_disk_drops_nothing_of_another_source) {
  auto plan = draw_plan(934931863);
  plan.loss = plan.repetition = plan.delay = 0;
  plan.stragglers = false;
  plan.actions = {{Action::Kind::full_disk, 22, 0, -1, -1, 501},
                  {Action::Kind::leave, 34, 1, -1, -1, 0},
                  {Action::Kind::move, 508, 1, 0, -1, 0}};
  BOOST_TEST(World(plan, {}).run().fault == "", describe(plan));
}

BOOST_AUTO_TEST_CASE(a_failing_schedule_is_made_smaller_and_still_fails) {
  Search what;
  what.rules.send_inbox = false;
  const auto found = search(what);
  BOOST_REQUIRE(found.seed);
  const auto plan = draw_plan(*found.seed);
  const auto small = shrink(plan, what.rules);
  BOOST_TEST(small.actions.size() < plan.actions.size());
  BOOST_TEST(!World(small, what.rules).run().fault.empty());
  BOOST_TEST(World(small, {}).run().fault.empty());
}

BOOST_AUTO_TEST_CASE(one_seed_gives_one_run) {
  const auto plan = draw_plan(7);
  const auto once = World(plan, {}).run().counts, again = World(plan, {}).run().counts;
  BOOST_TEST(once.batches == again.batches);
  BOOST_TEST(once.acknowledged == again.acknowledged);
}

BOOST_AUTO_TEST_SUITE_END()
