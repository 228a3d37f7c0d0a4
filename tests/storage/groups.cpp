// What one commit holds, and what it costs.
#include <boost/test/unit_test.hpp>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "storage/lmdb/environment.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// The number of the newest transaction of the store that `directory` holds.
std::uint64_t transactions(const std::filesystem::path& directory) {
  return value(Environment::open(directory, false))->last_transaction();
}

/// Appends 256 events, each to a stream of its own, while the writer thread is busy; gives the number of
/// transactions from then on until the last of them is acknowledged.
std::uint64_t transactions_of_a_burst(EventStore& store) {
  std::latch inside(1), release(1), answered(256);
  std::uint64_t before = 0, after = 0;
  store.append_async(one("held"), [&](const Result<Appended>&) {
    inside.count_down();
    release.wait();
    before = transactions(store.path());
  });
  inside.wait();
  for (int i = 0; i < 256; ++i)
    store.append_async(one("stream/" + std::to_string(i)), [&](const Result<Appended>& appended) {
      if (appended) after = transactions(store.path());
      answered.count_down();
    });
  release.count_down();
  answered.wait();
  return after - before;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(groups)

BOOST_AUTO_TEST_CASE(a_burst_of_256_writers_is_one_transaction) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  BOOST_TEST(transactions_of_a_burst(*store) == 1u);
  store.reset();
  BOOST_TEST(value(open_or_throw(directory.path())->verify()) == 257u);
}

BOOST_AUTO_TEST_CASE(a_projection_adds_no_transaction_before_a_burst_is_acknowledged) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>()));
  // Attaching asks the writer thread to hurry: it has done so once it has written something for us.
  std::promise<void> settled;
  store->append_async(one("settled"), [&](const Result<Appended>&) { settled.set_value(); });
  settled.get_future().wait();
  BOOST_TEST(transactions_of_a_burst(*store) == 1u);
  value(store->wait_for("counting", 258, std::chrono::seconds(60)));
  BOOST_TEST(count_of(*store->projection_rows("counting"), "stream/255") == 1u);
}

BOOST_AUTO_TEST_CASE(an_append_without_messages_writes_neither_heads_nor_state) {
  TemporaryDirectory directory;
  const auto store = open_or_throw(directory.path());
  value(store->append(one("a")));
  const auto environment = value(Environment::open(directory.path(), false));
  const auto transaction = value(environment->read());
  BOOST_TEST(value(transaction.entries(Table::heads)) == 0u);
  BOOST_TEST(!value(transaction.get(Table::meta, view("state"))).has_value());
}

BOOST_AUTO_TEST_CASE(writers_that_ask_again_at_once_share_commits) {
  TemporaryDirectory directory;
  const auto store = open_or_throw(directory.path());
  constexpr std::uint64_t threads = 16, appends = 50;
  const std::uint64_t before = transactions(directory.path());
  {
    std::vector<std::jthread> writers;
    for (std::uint64_t t = 0; t < threads; ++t)
      writers.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < appends; ++i)
          value(store->append(one("stream/" + std::to_string(t), "g", Expected::exactly(i))));
      });
  }
  BOOST_TEST(transactions(directory.path()) - before < threads * appends);
  BOOST_TEST(store->last_sequence() == threads * appends);
}

BOOST_AUTO_TEST_SUITE_END()
