#include <boost/test/unit_test.hpp>
#include <future>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// Keeps the writer thread inside a callback, so that what is appended meanwhile becomes one group.
class HeldWriter {
 public:
  explicit HeldWriter(EventStore& store) {
    store.append_async(one("held"), [this](const Result<Appended>&) {
      inside_.count_down();
      release_.wait();
    });
    inside_.wait();
  }
  void release() { release_.count_down(); }

 private:
  std::latch inside_{1};
  std::latch release_{1};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(concurrency)

BOOST_AUTO_TEST_CASE(sixteen_threads_lose_no_acknowledged_event) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  constexpr int threads = 16, appends = 40;
  std::mutex mutex;
  std::set<std::uint64_t> acknowledged;
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t)
      writers.emplace_back([&, t] {
        for (int i = 0; i < appends; ++i) {
          const auto appended = store->append(one("stream/" + std::to_string(t), "g", Expected::exactly(i)));
          const std::lock_guard lock(mutex);
          if (appended) acknowledged.insert(appended->last_sequence);
        }
      });
  }
  BOOST_TEST(acknowledged.size() == std::size_t{threads * appends});
  BOOST_TEST(*acknowledged.begin() == 1u);
  BOOST_TEST(*acknowledged.rbegin() == std::uint64_t{threads * appends});
  store.reset();
  store = open_or_throw(directory.path());
  BOOST_TEST(value(store->verify()) == std::uint64_t{threads * appends});
  for (int t = 0; t < threads; ++t)
    BOOST_TEST(value(store->stream_version("stream/" + std::to_string(t))) == std::uint64_t{appends});
}

BOOST_AUTO_TEST_CASE(one_refused_append_does_not_fail_the_others_of_its_group) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  std::vector<std::string> codes(4, "unanswered");
  {
    HeldWriter held(*store);
    const auto keep = [&](std::size_t i) {
      return [&codes, i](Result<Appended> r) { codes[i] = code_of(r); };
    };
    store->append_async(one("a", "1", Expected::none()), keep(0));
    store->append_async(one("a", "2", Expected::none()), keep(1));  // the one before it counts already
    store->append_async(one(""), keep(2));
    store->append_async(one("a", "2", Expected::exactly(1)), keep(3));
    held.release();
    store.reset();  // drains
  }
  BOOST_TEST(codes == (std::vector<std::string>{"", "storage.version_conflict", "storage.bad_request", ""}),
             boost::test_tools::per_element());
  store = open_or_throw(directory.path());
  BOOST_TEST(value(store->stream_version("a")) == 2u);
  BOOST_TEST(value(store->verify()) == 3u);
}

BOOST_AUTO_TEST_CASE(a_command_repeated_within_one_group_has_its_effect_once) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  bool repeated = false;
  {
    HeldWriter held(*store);
    for (int i = 0; i < 2; ++i) {
      AppendRequest request = one("a");
      request.sender = "console";
      request.number = 1;
      store->append_async(std::move(request),
                          [&](Result<Appended> r) { repeated = value(std::move(r)).repeated; });
    }
    held.release();
    store.reset();
  }
  BOOST_TEST(repeated);
  BOOST_TEST(value(open_or_throw(directory.path())->stream_version("a")) == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_queue_makes_appends_wait) {
  TemporaryDirectory directory;
  StoreOptions options;
  options.max_queued_appends = 2;
  auto store = open_or_throw(directory.path(), options);
  HeldWriter held(*store);
  const auto ignore = [](const Result<Appended>&) {};
  store->append_async(one("a"), ignore);
  store->append_async(one("a"), ignore);
  auto third = std::async(std::launch::async, [&] { store->append_async(one("a"), ignore); });
  BOOST_TEST((third.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout));
  held.release();
  third.get();
  store.reset();
  BOOST_TEST(value(open_or_throw(directory.path())->stream_version("a")) == 3u);
}

BOOST_AUTO_TEST_CASE(a_callback_may_append_though_the_queue_is_full) {
  TemporaryDirectory directory;
  StoreOptions options;
  options.max_queued_appends = 1;
  auto store = open_or_throw(directory.path(), options);
  store->append_async(one("a"), [&inner = *store](const Result<Appended>&) {
    for (int i = 0; i < 5; ++i) inner.append_async(one("a"), [](const Result<Appended>&) {});
  });
  store.reset();
  BOOST_TEST(value(open_or_throw(directory.path())->stream_version("a")) == 6u);
}

