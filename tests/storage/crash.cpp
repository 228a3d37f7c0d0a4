#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>

#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

using Versions = std::array<std::uint64_t, 4>;

/// Runs the child, kills it a moment after its first acknowledgement, and gives what it acknowledged.
Versions run_and_kill(const std::filesystem::path& directory, std::chrono::microseconds after) {
  int ends[2];
  BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = CRASH_CHILD, argument = directory.string();
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  BOOST_REQUIRE(::posix_spawn(&child, CRASH_CHILD, &actions, nullptr, arguments, environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::FILE* acknowledgements = ::fdopen(ends[0], "r");
  Versions newest{};
  std::jthread killer;
  unsigned stream = 0;
  unsigned long version = 0;
  while (std::fscanf(acknowledgements, "%u %lu\n", &stream, &version) == 2) {
    newest.at(stream) = std::max<std::uint64_t>(newest.at(stream), version);
    if (!killer.joinable())
      killer = std::jthread([child, after] {
        std::this_thread::sleep_for(after);
        ::kill(child, SIGKILL);
      });
  }
  std::fclose(acknowledgements);
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL), "the child ended by itself");
  return newest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(no_acknowledged_event_is_lost_when_the_process_is_killed) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  TemporaryDirectory directory;
  std::uint64_t total = 0;
  for (int round = 0; round < 20; ++round) {
    BOOST_TEST_CONTEXT("seed " << seed << ", round " << round) {
      const Versions acknowledged =
          run_and_kill(directory.path(), std::chrono::microseconds(random() % 60'000));
      auto store = open_or_throw(directory.path());
      for (std::size_t t = 0; t < acknowledged.size(); ++t)
        BOOST_TEST(value(store->stream_version("stream/" + std::to_string(t))) >= acknowledged[t]);
      const std::uint64_t verified = value(store->verify());
      BOOST_TEST(verified > total);
      total = verified;
      const Counting counting;
      value(store->attach(std::make_shared<Counting>()));
      BOOST_TEST((digest(counting, *store->projection_rows("counting")) == rebuilt_digest(*store, counting)));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
