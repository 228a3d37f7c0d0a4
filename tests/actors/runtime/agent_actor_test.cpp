#include "actors/runtime/agent_actor.hpp"

#include "actor_fixture.hpp"

using namespace automodel;
using namespace automodel::test;

namespace {

/// A pool that only writes down what it was asked.
struct Asked {
  std::vector<std::string> started, cancelled;
};
actors::JobPool::behavior_type recording_pool(actors::JobPool::pointer, std::shared_ptr<Asked> asked) {
  return {
      [=](actors::start_atom, const std::string&, const events::JobT& job) {
        asked->started.push_back(job.id);
      },
      [=](actors::cancel_atom, const std::string&, const std::string& id) { asked->cancelled.push_back(id); },
      [](actors::list_atom) { return actors::JobViews{}; },
      [](const actors::KnowAgent&) {},
      [](const actors::NewSlot&) {},
      [](std::uint64_t, const events::JobProgressT&) { return true; },
      [](std::uint64_t, const events::JobResultT&) {},
      [](actors::retry_atom, std::uint64_t) {},
      [](actors::stop_atom) { return true; },
  };
}

struct WithPool : ActorFixture {
  std::shared_ptr<Asked> asked = std::make_shared<Asked>();
  actors::JobPool pool = system.spawn(recording_pool, asked);
  ~WithPool() { caf::anon_send_exit(pool, caf::exit_reason::kill); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(agent_actor)

BOOST_FIXTURE_TEST_CASE(a_command_is_answered_after_its_commit, ActorFixture) {
  store->automatic = false;
  auto toy = agent("toy/main");
  auto asked = ask(toy, named(add(3), 1));
  BOOST_TEST(!reply(asked));
  store->commit_all();
  BOOST_TEST(reply(asked).value().subject == "3");
}

BOOST_FIXTURE_TEST_CASE(a_frozen_agent_answers_what_it_decided_returns_the_rest_and_tells_its_version, ActorFixture) {
  store->automatic = false;
  auto toy = agent("toy/main");
  auto decided = ask(toy, named(add(3), 1));
  BOOST_TEST(!reply(decided));
  auto frozen = ask(toy, actors::freeze_atom_v);
  auto late = ask(toy, named(add(4), 2));
  BOOST_TEST(reply(late).value().failure->code == actors::frozen_code);
  store->commit_all();
  BOOST_TEST(reply(decided).value().subject == "3");
  std::uint64_t version = 0;
  run();
  frozen.receive([&](std::uint64_t told) { version = told; }, [](caf::error&) {});
  BOOST_TEST(version == 1);
}

BOOST_FIXTURE_TEST_CASE(an_agent_that_stays_after_all_appends_under_its_new_epoch, ActorFixture) {
  auto toy = agent("toy/main");
  run();
  self->send(toy, actors::unfreeze_atom_v, std::uint64_t{7});
  auto asked = ask(toy, named(add(3), 1));
  BOOST_TEST(reply(asked).value().subject == "3");
  std::uint64_t epoch = 0;
  BOOST_TEST(store->read_stream("toy/main", 1, [&](const events::Recorded& event) {
    epoch = event.epoch;
    return true;
  }).has_value());
  BOOST_TEST(epoch == 7);
}

BOOST_FIXTURE_TEST_CASE(commands_that_arrive_while_history_loads_wait_and_keep_their_order, ActorFixture) {
  auto toy = agent("toy/main");
  auto first = ask(toy, named(add(3), 1));  // in the mailbox before the agent ran for the first time
  auto second = ask(toy, named(add(4), 2));
  run();
  first.receive([](events::ReplyT& r) { BOOST_TEST(r.subject == "3"); },
                [](caf::error&) { BOOST_FAIL("no reply"); });
  second.receive([](events::ReplyT& r) { BOOST_TEST(r.subject == "7"); },
                 [](caf::error&) { BOOST_FAIL("no reply"); });
}

BOOST_FIXTURE_TEST_CASE(a_crash_between_append_and_reply_has_its_effect_once, ActorFixture) {
  store->automatic = false;
  auto toy = agent("toy/main");
  ask(toy, named(add(3), 1));
  run();
  store->commit_next(false);
  kill(toy);
  run();
  BOOST_TEST(self->mailbox().empty());  // whoever asked never hears
  auto again = agent("toy/main");
  BOOST_TEST(command(again, named(add(3), 1)).subject == "3");
  BOOST_TEST(store->count("toy/main") == 1u);
}

BOOST_FIXTURE_TEST_CASE(open_jobs_start_after_the_commit_and_again_after_a_crash, WithPool) {
  store->automatic = false;
  auto toy = agent("toy/main", pool);
  ask(toy, named(special("open", "job-1"), 1));
  run();
  BOOST_TEST(asked->started.empty());
  store->commit_all();
  run();
  BOOST_TEST(asked->started == std::vector<std::string>{"job-1"});
  kill(toy);
  run();
  agent("toy/main", pool);
  run();
  BOOST_TEST((asked->started == std::vector<std::string>{"job-1", "job-1"}));
}

BOOST_FIXTURE_TEST_CASE(a_job_that_is_no_longer_open_is_cancelled_and_not_started_again, WithPool) {
  auto toy = agent("toy/main", pool);
  command(toy, named(special("open", "job-1"), 1));
  command(toy, named(special("close", "job-1"), 2));
  run();
  BOOST_TEST(asked->cancelled == std::vector<std::string>{"job-1"});
  command(toy, named(add(1), 3));
  BOOST_TEST(asked->started.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_message_waits_for_a_target_that_is_not_there_yet, ActorFixture) {
  auto sender = agent("sender/main");
  command(sender, named(special("send", "toy/main"), 1));
  BOOST_TEST(store->outbox("sender/main")->size() == 1u);
  auto toy = agent("toy/main");
  introduce(sender, "toy/main", toy);
  run();
  BOOST_TEST(store->count("toy/main") == 1u);
  BOOST_TEST(store->outbox("sender/main")->empty());
}

BOOST_FIXTURE_TEST_CASE(a_message_whose_acknowledgement_was_lost_has_its_effect_once, ActorFixture) {
  auto toy = agent("toy/main");
  auto sender = agent("sender/main");
  command(sender, named(special("send", "toy/main"), 1));
  const auto message = *store->outbox("sender/main")->front().message.command;
  command(toy, message);  // it arrived, and the sender crashed before it heard
  kill(sender);
  run();
  auto again = agent("sender/main");
  introduce(again, "toy/main", toy);
  run();
  BOOST_TEST(store->count("toy/main") == 1u);
  BOOST_TEST(store->outbox("sender/main")->empty());
}

BOOST_FIXTURE_TEST_CASE(a_refused_message_is_not_sent_for_ever, ActorFixture) {
  Toy::throws_left = 0;
  auto sender = agent("sender/main");
  storage::AppendRequest
      request;  // a message that its target refuses: the result of a job that it never opened
  request.stream = "sender/main";
  request.expected = storage::Expected::none();
  request.events.push_back(Toy::note("add", "1"));
  events::JobFinishedT finished;
  finished.result = std::make_unique<events::JobResultT>();
  finished.result->job = "never";
  auto message = actors::message_to("toy/main", std::move(finished));
  message.command->sender = "sender/main";
  message.command->number = 1024;
  request.outbox.push_back(std::move(message));
  BOOST_REQUIRE(store->append(std::move(request)).has_value());
  auto toy = agent("toy/main");
  introduce(sender, "toy/main", toy);
  run();
  BOOST_TEST(store->outbox("sender/main")->empty());
  BOOST_TEST(store->count("toy/main") == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_message_to_an_agent_whose_disk_is_full_is_sent_again, ActorFixture) {
  auto toy = agent("toy/main");
  auto sender = agent("sender/main");
  command(sender, named(special("send", "toy/main"), 1));
  store->fail_next = Error{"storage.full", "no space", {}, {}};
  introduce(sender, "toy/main", toy);
  run();
  BOOST_TEST(store->count("toy/main") == 0u);
  BOOST_TEST(store->outbox("sender/main")->size() == 1u);
  sched.advance_time(std::chrono::seconds(1));
  run();
  BOOST_TEST(store->count("toy/main") == 1u);
  BOOST_TEST(store->outbox("sender/main")->empty());
}

BOOST_FIXTURE_TEST_CASE(a_stopping_agent_finishes_what_it_decided_and_takes_nothing_new, ActorFixture) {
  store->automatic = false;
  auto toy = agent("toy/main");
  auto first = ask(toy, named(add(3), 1));
  run();
  caf::anon_send(toy, actors::stop_atom_v);
  run();
  auto late = ask(toy, named(add(4), 2));
  BOOST_TEST(reply(late).value().failure->code == "runtime.stopping");
  store->commit_all();
  BOOST_TEST(reply(first).value().subject == "3");
  const auto snapshot = store->load_snapshot("toy/main").value();
  BOOST_REQUIRE(snapshot.has_value());
  BOOST_TEST(snapshot->version == store->stream_version("toy/main").value());
}

BOOST_AUTO_TEST_SUITE_END()
