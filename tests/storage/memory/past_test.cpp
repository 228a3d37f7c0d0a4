#include "storage/memory/past.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "history.hpp"
#include "storage/memory/query.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// Five events, at these seconds after 2026-11-23T05:00:00Z.
HistoryStore five(const std::vector<std::int64_t>& seconds) {
  const auto start = *parse_time("2026-11-23T05:00");
  History history;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    events::GoalPausedT paused;
    paused.goal = "goal-1";
    history.add("coordinator/main", paused);
    history.set_time(i + 1, start + seconds[i] * second);
  }
  return HistoryStore(std::move(history));
}

std::uint64_t sequence_at(const EventStore& store, const std::string& text) {
  const auto moment = moment_of(store, text);
  BOOST_REQUIRE_MESSAGE(moment, (moment ? "" : to_string(moment.error())));
  return moment->sequence;
}

events::Hash256 digest_of(const RowReader& rows) { return digest(*memory_projection(), rows); }

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_as_it_was)

BOOST_AUTO_TEST_CASE(a_sequence_names_its_event_and_0_the_time_before_all) {
  const auto store = five({1, 2, 3, 4, 5});
  BOOST_TEST(sequence_at(store, "3") == 3u);
  BOOST_TEST(moment_of(store, "3")->time == *parse_time("2026-11-23T05:00:03"));
  BOOST_TEST(sequence_at(store, "0") == 0u);
  const auto beyond = moment_of(store, "6");
  BOOST_REQUIRE(!beyond);
  BOOST_TEST(beyond.error().code == "memory.no_such_event");
  BOOST_TEST(beyond.error().hint == "events are numbered from 1 to 5");
}

BOOST_AUTO_TEST_CASE(a_time_names_all_that_was_recorded_by_then) {
  const auto store = five({10, 20, 30, 40, 50});
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:30") == 3u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:30Z") == 3u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:29.999999999") == 2u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:30.0") == 3u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:01") == 5u);
  BOOST_TEST(sequence_at(store, "2026-11-23T04:59") == 0u);
}

BOOST_AUTO_TEST_CASE(a_time_to_the_second_stands_for_all_of_it) {
  auto history = History();
  for (int i = 1; i <= 2; ++i) history.add("coordinator/main", events::GoalPausedT{});
  const auto start = *parse_time("2026-11-23T05:00:07");
  history.set_time(1, start + 250'000'000);
  history.set_time(2, start + second);
  const HistoryStore store(std::move(history));
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:07") == 1u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:07.25") == 1u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:07.2") == 0u);
}

BOOST_AUTO_TEST_CASE(where_the_clock_went_back_the_last_event_by_then_counts) {
  // For one event the clock was an hour ahead; then it fell back further than it should have.
  const auto store = five({10, 3600, 20, 5, 30});
  const auto moment = moment_of(store, "2026-11-23T05:00:20");
  BOOST_REQUIRE(moment);
  BOOST_TEST(moment->sequence == 4u);  // recorded at 5 s, committed after the one at 20 s
  BOOST_TEST(moment->later == 1u);     // the one from an hour ahead
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:30") == 5u);
  BOOST_TEST(sequence_at(store, "2026-11-23T05:00:04") == 0u);
}

