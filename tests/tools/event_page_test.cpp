// What a console that asks for events gets.
#include "tools/automodel/event_page.hpp"

#include <boost/test/unit_test.hpp>

#include "storage/memory/query.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage::testing;

namespace {

struct Place {
  TemporaryDirectory directory;
  std::unique_ptr<storage::EventStore> store = open_or_throw(directory.path());

  /// Eight events, one an hour from 2026-11-23T10:00 on, goal-1 and goal-2 in turn.
  Place() {
    for (int i = 0; i < 8; ++i) {
      auto request = one(i % 4 < 2 ? "a" : "b");
      request.correlation = i % 2 ? "goal-2" : "goal-1";
      request.time = *storage::parse_time("2026-11-23T10:00") + i * 3'600'000'000'000;
      value(store->append(std::move(request)));
    }
  }
  events::EventPageT page(const events::ReadEventsT& wish) const { return tools::read_page(*store, wish); }
  std::vector<std::uint64_t> sequences(const events::ReadEventsT& wish) const {
    const auto read = page(wish);
    BOOST_TEST(!read.failure);
    std::vector<std::uint64_t> found;
    for (const auto& record : read.records)
      found.push_back(value(events::decode_envelope(record->bytes)).sequence);
    return found;
  }
};

using Sequences = std::vector<std::uint64_t>;

events::ReadEventsT wish() {
  events::ReadEventsT all;
  all.from = 1;
  all.limit = 100;
  return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_page, Place)

BOOST_AUTO_TEST_CASE(correlation_stream_and_times_narrow_it_and_all_must_hold) {
  auto goal = wish();
  goal.correlation = "goal-2";
  BOOST_TEST((sequences(goal) == Sequences{2, 4, 6, 8}));
  goal.since = "2026-11-23T13:00";
  goal.until = "2026-11-23T17:00";
  BOOST_TEST((sequences(goal) == Sequences{4, 6}));
  goal.stream = "b";
  BOOST_TEST((sequences(goal) == Sequences{4}));
  auto day = wish();
  day.until = "2026-11-23";
  BOOST_TEST(sequences(day).empty());
}

BOOST_AUTO_TEST_CASE(pages_go_on_where_the_last_one_ended) {
  auto goal = wish();
  goal.correlation = "goal-2";
  goal.limit = 3;
  auto first = page(goal);
  BOOST_TEST(first.records.size() == 3u);
  goal.from = first.next;
  BOOST_TEST((sequences(goal) == Sequences{8}));
  goal.from = page(goal).next;
  BOOST_TEST(goal.from == 9u);
  BOOST_TEST(page(goal).next == goal.from);
}

BOOST_AUTO_TEST_CASE(what_is_no_stream_kind_or_time_is_refused_as_by_the_command) {
  const auto code = [&](const events::ReadEventsT& wrong) {
    const auto read = page(wrong);
    return read.failure ? read.failure->code : "";
  };
  auto wrong = wish();
  wrong.since = "yesterday";
  BOOST_TEST(code(wrong) == "usage.time");
  wrong = wish();
  wrong.kind = "GoalPausd";
  BOOST_TEST(code(wrong) == "events.unknown_kind");
  wrong = wish();
  wrong.stream = "aa";
  BOOST_TEST(code(wrong) == "storage.no_such_stream");
}

BOOST_AUTO_TEST_SUITE_END()
