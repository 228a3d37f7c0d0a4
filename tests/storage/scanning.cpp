#include <atomic>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "storage/filter.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

std::uint64_t end() { return ~std::uint64_t{0}; }

/// Events of three streams and two kinds, some of a goal, with a clock that jumps.
void fill(EventStore& store, std::mt19937_64& random, int events) {
  static constexpr std::string_view streams[] = {"a", "a/b", "rare"};
  for (int i = 0; i < events; ++i) {
    AppendRequest request =
        one(std::string(streams[random() % 20 == 0 ? 2 : random() % 2]), std::string(random() % 90, 'x'));
    if (random() % 3 == 0) {
      events::GoalResumedT body;
      body.goal = "goal-2";
      events::EventT event;
      event.body.Set(std::move(body));
      request.events.push_back(std::move(event));
    }
    request.correlation = random() % 2 ? "goal-1" : "goal-2";
    request.time = 1'000'000 + 1000 * i + static_cast<std::int64_t>(random() % 5000) - 2500;
    store.append_async(std::move(request), [](const Result<Appended>& appended) { value(appended); });
  }
  value(store.append(one("a")));  // everything before is committed
}

EventFilter any_filter(std::mt19937_64& random, std::uint64_t last) {
  EventFilter filter;
  if (random() % 2) filter.streams.push_back(random() % 2 ? "rare" : "a");
  if (random() % 4 == 0) filter.streams.push_back(random() % 2 ? "a/b" : "nothing");
  if (random() % 3 == 0)
    filter.kinds.push_back(random() % 2 ? events::EventBody::GoalPaused : events::EventBody::GoalResumed);
  if (random() % 3 == 0) filter.correlation = random() % 2 ? "goal-1" : "goal-3";
  if (random() % 3 == 0) filter.since = 1'000'000 + static_cast<std::int64_t>(random() % 1'000'000);
  if (random() % 3 == 0) filter.before = 1'000'000 + static_cast<std::int64_t>(random() % 1'000'000);
  if (random() % 3 == 0) filter.from = random() % (last + 3);
  if (random() % 3 == 0) filter.until = random() % (last + 3);
  if (random() % 2) filter.limit = random() % 30;
  filter.newest_first = random() % 2;
  return filter;
}

std::vector<std::uint64_t> sequences(const EventStore& store, const EventFilter& filter) {
  std::vector<std::uint64_t> found;
  value(store.read(filter, [&](const events::Recorded& event) {
    found.push_back(event.sequence);
    return true;
  }));
  return found;
}

/// The plain way: every event, one condition after the other.
std::vector<std::uint64_t> expected(const std::vector<events::Recorded>& all, const EventFilter& filter) {
  std::vector<std::uint64_t> found;
  for (const auto& event : all) {
    bool passes = event.sequence >= filter.from && event.sequence <= filter.until;
    if (!filter.streams.empty()) {
      bool named = false;
      for (const auto& stream : filter.streams) named = named || stream == event.stream;
      passes = passes && named;
    }
    if (!filter.kinds.empty()) passes = passes && event.event.body.type == filter.kinds.front();
    if (!filter.correlation.empty()) passes = passes && event.correlation == filter.correlation;
    if (filter.since) passes = passes && event.time >= *filter.since;
    if (filter.before) passes = passes && event.time < *filter.before;
    if (passes) found.push_back(event.sequence);
  }
  if (filter.newest_first) std::reverse(found.begin(), found.end());
  if (filter.limit > 0 && found.size() > filter.limit) found.resize(filter.limit);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scanning)

BOOST_AUTO_TEST_CASE(a_scan_sees_what_reading_sees_field_by_field) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    fill(*store, random, 400);
    std::vector<events::Recorded> all;
    value(store->read_all(1, [&](const events::Recorded& event) {
      all.push_back(event);
      return true;
    }));
    BOOST_REQUIRE(all.size() == store->last_sequence());
    std::size_t next = 0;
    value(store->scan(1, end(), [&](const events::EnvelopeView& view) {
      const auto& event = all.at(next++);
      const auto decoded = value(events::decode(view));
      BOOST_REQUIRE(events::to_json(decoded) == events::to_json(event));
      BOOST_REQUIRE(view.hash->front() == event.hash.front());
      BOOST_REQUIRE((view.payload.size() == events::pack(event.event).size()));
      return true;
    }));
    BOOST_TEST(next == all.size());
    std::uint64_t version = 3;
    value(store->scan_stream("a/b", 3, 9, [&](const events::EnvelopeView& view) {
      BOOST_REQUIRE(view.stream == "a/b");
      BOOST_REQUIRE(view.version == version++);
      return true;
    }));
    BOOST_TEST(version == 10u);
  }
}