BOOST_AUTO_TEST_CASE(whatever_clocks_did_a_time_names_all_that_was_recorded_by_then_and_never_less_later) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 50; ++run) {
    std::vector<std::int64_t> seconds(1 + random() % 12);
    for (auto& one : seconds) one = static_cast<std::int64_t>(random() % 60);
    const auto store = five(seconds);
    std::uint64_t before = 0;
    for (int asked = 0; asked < 60; ++asked) {
      char text[32];
      std::snprintf(text, sizeof text, "2026-11-23T05:00:%02d", asked);
      const auto until = sequence_at(store, text);
      std::uint64_t last = 0;
      for (std::size_t i = 0; i < seconds.size(); ++i)
        if (seconds[i] <= asked) last = i + 1;
      BOOST_TEST(until == last);
      BOOST_TEST(until >= before);
      before = until;
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_moment_is_refused_in_one_line) {
  const auto store = five({1});
  for (const char* text : {"", "yesterday", "2026-11-23", "2026-11-23T25:00", "2026-11-23T05:00+01:00",
                           "-10m", "1.5", "2026-11-23T05:00:07.", "2026-11-23T05:00.5",
                           "2026-11-23T05:00:07.1234567890", "2026-11-23T05:00ZZ", "99999999999999999999"}) {
    const auto moment = moment_of(store, text);
    BOOST_REQUIRE_MESSAGE(!moment, text);
    BOOST_TEST(moment.error().code == "usage.moment", text);
    BOOST_TEST(to_string(moment.error()).find('\n') == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(memory_at_each_moment_is_that_of_the_events_up_to_it) {
  const HistoryStore store(small_goal());
  const auto all = small_goal().events();
  for (std::size_t until = 0; until <= all.size(); until += 7) {
    const auto past = memory_at(store, until);
    BOOST_REQUIRE(past);
    BOOST_TEST(past->events == until);
    const auto expected = fold({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(until)});
    BOOST_TEST((digest_of(*past->rows) == digest_of(*expected)));
  }
  BOOST_TEST(memory_at(store, all.size() + 1).error().code == "memory.no_such_event");
}

BOOST_AUTO_TEST_CASE(whoever_waits_sees_how_far_it_is_and_can_end_it) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  AppendRequest many = one("coordinator/main");
  while (many.events.size() < 5000) many.events.push_back(many.events.front());
  value(store->append(many));
  value(store->append(many));
  std::vector<std::string> seen;
  const Watch look = [&](const Progress& progress) {
    seen.push_back(std::string(progress.what) + " " + std::to_string(progress.done) + " of " +
                   std::to_string(progress.total) + " " + std::string(progress.unit));
    return true;
  };
  const auto moment = value(moment_of(*store, "2026-11-23T05:00", look));
  BOOST_TEST((seen == std::vector<std::string>{"looking for the time 4096 of 10000 events",
                                               "looking for the time 8192 of 10000 events"}));
  seen.clear();
  BOOST_TEST(value(memory_at(*store, moment.sequence, look)).events == 10000u);
  BOOST_TEST((seen == std::vector<std::string>{"rebuilding memory 4096 of 10000 events",
                                               "rebuilding memory 8192 of 10000 events"}));
  const Watch stop = [](const Progress& progress) { return progress.done < 8192; };
  BOOST_TEST(code_of(moment_of(*store, "2026-11-23T05:00", stop)) == "storage.interrupted");
  BOOST_TEST(code_of(memory_at(*store, 10000, stop)) == "storage.interrupted");
  value(store->attach(memory_projection()));
  BOOST_TEST(code_of(replay(*store, stop)) == "storage.interrupted");
  BOOST_TEST(value(replay(*store, look)).match);
  BOOST_TEST(seen.back().starts_with("verifying the chain"));
}

BOOST_AUTO_TEST_CASE(past_rows_answer_the_same_questions) {
  const HistoryStore store(small_goal());
  const auto past = memory_at(store, store.last_sequence());
  const auto query = parse_query("trials status=finished sort=-auc");
  BOOST_REQUIRE(past);
  BOOST_TEST((*run_query(*query, *past->rows) == *run_query(*query, stored_memory(store).rows())));
  const auto nothing = memory_at(store, 0);
  BOOST_TEST(run_query(*query, *nothing->rows)->empty());
  for (const auto& [table, count] : row_counts(*nothing->rows)) BOOST_TEST(count == 0u, table);
  for (const auto& [table, count] : row_counts(*past->rows)) BOOST_TEST(count > 0u, table);
}

BOOST_AUTO_TEST_SUITE_END()