BOOST_AUTO_TEST_CASE(one_alone_writes_on_its_own_thread) {
  TemporaryDirectory directory;
  const auto store = open_or_throw(directory.path());
  // The writer thread has its turn now and then, for what is done when all is quiet: one append or other
  // meets it.
  bool on_own_thread = false;
  for (int i = 0; i < 1000 && !on_own_thread; ++i) {
    const auto written_by = std::make_shared<std::promise<std::thread::id>>();
    auto thread = written_by->get_future();
    store->append_here(one("a"), [written_by](const Result<Appended>&) {
      written_by->set_value(std::this_thread::get_id());
    });
    const bool answered = thread.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    on_own_thread = thread.get() == std::this_thread::get_id() && answered;
  }
  BOOST_TEST(on_own_thread);
}

BOOST_AUTO_TEST_CASE(one_who_is_not_alone_leaves_it_to_the_writer_thread) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  HeldWriter held(*store);
  std::promise<std::thread::id> written_by;
  store->append_here(one("a"),
                     [&](const Result<Appended>&) { written_by.set_value(std::this_thread::get_id()); });
  auto thread = written_by.get_future();
  BOOST_TEST((thread.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout));
  held.release();
  BOOST_TEST((thread.get() != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(a_callback_of_one_alone_may_append_though_the_queue_is_full) {
  TemporaryDirectory directory;
  StoreOptions options;
  options.max_queued_appends = 1;
  auto store = open_or_throw(directory.path(), options);
  store->append_here(one("a"), [&inner = *store](const Result<Appended>&) {
    for (int i = 0; i < 5; ++i) inner.append_async(one("a"), [](const Result<Appended>&) {});
  });
  store.reset();
  BOOST_TEST(value(open_or_throw(directory.path())->stream_version("a")) == 6u);
}

BOOST_AUTO_TEST_CASE(callers_and_the_writer_thread_take_turns_without_losing_an_event) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->attach(std::make_shared<Counting>()));  // the writer thread has work of its own
  constexpr int threads = 4, appends = 100;
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t)
      writers.emplace_back([&, t, name = "stream/" + std::to_string(t)] {
        const auto count = [&](const Result<Appended>& appended) { answered += appended ? 1 : 0; };
        for (int i = 0; i < appends; ++i) {
          if (i % 3 == 0)
            store->append_async(one(name), count);
          else
            store->append_here(one(name), count);
          if (i % 10 == t) std::this_thread::sleep_for(std::chrono::microseconds(500));  // now and then alone
        }
      });
  }
  value(store->wait_for("counting", threads * appends, std::chrono::seconds(60)));
  BOOST_TEST(count_of(*store->projection_rows("counting"), "stream/0") == std::uint64_t{appends});
  store.reset();
  BOOST_TEST(answered == threads * appends);
  BOOST_TEST(value(open_or_throw(directory.path())->verify()) == std::uint64_t{threads * appends});
}

BOOST_AUTO_TEST_CASE(observers_learn_of_commits_until_they_let_go) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  std::promise<std::uint64_t> told;
  auto handle = store->on_commit([&](std::uint64_t sequence) { told.set_value(sequence); });
  value(store->append(one("a")));
  BOOST_TEST(told.get_future().get() == 1u);
  handle.reset();
  value(store->append(one("a")));  // a second call would throw: the promise is kept already
  value(store->append(one("a")));
}

BOOST_AUTO_TEST_CASE(readers_and_the_growing_map_do_not_disturb_each_other) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  std::atomic<bool> done{false};
  std::vector<std::jthread> readers;
  for (int t = 0; t < 3; ++t)
    readers.emplace_back([&] {
      while (!done) {
        std::uint64_t expected = 0;
        value(
            store->read_all(1, [&](const events::Recorded& event) { return event.sequence == ++expected; }));
        if (expected > store->last_sequence()) std::abort();
      }
    });
  const std::string large(400'000, 'x');
  for (int i = 0; i < 70; ++i) value(store->append(one("a", large)));  // beyond the first map
  done = true;
  readers.clear();
  BOOST_TEST(std::filesystem::file_size(directory.path() / "events.mdb") > (24u << 20));
  BOOST_TEST(value(store->verify()) == 70u);
}

BOOST_AUTO_TEST_SUITE_END()
