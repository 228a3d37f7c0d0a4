// Two agents write to each other until a number has gone down to zero. Whatever is killed in between, the
// history ends the same.
#include <cstdlib>
#include <random>

#include "actor_fixture.hpp"

using namespace automodel;
using namespace automodel::test;

namespace {

struct Game : ActorFixture {
  actors::AgentActor a, b;

  void start(actors::AgentActor& which, const std::string& stream) {
    which = agent(stream);
    if (a && b) {
      introduce(a, "b/main", b);
      introduce(b, "a/main", a);
    }
  }
  void serve(int hits) {
    start(a, "a/main");
    start(b, "b/main");
    store->automatic = true;
    command(a, named(ping(hits), 1));
    store->automatic = false;
  }
  void step(std::mt19937_64& random) {
    switch (random() % 16) {
      case 0:
        kill(a);
        start(a, "a/main");
        break;
      case 1:
        kill(b);
        start(b, "b/main");
        break;
      case 2:
        store->commit_next(false);  // durable, but nobody learns
        kill(a), kill(b);
        start(a, "a/main"), start(b, "b/main");
        break;
      case 3:
        kill(a), kill(b);
        store->lose_queue();
        start(a, "a/main"), start(b, "b/main");
        break;
      case 4:
        sched.advance_time(std::chrono::seconds(61));  // a request times out and is sent again
        break;
      case 5:
      case 6:
      case 7:
        store->commit_next();
        break;
      default:
        sched.try_run_once();
    }
  }
  void finish() {
    for (int i = 0; i < 10'000 && !(idle() && store->queued() == 0); ++i) {
      store->commit_all();
      run();
      sched.advance_time(std::chrono::seconds(61));
    }
  }
  bool idle() { return store->outbox("a/main")->empty() && store->outbox("b/main")->empty(); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(random_kills_between_any_two_steps_leave_the_same_history) {
  const char* given = std::getenv("AUTOMODEL_SEED");
  const std::uint64_t base = given != nullptr ? std::stoull(given) : std::random_device{}();
  BOOST_TEST_MESSAGE("AUTOMODEL_SEED=" << base);
  constexpr int hits = 9;
  for (std::uint64_t round = 0; round < 40; ++round) {
    BOOST_TEST_CONTEXT("seed " << base << " round " << round) {
      std::mt19937_64 random(base + round);
      Game game;
      game.serve(hits);
      for (int i = 0; i < 120; ++i) game.step(random);
      game.finish();
      BOOST_TEST(game.store->count("a/main") == 5u);
      BOOST_TEST(game.store->count("b/main") == 5u);
      BOOST_TEST(game.idle());
      std::uint64_t turn = 0;
      BOOST_REQUIRE(game.store
                        ->read_all(1,
                                   [&](const events::Recorded& event) {
                                     BOOST_TEST(event.stream == (turn % 2 == 0 ? "a/main" : "b/main"));
                                     ++turn;
                                     return true;
                                   })
                        .has_value());
    }
  }
}
