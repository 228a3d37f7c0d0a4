// What its schema requires of a value is there, or the value is refused: when it is packed, and when it is
// read.
#include "events/parts.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/events/any_table.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;
using namespace automodel::events;
using namespace automodel::events::testing;

namespace {

constexpr int rounds = 40;

WorkT work() {
  WorkT made;
  made.id = "work-1";
  made.proposal = std::make_unique<ProposalT>();
  made.context = std::make_unique<CycleContextT>();
  made.context->goal = some_goal();
  return made;
}

EventT assigned(const WorkT& what) {
  WorkAssignedT body;
  body.work = std::make_unique<WorkT>(what);
  body.decision = some_event();
  EventT event;
  event.body.Set(std::move(body));
  return event;
}

/// What the value is refused for.
template <class T>
std::string lacks(const T& value) {
  const auto packed = pack_whole(value);
  const auto read = unpack<T>(pack(value));
  BOOST_TEST(packed.has_value() == read.has_value());
  if (packed || read) return {};
  BOOST_TEST(packed.error().code == "events.incomplete");
  BOOST_TEST(read.error().code == "events.malformed");
  BOOST_TEST(packed.error().message == read.error().message);
  return packed.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parts)

BOOST_AUTO_TEST_CASE(an_event_with_all_its_parts_is_packed_as_ever) {
  const EventT event = assigned(work());
  BOOST_TEST(lacks(event) == "");
  BOOST_TEST((*pack_whole(event) == pack(event)));
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named_by_the_way_to_it) {
  WorkT sparse = work();
  sparse.proposal.reset();
  BOOST_TEST(lacks(assigned(sparse)) == "a part is missing: WorkAssigned.work.proposal");
  sparse = work();
  sparse.context->goal->data.reset();
  BOOST_TEST(lacks(assigned(sparse)) == "a part is missing: WorkAssigned.work.context.goal.data");
  OutboxMessageT message;
  BOOST_TEST(lacks(message) == "a part is missing: OutboxMessage.command");
  message.command = std::make_unique<CommandT>();
  AssignWorkT body;
  body.work = std::make_unique<WorkT>(sparse);
  message.command->body.Set(std::move(body));
  BOOST_TEST(lacks(message) == "a part is missing: AssignWork.work.context.goal.data");
  AutoFeatureStateT state;
  state.works.push_back(std::make_unique<FeatureWorkT>());
  BOOST_TEST(lacks(state) == "a part is missing: AutoFeatureState.works[0].work");
}

BOOST_AUTO_TEST_CASE(a_kind_without_its_value_is_refused_whatever_the_kind) {
  for (const auto kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    EventT event;
    event.body.type = kind;
    const auto packed = pack_whole(event);
    BOOST_REQUIRE(!packed);
    BOOST_TEST(packed.error().code == "events.incomplete");
    BOOST_TEST(unpack<EventT>(pack(event)).error().code == "events.malformed");
    EventT copy = event;
    BOOST_TEST((copy.body.type == kind && copy.body.value == nullptr));
  }
  for (const auto kind : EnumValuesCommandBody()) {
    if (kind == CommandBody::NONE) continue;
    OutboxMessageT message;  // further down in what is packed
    message.command = std::make_unique<CommandT>();
    message.command->body.type = kind;
    BOOST_TEST(pack_whole(message).error().code == "events.incomplete");
  }
}

BOOST_AUTO_TEST_CASE(what_an_event_need_not_have_may_be_missing) {
  WorkFinishedT body;
  body.work = "work-1";
  EventT event;
  event.body.Set(std::move(body));
  BOOST_TEST(lacks(event) == "");
}

BOOST_AUTO_TEST_CASE(any_event_is_read_exactly_when_it_has_all_its_parts) {
  const auto seed = std::random_device{}();
  AnyTable any(seed);
  any.leave_out(30, 10);
  std::size_t whole = 0, refused = 0;
  for (const EventBody kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    BOOST_TEST_CONTEXT("kind " << kind_name(kind) << ", seed " << seed)
    for (int i = 0; i < rounds; ++i) {
      any.lacked();
      const Bytes payload = any.payload(kind);
      const bool lacked = any.lacked();
      const auto event = unpack<EventT>(payload);
      BOOST_TEST(event.has_value() == !lacked);
      BOOST_TEST(view_event(payload).has_value() == !lacked);
      (lacked ? refused : whole) += 1;
      if (event) BOOST_TEST(pack_whole(*event).has_value());
      if (!event)
        BOOST_TEST(
            event.error().message.starts_with("a part is missing: " + std::string(kind_name(kind)) + "."));
    }
  }
  BOOST_TEST(whole > 0u);
  BOOST_TEST(refused > 0u);
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_searched_without_a_crash) {
  const auto seed = std::random_device{}();
  AnyTable any(seed);
  any.leave_out(30, 10);
  std::size_t found = 0;
  for (const EventBody kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    BOOST_TEST_CONTEXT("kind " << kind_name(kind) << ", seed " << seed)
    for (int i = 0; i < rounds; ++i) {
      Bytes payload = any.payload(kind);
      for (int flips = 0; flips < 3; ++flips)
        payload[any.number() % payload.size()] ^= static_cast<std::uint8_t>(1 + any.number() % 255);
      if (i % 4 == 0) payload.resize(8 + any.number() % (payload.size() - 7));
      const auto named = detail::missing_part(payload, EventTypeTable(), "Event");
      found += !named.empty();
      if (!named.empty()) BOOST_TEST(!unpack<EventT>(payload).has_value());
    }
  }
  BOOST_TEST(found > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
