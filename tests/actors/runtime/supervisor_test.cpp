#include "actors/runtime/supervisor.hpp"

#include "actor_fixture.hpp"

using namespace automodel;
using namespace automodel::test;
using namespace std::chrono_literals;

namespace {

struct Supervised : ActorFixture {
  actors::Supervisor supervisor = [this] {
    actors::SupervisorOptions made;
    for (const std::string stream : {"a/main", "b/main"})
      made.agents[stream] = [this, stream](caf::actor_system& where, std::optional<std::uint64_t>) {
        ++starts;
        spawned.push_back(actors::spawn_agent<Toy>(where, options(stream)));
        return spawned.back();
      };
    return actors::spawn_supervisor(system, made);
  }();
  int starts = 0;

  events::ReplyT tell(const std::string& stream, const events::CommandT& body) {
    auto asked = ask(supervisor, stream, body);
    auto found = reply(asked);
    BOOST_REQUIRE(found.has_value());
    return *found;
  }
  ~Supervised() { caf::anon_send_exit(supervisor, caf::exit_reason::kill); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(supervisor)

BOOST_FIXTURE_TEST_CASE(a_crashed_agent_comes_back_with_its_state, Supervised) {
  BOOST_TEST(tell("a/main", named(add(3), 1)).subject == "3");
  Toy::throws_left = 1;
  BOOST_TEST(tell("a/main", named(special("throw"), 2)).failure->code == "agents.decider_failed");
  BOOST_TEST(tell("a/main", named(add(4), 3)).failure->code == "runtime.restarting");
  sched.advance_time(1s);
  BOOST_TEST(tell("a/main", named(add(4), 3)).subject == "7");
  BOOST_TEST(starts == 3);
}

BOOST_FIXTURE_TEST_CASE(an_agent_that_keeps_failing_is_started_less_and_less_often, Supervised) {
  run();
  store->fail_reads = Error{"storage.io", "bad sector", {}, {}};
  kill(spawned.at(0));
  run();
  for (int second = 0; second < 20; ++second) {
    sched.advance_time(100ms);
    run();
  }
  BOOST_TEST(starts <= 8);  // after 0.1, 0.2, 0.4, 0.8 … seconds
  BOOST_TEST(starts >= 5);
  store->fail_reads.reset();
  sched.advance_time(60s);
  run();
  BOOST_TEST(tell("a/main", named(add(1), 1)).subject == "1");
}

BOOST_FIXTURE_TEST_CASE(an_agent_learns_where_a_restarted_one_lives, Supervised) {
  tell("a/main", named(add(1), 1));
  kill(spawned.at(1));
  run();
  tell("a/main", named(special("send", "b/main"), 2));
  BOOST_TEST(store->count("b/main") == 0u);
  for (int second = 0; second < 2;
       ++second) {  // an attempt at the dead one may be under way when the new one starts
    sched.advance_time(1s);
    run();
  }
  BOOST_TEST(store->count("b/main") == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_unknown_agent_is_a_refusal, Supervised) {
  BOOST_TEST(tell("c/main", named(add(1), 1)).failure->code == "agents.no_such_agent");
}

BOOST_FIXTURE_TEST_CASE(stopping_ends_every_agent_and_then_the_supervisor, Supervised) {
  run();
  bool stopped = false;
  auto asked = ask(supervisor, actors::stop_atom_v);
  run();
  asked.receive([&](bool) { stopped = true; }, [](caf::error&) {});
  BOOST_TEST(stopped);
  auto late = ask(spawned.at(0), named(add(1), 1));
  BOOST_TEST(!reply(late));
}

BOOST_FIXTURE_TEST_CASE(an_agent_hears_its_greeting_before_what_another_still_had_for_it, ActorFixture) {
  // "a" has had a message for "b" since before everything ended.
  auto before = agent("a/main");
  run();
  command(before, named(special("send", "b/main"), 1));
  kill(before);
  run();
  BOOST_REQUIRE(store->outbox("a/main")->size() == 1u);

  actors::SupervisorOptions made;
  made.greetings["b/main"] = {named(special("close", "hello"), 1, "greeting")};
  for (const std::string stream : {"a/main", "b/main"})
    made.agents[stream] = [this, stream](caf::actor_system&, std::optional<std::uint64_t>) { return agent(stream); };
  auto supervisor = actors::spawn_supervisor(system, made);
  run();
  BOOST_REQUIRE(store->count("b/main") == 2u);
  BOOST_TEST((*store->find("b/main", 1))->event.body.AsGoalPaused()->by == "hello");
  // Told again at the next start, it has no second effect.
  kill(spawned.at(2));
  run();
  sched.advance_time(1s);
  run();
  BOOST_TEST(spawned.size() == 4u);
  BOOST_TEST(store->count("b/main") == 2u);
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
}

BOOST_FIXTURE_TEST_CASE(agents_do_not_outlive_a_supervisor_that_is_ended_by_force, Supervised) {
  run();
  caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  run();
  auto late = ask(spawned.at(0), named(add(1), 1));
  BOOST_TEST(!reply(late));
}

BOOST_AUTO_TEST_SUITE_END()
