#include "actors/runtime/agent_core.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/runtime/messages.hpp"
#include "fake_store.hpp"
#include "toy.hpp"

using namespace automodel;
using namespace automodel::test;

namespace {

struct Fixture {
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
  std::unique_ptr<actors::AgentCore> core = make();
  std::map<actors::Ticket, events::ReplyT> answers;
  std::optional<Error> died;
  std::deque<std::pair<std::uint64_t, Result<storage::Appended>>> done;

  Fixture() {
    Toy::throws_left = 0;
    store->automatic = false;
    BOOST_REQUIRE(core->recover().has_value());
  }
  std::unique_ptr<actors::AgentCore> make(std::uint64_t snapshot_every = 256) {
    actors::CoreOptions options;
    options.stream = "toy/main";
    options.snapshot_every = snapshot_every;
    options.now = [] { return std::int64_t{1'000}; };
    return std::make_unique<actors::AgentCore>(std::make_unique<actors::MachineOf<Toy>>(), store, options);
  }
  void take(actors::Step step) {
    for (auto& append : step.appends)
      store->append_async(std::move(append.request),
                          [this, id = append.id](auto result) { done.emplace_back(id, std::move(result)); });
    for (auto& answer : step.answers) answers[answer.ticket] = std::move(answer.reply);
    if (step.died) died = step.died;
  }
  void submit(events::CommandT command, actors::Ticket ticket) {
    take(core->submit(std::move(command), ticket));
  }
  void commit() {
    store->commit_next();
    while (!done.empty()) {
      auto [id, result] = std::move(done.front());
      done.pop_front();
      take(core->committed(id, std::move(result)));
    }
  }
  void commit_all() {
    while (store->queued() > 0) commit();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(agent_core)

BOOST_FIXTURE_TEST_CASE(a_reply_waits_until_its_events_are_durable, Fixture) {
  submit(named(add(2), 1), 1);
  BOOST_TEST(answers.empty());
  commit();
  BOOST_TEST(answers.at(1).accepted);
  BOOST_TEST(answers.at(1).version == 1u);
  BOOST_TEST(answers.at(1).subject == "2");
}

BOOST_FIXTURE_TEST_CASE(commands_are_decided_while_commits_are_under_way, Fixture) {
  submit(named(add(2), 1), 1);
  submit(named(add(3), 2), 2);
  BOOST_TEST(store->queued() == 2u);
  commit_all();
  BOOST_TEST(answers.at(2).subject == "5");
  BOOST_TEST(core->durable_version() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_repeated_command_returns_the_stored_reply, Fixture) {
  submit(named(add(2), 1), 1);
  commit_all();
  submit(named(add(3), 2), 2);
  commit_all();
  submit(named(add(2), 1), 3);
  BOOST_TEST(answers.at(3).subject == "2");
  BOOST_TEST(store->count("toy/main") == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_command_repeated_before_its_commit_has_one_effect_and_two_answers, Fixture) {
  submit(named(add(2), 1), 1);
  submit(named(add(2), 1), 2);
  BOOST_TEST(store->queued() == 1u);
  commit_all();
  BOOST_TEST(answers.at(1).subject == "2");
  BOOST_TEST(answers.at(2).subject == "2");
}

BOOST_FIXTURE_TEST_CASE(a_refusal_waits_for_what_it_rests_on, Fixture) {
  submit(named(add(2), 1), 1);
  submit(named(special("refuse"), 2), 2);
  BOOST_TEST(answers.empty());
  commit_all();
  BOOST_TEST(answers.at(2).failure->code == "toy.refused");
  BOOST_TEST(store->count("toy/main") == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_version_conflict_rebuilds_and_decides_again, Fixture) {
  submit(named(add(2), 1), 1);
  submit(named(add(3), 2), 2);
  storage::AppendRequest foreign;
  foreign.stream = "toy/main";
  foreign.events.push_back(Toy::note("add", "4"));
  foreign.events.push_back(Toy::note("add", "6"));
  BOOST_REQUIRE(store->append(foreign).has_value());
  commit_all();
  BOOST_TEST(answers.at(1).subject == "12");
  BOOST_TEST(answers.at(2).subject == "15");
  BOOST_TEST(answers.at(2).version == 4u);
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_refuses_its_command_and_decides_the_next_again, Fixture) {
  submit(named(add(2), 1), 1);
  submit(named(add(3), 2), 2);
  store->fail_next = Error{"storage.full", "no space", {}, {}};
  commit();
  submit(named(add(4), 3), 3);  // while the second is still under way
  commit_all();
  BOOST_TEST(!answers.at(1).accepted);
  BOOST_TEST(answers.at(1).failure->code == "storage.full");
  BOOST_TEST(answers.at(2).subject == "3");
  BOOST_TEST(answers.at(3).subject == "7");
  submit(named(add(2), 1), 4);  // asked again, it is carried out
  commit_all();
  BOOST_TEST(answers.at(4).subject == "9");
}

BOOST_FIXTURE_TEST_CASE(a_command_that_the_store_knows_takes_its_stored_reply, Fixture) {
  submit(named(add(2), 1), 1);
  storage::AppendRequest foreign;
  foreign.stream = "toy/main";
  foreign.sender = "test";
  foreign.number = 1;
  events::ReplyT before;
  before.subject = "earlier";
  before.accepted = true;
  foreign.reply = events::pack(before);
  foreign.events.push_back(Toy::note("add", "10"));
  BOOST_REQUIRE(store->append(foreign).has_value());
  commit_all();
  BOOST_TEST(answers.at(1).subject == "earlier");
  submit(named(add(1), 2), 2);
  commit_all();
  BOOST_TEST(answers.at(2).subject == "11");
}

BOOST_FIXTURE_TEST_CASE(a_throwing_decider_is_answered_and_ends_the_core_after_what_was_before_it, Fixture) {
  Toy::throws_left = 1;
  submit(named(add(2), 1), 1);
  submit(named(special("throw"), 2), 2);
  submit(named(add(5), 3), 3);
  BOOST_TEST(!died);
  commit_all();
  BOOST_TEST(died.has_value());
  BOOST_TEST(answers.at(1).accepted);
  BOOST_TEST(answers.at(2).failure->code == "agents.decider_failed");
  BOOST_TEST(!actors::is_transient(answers.at(2)));
  BOOST_TEST(actors::is_transient(answers.at(3)));
}

BOOST_FIXTURE_TEST_CASE(an_event_that_cannot_be_folded_is_never_written, Fixture) {
  submit(named(special("bad"), 1), 1);
  BOOST_TEST(died.has_value());
  BOOST_TEST(answers.at(1).failure->code == "agents.decider_failed");
  BOOST_TEST(store->queued() == 0u);
}

BOOST_FIXTURE_TEST_CASE(messages_are_numbered_by_version_and_say_what_caused_them, Fixture) {
  submit(named(add(1), 1), 1);
  submit(named(special("send", "other/main"), 2), 2);
  commit_all();
  const auto pending = store->outbox("toy/main");
  BOOST_REQUIRE(pending->size() == 1u);
  const auto& command = *pending->front().message.command;
  BOOST_TEST(command.sender == "toy/main");
  BOOST_TEST(command.number == 2u * 1024u);
  BOOST_TEST(command.causation == "toy/main#2");
}

BOOST_FIXTURE_TEST_CASE(a_decision_without_effect_writes_nothing, Fixture) {
  submit(named(actors::command_of(events::TimePassedT{}), 1, "clock"), 1);
  BOOST_TEST(answers.at(1).accepted);
  BOOST_TEST(store->queued() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_core_starts_from_its_snapshot_and_the_events_after_it, Fixture) {
  core = make(2);
  BOOST_REQUIRE(core->recover().has_value());
  for (std::uint64_t i = 1; i <= 3; ++i) submit(named(add(i), i), i);
  commit();
  BOOST_TEST(!core->due_snapshot());
  commit();
  const auto snapshot = core->due_snapshot();
  BOOST_REQUIRE(snapshot.has_value());
  BOOST_TEST(snapshot->version == 2u);
  BOOST_REQUIRE(store->save_snapshot("toy/main", *snapshot).has_value());
  commit();
  core = make();
  BOOST_REQUIRE(core->recover().has_value());
  BOOST_TEST(core->durable_version() == 3u);
  submit(named(add(1), 9), 9);
  commit_all();
  BOOST_TEST(answers.at(9).subject == "7");
}

BOOST_FIXTURE_TEST_CASE(the_last_snapshot_of_an_agent_that_ends_holds_everything, Fixture) {
  submit(named(add(4), 1), 1);
  BOOST_TEST(!core->last_snapshot());  // nothing is durable yet
  commit();
  BOOST_TEST(!core->due_snapshot());
  const auto snapshot = core->last_snapshot();
  BOOST_REQUIRE(snapshot.has_value());
  BOOST_TEST(snapshot->version == core->durable_version());
  BOOST_TEST(!core->last_snapshot());
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_of_another_schema_or_of_garbage_is_left_aside, Fixture) {
  submit(named(add(4), 1), 1);
  commit_all();
  for (const auto& snapshot : {storage::Snapshot{1, "toy/0", events::pack(Toy::State{})},
                               storage::Snapshot{1, "toy/1", events::Bytes(40, 0xff)}}) {
    BOOST_REQUIRE(store->save_snapshot("toy/main", snapshot).has_value());
    core = make();
    BOOST_REQUIRE(core->recover().has_value());
    submit(named(actors::command_of(events::TimePassedT{}), 1, "clock"), 2);
    BOOST_TEST(answers.at(2).subject == "4");
  }
}

BOOST_AUTO_TEST_SUITE_END()
