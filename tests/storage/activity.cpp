// What a running store says of itself.
#include "storage/activity.hpp"

#include <boost/test/unit_test.hpp>

#include "storage/subscription.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

BOOST_AUTO_TEST_SUITE(activity)

BOOST_AUTO_TEST_CASE(a_distribution_counts_each_number_in_the_first_bucket_that_takes_it) {
  Distribution some{{1, 2, 4}};
  for (const double value : {0.5, 1.0, 1.5, 4.0, 4.5, 100.0}) some.add(value);
  BOOST_TEST((some.counts() == std::vector<std::uint64_t>{2, 1, 1, 2}));
  BOOST_TEST(some.count() == 6u);
  BOOST_TEST(some.sum() == 111.5);
}

BOOST_AUTO_TEST_CASE(appends_are_counted_by_their_answers) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  AppendRequest two = one("a");
  two.events.push_back(paused("goal-2"));
  two.sender = "console";
  two.number = 1;
  value(store->append(two));
  value(store->append(two));
  value(store->append(one("b")));
  BOOST_TEST(code_of(store->append(one("b", "goal-1", Expected::none()))) == "storage.version_conflict");
  BOOST_TEST(code_of(store->append(one(""))) == "storage.bad_request");
  const StoreActivity did = value(activity_of(*store)).value();
  BOOST_TEST(did.appends == 2u);
  BOOST_TEST(did.events == 3u);
  BOOST_TEST(did.repeated == 1u);
  BOOST_TEST(did.refused == 2u);
  BOOST_TEST(did.failed == 0u);
}

BOOST_AUTO_TEST_CASE(commits_are_counted_with_their_writes_and_their_time) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 100; ++i)
    store->append_async(one("a"), [](const Result<Appended>& appended) { value(appended); });
  value(store->append(one("a")));
  const WriterActivity writer = value(activity_of(*store)).value().writer;
  BOOST_TEST(writer.writes.count() >= 1u);
  BOOST_TEST(writer.writes.count() <= 101u);
  BOOST_TEST(writer.writes.sum() == 101);
  BOOST_TEST(writer.seconds.count() == writer.writes.count());
  BOOST_TEST(writer.seconds.sum() > 0);
  BOOST_TEST(writer.failed == 0u);
  BOOST_TEST(writer.queued == 0u);
}

BOOST_AUTO_TEST_CASE(subscribers_come_and_go) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const auto subscribers = [&] { return value(activity_of(*store)).value().subscribers; };
  BOOST_TEST(subscribers() == 0u);
  {
    const auto listening = store->on_commit([](std::uint64_t) {});
    const auto following = subscribe(*store, 0, [](const events::Recorded&) { return Result<void>(); });
    BOOST_TEST(subscribers() == 2u);
  }
  BOOST_TEST(subscribers() == 0u);
}

BOOST_AUTO_TEST_CASE(whoever_only_reads_has_no_activity) {
  TemporaryDirectory directory;
  value(open_or_throw(directory.path())->append(one("a")));
  StoreOptions reading;
  reading.read_only = true;
  BOOST_TEST(!value(activity_of(*open_or_throw(directory.path(), reading))));
}

BOOST_AUTO_TEST_SUITE_END()
