// Actors under CAF's test scheduler: nothing runs until a test says so, and time stands still.
#pragma once

#include <boost/test/unit_test.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

#include "actors/runtime/agent_actor.hpp"
#include "actors/runtime/supervisor.hpp"
#include "fake_store.hpp"
#include "toy.hpp"

namespace automodel::test {

struct ActorFixture {
  struct Config : caf::actor_system_config {
    Config() {
      add_message_types<caf::id_block::automodel>();
      set("scheduler.policy", caf::atom("testing"));
    }
  };

  Config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system, true};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
  std::vector<actors::AgentActor> spawned;
  std::int64_t time = 1'000;

  ActorFixture() {
    Toy::throws_left = 0;
    Toy::decided = 0;
    sched.clock().current_time += std::chrono::hours(1);
  }
  ~ActorFixture() {
    for (auto& agent : spawned) caf::anon_send_exit(agent, caf::exit_reason::kill);
    settle();
    store->lose_queue();
  }

  actors::AgentOptions options(const std::string& stream, actors::JobPool pool = {}) {
    actors::AgentOptions made;
    made.core.stream = stream;
    made.core.now = [this] { return time; };
    made.store = store;
    made.pool = std::move(pool);
    return made;
  }
  actors::AgentActor agent(const std::string& stream, actors::JobPool pool = {}) {
    spawned.push_back(actors::spawn_agent<Toy>(system, options(stream, std::move(pool))));
    return spawned.back();
  }
  void kill(const actors::AgentActor& agent) { caf::anon_send_exit(agent, caf::exit_reason::kill); }
  void introduce(const actors::AgentActor& to, const std::string& name, const actors::CommandActor& whom) {
    caf::anon_send(to, actors::KnowAgent{name, whom});
  }

  /// Runs until nothing is left to do at this moment.
  void run() {
    while (sched.try_run_once()) {
    }
  }
  /// Also lets every timer fire.
  void settle() {
    while (sched.try_run_once() || sched.trigger_timeout()) {
    }
  }

  /// Sends; the answer is fetched by `reply`.
  template <class Handle, class... Args>
  auto ask(const Handle& to, const Args&... args) {
    return self->request(to, caf::infinite, args...);
  }
  /// The answer to `ask`, if it is there now. An error of the runtime (a dead agent) is none.
  template <class Handle>
  std::optional<events::ReplyT> reply(Handle& asked) {
    std::optional<events::ReplyT> found;
    run();
    if (self->mailbox().empty()) return found;
    asked.receive([&](events::ReplyT& answer) { found = std::move(answer); }, [](caf::error&) {});
    return found;
  }
  template <class Handle>
  events::ReplyT command(const Handle& to, const events::CommandT& body) {
    auto asked = ask(to, body);
    auto found = reply(asked);
    BOOST_REQUIRE(found.has_value());
    return *found;
  }
};

}  // namespace automodel::test
