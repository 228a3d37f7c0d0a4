#include "storage/subscription.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

constexpr std::chrono::seconds long_enough{60};

/// Whether sequences came without a gap and without a repeat; the handler's thread writes, others may read
/// after `wait_for`.
struct Seen {
  std::atomic<std::uint64_t> last{0};
  std::atomic<bool> in_order{true};
  Result<void> operator()(const events::Recorded& event) {
    if (event.sequence != last.load() + 1) in_order = false;
    last = event.sequence;
    return {};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(subscriptions)

BOOST_AUTO_TEST_CASE(a_subscription_catches_up_and_then_follows) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 5; ++i) value(store->append(one("a")));
  Seen seen;
  seen.last = 2;
  const auto subscription = subscribe(*store, 2, [&](const events::Recorded& event) { return seen(event); });
  value(subscription->wait_for(5, long_enough));
  for (int i = 0; i < 5; ++i) value(store->append(one("a")));
  value(subscription->wait_for(10, long_enough));
  BOOST_TEST(seen.in_order.load());
  BOOST_TEST(seen.last.load() == 10u);
  BOOST_TEST(subscription->position() == 10u);
  BOOST_TEST(code_of(subscription->wait_for(11, std::chrono::milliseconds(1))) == "storage.timeout");
}

BOOST_AUTO_TEST_CASE(many_writers_and_late_subscribers_no_gap_and_no_repeat) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  constexpr std::uint64_t writers = 4, appends = 60, all = writers * appends;
  std::vector<std::unique_ptr<Seen>> seen;
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < writers; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < appends; ++i) value(store->append(one("s/" + std::to_string(t))));
      });
    for (int i = 0; i < 6; ++i) {
      seen.push_back(std::make_unique<Seen>());
      SubscriptionOptions options;
      options.batch_events = i % 2 ? 1 : 7;
      subscriptions.push_back(subscribe(
          *store, 0, [&one_seen = *seen.back()](const events::Recorded& event) { return one_seen(event); },
          options));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    value(subscriptions[i]->wait_for(all, long_enough));
    BOOST_TEST(seen[i]->in_order.load());
    BOOST_TEST(seen[i]->last.load() == all);
  }
}

BOOST_AUTO_TEST_CASE(a_slow_subscriber_holds_up_nobody) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  std::latch inside(1), release(1);
  const auto subscription = subscribe(*store, 0, [&](const events::Recorded& event) -> Result<void> {
    if (event.sequence == 1) {
      inside.count_down();
      release.wait();
    }
    return {};
  });
  value(store->append(one("a")));
  inside.wait();
  // The map doubles several times meanwhile: no read transaction is open.
  for (int i = 0; i < 60; ++i) value(store->append(one("a", std::string(600'000, 'x'))));
  BOOST_TEST(subscription->position() == 0u);
  release.count_down();
  value(subscription->wait_for(61, long_enough));
}

BOOST_AUTO_TEST_CASE(a_handler_may_append) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  const auto subscription = subscribe(*store, 0, [&](const events::Recorded& event) -> Result<void> {
    if (event.sequence >= 20) return {};
    const auto appended = store->append(one("echo"));
    return appended ? Result<void>() : fail(appended.error());
  });
  value(store->append(one("a")));
  value(subscription->wait_for(20, long_enough));
  value(subscription->status());
}

BOOST_AUTO_TEST_CASE(destruction_waits_for_the_handler_and_then_nothing_comes) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 100; ++i) store->append_async(one("a"), [](const Result<Appended>&) {});
  value(store->append(one("a")));
  std::latch inside(1);
  std::atomic<int> running{0}, calls{0};
  auto subscription = subscribe(*store, 0, [&](const events::Recorded&) -> Result<void> {
    ++running;
    if (++calls == 3) inside.count_down();
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    --running;
    return {};
  });
  inside.wait();
  subscription.reset();
  BOOST_TEST(running.load() == 0);
  const int until_then = calls.load();
  BOOST_TEST(until_then < 101);
  value(store->append(one("a")));
  BOOST_TEST(calls.load() == until_then);
}

BOOST_AUTO_TEST_CASE(a_handler_may_end_its_own_subscription) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  struct Shared {      // outlives the test: the handler returns after it has told
    std::mutex mutex;  // the handler must not run before the handle is there
    std::promise<void> ended;
    std::unique_ptr<Subscription> subscription;
  };
  const auto shared = std::make_shared<Shared>();
  {
    const std::lock_guard lock(shared->mutex);
    shared->subscription = subscribe(*store, 0, [shared](const events::Recorded&) -> Result<void> {
      const std::lock_guard inner(shared->mutex);
      shared->subscription.reset();
      shared->ended.set_value();  // a second call would throw
      return {};
    });
  }
  for (int i = 0; i < 3; ++i) value(store->append(one("a")));
  shared->ended.get_future().get();
  value(store->append(one("a")));
}

BOOST_AUTO_TEST_CASE(an_error_of_the_handler_ends_it_with_the_reason) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  for (int i = 0; i < 3; ++i) value(store->append(one("a")));
  std::promise<std::string> told;
  SubscriptionOptions options;
  options.failed = [&](const Error& why) { told.set_value(why.code); };
  const auto subscription = subscribe(
      *store, 0,
      [](const events::Recorded& event) -> Result<void> {
        if (event.sequence == 2) return fail("test.enough", "no more of this");
        return {};
      },
      options);
  BOOST_TEST(code_of(subscription->wait_for(3, long_enough)) == "test.enough");
  BOOST_TEST(told.get_future().get() == "test.enough");
  BOOST_TEST(code_of(subscription->status()) == "test.enough");
  BOOST_TEST(subscription->position() == 1u);  // the second was not done with
  const auto throwing = subscribe(
      *store, 0, [](const events::Recorded&) -> Result<void> { throw std::runtime_error("it broke"); });
  BOOST_TEST(code_of(throwing->wait_for(1, long_enough)) == "storage.subscriber_failed");
}

BOOST_AUTO_TEST_CASE(a_filter_passes_over_the_rest_and_the_position_moves_on) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  SubscriptionOptions options;
  options.filter.streams = {"wanted"};
  std::vector<std::uint64_t> seen;
  const auto subscription = subscribe(
      *store, 0,
      [&](const events::Recorded& event) -> Result<void> {
        seen.push_back(event.sequence);
        return {};
      },
      options);
  for (int i = 1; i <= 30; ++i) value(store->append(one(i % 10 == 0 ? "wanted" : "other")));
  value(store->append(one("other")));
  value(subscription->wait_for(31, long_enough));
  BOOST_TEST(seen == (std::vector<std::uint64_t>{10, 20, 30}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_reader_beside_the_writer_is_told_by_looking) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->append(one("a")));
  StoreOptions beside;
  beside.read_only = true;
  auto reader = open_or_throw(directory.path(), beside);
  SubscriptionOptions options;
  options.poll = std::chrono::milliseconds(5);
  Seen seen;
  const auto subscription = subscribe(
      *reader, 0, [&](const events::Recorded& event) { return seen(event); }, options);
  for (int i = 0; i < 4; ++i) value(store->append(one("a")));
  value(subscription->wait_for(5, long_enough));
  BOOST_TEST(seen.in_order.load());
}

BOOST_AUTO_TEST_SUITE_END()