BOOST_AUTO_TEST_CASE(records_lie_in_the_store_as_they_are_read) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  std::mt19937_64 random(1);
  fill(*store, random, 200);
  for (const std::size_t size : {1'000u, 3'000u, 9'000u, 70'000u})  // on pages of their own as well
    value(store->append(one("large", std::string(size, 'x'))));
  const auto environment = value(Environment::open(directory.path(), false));
  const auto transaction = value(environment->read());
  auto cursor = value(Cursor::open(transaction, Table::events));
  auto more = cursor.seek({});
  std::size_t seen = 0;
  for (; value(more); more = cursor.next(), ++seen)
    BOOST_REQUIRE(reinterpret_cast<std::uintptr_t>(cursor.value().data()) % 8 == 0);
  BOOST_TEST(seen > 200u);
}

BOOST_AUTO_TEST_CASE(a_scan_has_bounds_and_ends_when_told) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 10; ++i) value(store->append(one("a")));
  const auto seen = [&](std::uint64_t from, std::uint64_t until, std::size_t most) {
    std::vector<std::uint64_t> found;
    value(store->scan(from, until, [&](const events::EnvelopeView& view) {
      found.push_back(view.sequence);
      return found.size() < most;
    }));
    return found;
  };
  using Found = std::vector<std::uint64_t>;
  BOOST_TEST(seen(4, 6, 100) == (Found{4, 5, 6}), boost::test_tools::per_element());
  BOOST_TEST(seen(9, end(), 100) == (Found{9, 10}), boost::test_tools::per_element());
  BOOST_TEST(seen(0, end(), 2) == (Found{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(seen(11, end(), 100).empty());
  BOOST_TEST(seen(5, 4, 100).empty());
}

BOOST_AUTO_TEST_CASE(a_long_scan_lets_the_map_grow) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 3000; ++i) store->append_async(one("a"), [](const Result<Appended>&) {});
  value(store->append(one("a")));
  // While a scan sleeps in its visitor, appends go beyond the first map: growing it waits for the
  // transaction, which ends long before the scan does.
  std::atomic<bool> written{false};
  std::uint64_t scanned = 0;
  std::jthread writer([&] {
    for (int i = 0; i < 50; ++i) value(store->append(one("b", std::string(600'000, 'x'))));
    written = true;
  });
  bool meanwhile = false;
  value(store->scan(1, 3000, [&](const events::EnvelopeView&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    meanwhile = written;
    return ++scanned < 3000 && !meanwhile;
  }));
  BOOST_TEST(meanwhile);
}

BOOST_AUTO_TEST_CASE(a_missing_and_an_exchanged_record_end_a_scan) {
  TemporaryDirectory directory;
  {
    auto store = open_or_throw(directory.path());
    for (int i = 0; i < 6; ++i) value(store->append(one("a")));
  }
  {
    const auto environment = value(Environment::open(directory.path(), false));
    auto transaction = value(environment->write());
    const auto second = *value(transaction.get(Table::events, SequenceKey(2)));
    value(transaction.put(Table::events, SequenceKey(5), events::Bytes(second.begin(), second.end())));
    value(transaction.erase(Table::events, SequenceKey(3)));
    value(transaction.commit());
  }
  auto store = open_or_throw(directory.path());
  const auto all = [](const events::EnvelopeView&) { return true; };
  BOOST_TEST(store->scan(1, end(), all).error().where == "sequence 3");
  BOOST_TEST(store->scan(4, end(), all).error().where == "sequence 5");
  BOOST_TEST(store->scan_stream("a", 4, end(), all).error().where == "sequence 5");
  const auto every = [](const events::Recorded&) { return true; };
  EventFilter backwards;
  backwards.newest_first = true;
  BOOST_TEST(store->read(backwards, every).error().where == "sequence 5");
}

BOOST_AUTO_TEST_CASE(filters_give_what_looking_at_every_event_gives) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    fill(*store, random, 700);
    std::vector<events::Recorded> all;
    value(store->read_all(1, [&](const events::Recorded& event) {
      all.push_back(event);
      return true;
    }));
    for (int i = 0; i < 400; ++i) {
      const EventFilter filter = any_filter(random, all.size());
      BOOST_TEST_CONTEXT("filter " << i) {
        const auto wanted = expected(all, filter);
        BOOST_TEST(sequences(*store, filter) == wanted, boost::test_tools::per_element());
        const EventStore& plain = *store;  // and by the functions that every store has
        std::vector<std::uint64_t> again;
        value(plain.EventStore::read(filter, [&](const events::Recorded& event) {
          again.push_back(event.sequence);
          return true;
        }));
        BOOST_TEST(again == wanted, boost::test_tools::per_element());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_visitor_of_a_filter_may_append) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 40; ++i) value(store->append(one("a")));
  std::size_t seen = 0;
  value(store->read({}, [&](const events::Recorded&) {
    value(store->append(one("b")));
    return ++seen < 1000;
  }));
  BOOST_TEST(seen == 40u);  // what is there when it begins
}

BOOST_AUTO_TEST_SUITE_END()
