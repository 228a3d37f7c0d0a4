#include <boost/test/unit_test.hpp>

#include "tests/events/some_parts.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

struct Store {
  TemporaryDirectory directory;
  std::unique_ptr<EventStore> store = open_or_throw(directory.path());
  void reopen() {
    store.reset();
    store = open_or_throw(directory.path());
  }
};

AppendRequest command(std::uint64_t number, const std::string& goal) {
  AppendRequest request = one("coordinator/main", goal);
  request.sender = "console";
  request.number = number;
  request.reply = {1, 2, static_cast<std::uint8_t>(number)};
  return request;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(append, Store)

BOOST_AUTO_TEST_CASE(events_come_back_as_they_were_appended) {
  AppendRequest request = one("autotrain/main", "goal-1");
  request.events.push_back(paused("goal-2"));
  request.correlation = "goal-1";
  request.causation = "coordinator/main#17";
  const Appended appended = value(store->append(std::move(request)));
  BOOST_TEST(appended.first_sequence == 1u);
  BOOST_TEST(appended.last_sequence == 2u);
  BOOST_TEST(appended.version == 2u);
  BOOST_TEST(!appended.repeated);
  reopen();
  std::vector<events::Recorded> found;
  value(store->read_stream("autotrain/main", 1, [&](const events::Recorded& event) {
    found.push_back(
        value(events::decode_envelope(events::encode_envelope(event, events::pack(event.event)))));
    return true;
  }));
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(goal_of(found[1]) == "goal-2");
  BOOST_TEST(found[1].version == 2u);
  BOOST_TEST(found[1].time == 1'764'000'000'000'000'000);
  BOOST_TEST(found[1].correlation == "goal-1");
  BOOST_TEST(found[1].causation == "coordinator/main#17");
  BOOST_TEST(found[1].origin_node == "local");
  BOOST_TEST(found[1].origin_sequence == 2u);
  BOOST_TEST((found[1].previous_hash == found[0].hash));
  BOOST_TEST(store->last_sequence() == 2u);
  BOOST_TEST(goal_of(*value(store->find("autotrain/main", 2))) == "goal-2");
  BOOST_TEST(!value(store->find("autotrain/main", 3)).has_value());
  BOOST_TEST((value(store->streams()) == std::vector<std::string>{"autotrain/main"}));
}

BOOST_AUTO_TEST_CASE(a_version_conflict_names_the_actual_version_and_writes_nothing) {
  value(store->append(one("a", "1")));
  value(store->append(one("a", "2")));
  const auto refused = store->append(one("a", "3", Expected::exactly(1)));
  BOOST_TEST(code_of(refused) == "storage.version_conflict");
  BOOST_TEST(refused.error().message == "stream 'a' is at version 2, expected 1");
  BOOST_TEST(store->last_sequence() == 2u);
  BOOST_TEST(value(store->append(one("a", "3", Expected::exactly(2)))).version == 3u);
}

BOOST_AUTO_TEST_CASE(none_exists_and_any_hold_where_they_should) {
  BOOST_TEST(code_of(store->append(one("a", "1", Expected::exists()))) == "storage.version_conflict");
  BOOST_TEST(code_of(store->append(one("a", "1", Expected::exactly(1)))) == "storage.version_conflict");
  value(store->append(one("a", "1", Expected::none())));
  BOOST_TEST(code_of(store->append(one("a", "2", Expected::none()))) == "storage.version_conflict");
  value(store->append(one("a", "2", Expected::exists())));
  value(store->append(one("a", "3", Expected::any())));
  BOOST_TEST(value(store->stream_version("a")) == 3u);
  BOOST_TEST(value(store->stream_version("b")) == 0u);
}

BOOST_AUTO_TEST_CASE(a_repeated_command_returns_the_stored_reply_and_writes_nothing) {
  value(store->append(command(1, "first")));
  value(store->append(command(2, "second")));
  reopen();
  AppendRequest again = command(1, "something else");
  again.reply = {9, 9};
  again.expected = Expected::exactly(77);  // not even looked at
  const Appended repeated = value(store->append(std::move(again)));
  BOOST_TEST(repeated.repeated);
  BOOST_TEST((repeated.reply == events::Bytes{1, 2, 1}));
  BOOST_TEST(repeated.first_sequence == 1u);
  BOOST_TEST(repeated.version == 1u);
  BOOST_TEST(store->last_sequence() == 2u);
  BOOST_TEST((value(store->find_reply("coordinator/main", "console", 2)) == events::Bytes{1, 2, 2}));
  BOOST_TEST(!value(store->find_reply("coordinator/main", "console", 3)).has_value());
  BOOST_TEST(!value(store->find_reply("other/main", "console", 2)).has_value());
}

BOOST_AUTO_TEST_CASE(a_command_without_events_still_has_its_reply_stored) {
  AppendRequest refused = command(5, "");
  refused.events.clear();
  const Appended appended = value(store->append(std::move(refused)));
  BOOST_TEST(appended.last_sequence == 0u);
  BOOST_TEST(appended.version == 0u);
  BOOST_TEST(value(store->append(command(5, "late"))).repeated);
  BOOST_TEST(store->last_sequence() == 0u);
}

BOOST_AUTO_TEST_CASE(an_append_of_a_lower_epoch_is_fenced) {
  value(store->append(one("a")));
  BOOST_TEST(value(store->epoch("a")) == 1u);
  value(store->raise_epoch("a", 3));
  reopen();
  BOOST_TEST(value(store->epoch("a")) == 3u);
  AppendRequest old = one("a");
  old.epoch = 2;
  const auto fenced = store->append(std::move(old));
  BOOST_TEST(code_of(fenced) == "storage.fenced");
  BOOST_TEST(store->last_sequence() == 1u);
  AppendRequest owner = one("a");
  owner.epoch = 3;
  value(store->append(std::move(owner)));
  BOOST_TEST(code_of(store->raise_epoch("a", 2)) == "storage.fenced");
  BOOST_TEST(value(store->epoch("a")) == 3u);
  value(store->raise_epoch("b", 2));  // before its first event
  BOOST_TEST(code_of(store->append(one("b"))) == "storage.fenced");
}

BOOST_AUTO_TEST_CASE(the_outbox_survives_reopening_until_it_is_acknowledged) {
  AppendRequest request = one("coordinator/main");
  for (std::uint64_t number = 1; number <= 3; ++number)
    request.outbox.push_back(message_to("autotrain/main", number));
  value(store->append(std::move(request)));
  reopen();
  const auto pending = value(store->outbox("coordinator/main"));
  BOOST_REQUIRE(pending.size() == 3u);
  BOOST_TEST(pending[0].message.command->number == 1u);
  BOOST_TEST(pending[0].message.target == "autotrain/main");
  BOOST_TEST(pending[0].stream == "coordinator/main");
  BOOST_TEST(pending[2].id > pending[1].id);
  value(store->acknowledge("coordinator/main", pending[1].id));
  value(store->acknowledge("coordinator/main", pending[1].id));  // twice is as once
  reopen();
  BOOST_TEST(value(store->outbox("coordinator/main")).size() == 2u);
  BOOST_TEST(value(store->outbox("autotrain/main")).empty());
  AppendRequest later = one("coordinator/main");
  later.outbox.push_back(message_to("autoperf/main", 4));
  value(store->append(std::move(later)));
  BOOST_TEST(value(store->outbox("coordinator/main")).back().id > pending[2].id);
}

BOOST_AUTO_TEST_CASE(a_request_that_cannot_be_stored_is_refused_before_it_is_written) {
  AppendRequest empty = one("a");
  empty.events.emplace_back();
  BOOST_TEST(code_of(store->append(std::move(empty))) == "storage.bad_request");
  BOOST_TEST(code_of(store->append(one(""))) == "storage.bad_request");
  BOOST_TEST(code_of(store->append(one(std::string(241, 'x')))) == "storage.bad_request");
  BOOST_TEST(code_of(store->append(one(std::string("a\0b", 3)))) == "storage.bad_request");
  AppendRequest nobody = one("a");
  nobody.outbox.emplace_back();
  BOOST_TEST(code_of(store->append(std::move(nobody))) == "storage.bad_request");
  BOOST_TEST(store->last_sequence() == 0u);
  value(store->append(one(std::string(240, 'x'))));
}

BOOST_AUTO_TEST_CASE(streams_whose_names_begin_alike_are_kept_apart) {
  for (const char* stream : {"a", "a/b", "ab", "a"}) value(store->append(one(stream, stream)));
  std::size_t seen = 0;
  value(store->read_stream("a", 1, [&](const events::Recorded& event) {
    BOOST_TEST(event.stream == "a");
    ++seen;
    return true;
  }));
  BOOST_TEST(seen == 2u);
}

BOOST_AUTO_TEST_CASE(a_visitor_can_stop_and_can_append) {
  for (int i = 0; i < 5; ++i) value(store->append(one("a", std::to_string(i))));
  std::uint64_t seen = 0;
  value(store->read_all(2, [&](const events::Recorded& event) {
    value(store->append(one("b")));
    seen = event.sequence;
    return event.sequence < 4;
  }));
  BOOST_TEST(seen == 4u);
  BOOST_TEST(store->last_sequence() == 8u);
}

BOOST_AUTO_TEST_CASE(what_lacks_a_part_is_refused_with_its_name_and_leaves_the_store_as_it_was) {
  value(store->append(one("coordinator/main", "goal-1")));
  AppendRequest sparse = one("coordinator/main", "goal-2");
  events::WorkAssignedT assigned;
  assigned.decision = events::testing::some_event();
  assigned.work = std::make_unique<events::WorkT>();
  assigned.work->context = std::make_unique<events::CycleContextT>();
  assigned.work->context->goal = events::testing::some_goal();
  sparse.events.emplace_back().body.Set(std::move(assigned));
  const auto refused = store->append(std::move(sparse));
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == "storage.bad_request");
  BOOST_TEST(refused.error().message == "a part is missing: WorkAssigned.work.proposal");
  AppendRequest sends = one("coordinator/main", "goal-2");
  sends.outbox.push_back(message_to("autotrain/main", 1));
  sends.outbox.back().command->body.Set(events::AssignWorkT());
  const auto unsent = store->append(std::move(sends));
  BOOST_REQUIRE(!unsent);
  BOOST_TEST(unsent.error().message == "a part is missing: AssignWork.work");
  BOOST_TEST(store->last_sequence() == 1u);
  value(store->append(one("coordinator/main", "goal-2")));
  reopen();
  BOOST_TEST(store->last_sequence() == 2u);
  BOOST_TEST(value(store->outbox("coordinator/main")).empty());
  BOOST_TEST(value(store->verify()) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
