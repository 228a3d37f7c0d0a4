#include "storage/readers.hpp"

#include <sys/wait.h>

#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "storage/lmdb/environment.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

BOOST_AUTO_TEST_SUITE(readers)

BOOST_AUTO_TEST_CASE(an_open_reader_is_reported_with_how_far_it_is_behind) {
  TemporaryDirectory directory;
  auto store = open_or_throw(directory.path());
  value(store->append(one("a")));
  BOOST_TEST(value(store->readers()).empty());
  {
    const auto environment = value(Environment::open(directory.path(), false));
    const auto transaction = value(environment->read());
    value(store->readers());  // seen for the first time
    for (int i = 0; i < 3; ++i) value(store->append(one("a")));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto open = value(store->readers());
    BOOST_REQUIRE(open.size() == 1u);
    BOOST_TEST(open[0].process == ::getpid());
    BOOST_TEST(open[0].is_own);
    BOOST_TEST(open[0].commits_behind >= 3u);
    BOOST_TEST(open[0].seconds >= 0.02);
  }
  BOOST_TEST(value(store->readers()).empty());
}

BOOST_AUTO_TEST_CASE(a_reader_that_stays_is_told_of_once) {
  TemporaryDirectory directory;
  StoreOptions options;
  options.long_reader_after = std::chrono::seconds(0);
  std::atomic<int> told{0};
  options.long_reader = [&](const OpenReader& reader) { told += reader.is_own ? 1 : 1000; };
  auto store = open_or_throw(directory.path(), options);
  value(store->append(one("a")));
  const auto environment = value(Environment::open(directory.path(), false));
  const auto transaction = value(environment->read());
  const auto look = [&](auto until) {  // the writer looks once a second, when it commits
    const auto deadline = std::chrono::steady_clock::now() + until;
    while (told == 0 && std::chrono::steady_clock::now() < deadline) {
      value(store->append(one("a")));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  };
  look(std::chrono::seconds(30));
  BOOST_TEST(told.load() == 1);
  for (int i = 0; i < 60; ++i) {
    value(store->append(one("a")));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  BOOST_TEST(told.load() == 1);
}

BOOST_AUTO_TEST_CASE(readers_of_a_process_that_died_are_cleared_by_the_writer) {
  TemporaryDirectory directory;
  {
    auto store = open_or_throw(directory.path());
    value(store->append(one("a")));
  }
  int told[2];
  BOOST_REQUIRE(::pipe(told) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // Dies with its transaction open.
    const auto environment = Environment::open(directory.path(), false);
    const auto transaction = environment ? (*environment)->read() : fail(environment.error());
    const char ready = transaction ? 'y' : 'n';
    (void)!::write(told[1], &ready, 1);
    ::pause();
    ::_exit(0);
  }
  char ready = 0;
  BOOST_REQUIRE(::read(told[0], &ready, 1) == 1);
  BOOST_REQUIRE(ready == 'y');
  auto store = open_or_throw(directory.path());
  const auto open = value(store->readers());
  BOOST_REQUIRE(open.size() == 1u);
  BOOST_TEST(open[0].process == child);
  BOOST_TEST(!open[0].is_own);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!value(store->readers()).empty() && std::chrono::steady_clock::now() < deadline) {
    value(store->append(one("a")));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  BOOST_TEST(value(store->readers()).empty());
}

BOOST_AUTO_TEST_SUITE_END()
