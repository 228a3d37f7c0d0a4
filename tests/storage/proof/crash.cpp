// A process that writes under load is killed, again and again.
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/storage/proof/forked.hpp"
#include "tests/storage/proof/workload.hpp"
#include "tests/storage/support.hpp"

using namespace automodel::storage::testing;

namespace {

/// Works in a process of its own, which is killed a moment after its first acknowledgement; gives what it
/// acknowledged.
std::vector<std::string> work_and_die(const std::filesystem::path& directory,
                                      std::chrono::microseconds after) {
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      work(directory, 0, [&](const std::string& line) {
        const std::string whole = line + "\n";
        if (::write(ends[1], whole.data(), whole.size()) < 0) ::_exit(4);
      });
    } catch (const std::exception& thrown) {
      std::fprintf(stderr, "the worker: %s\n", thrown.what());
    }
    ::_exit(3);  // it was to be killed
  }
  ::close(ends[1]);
  std::FILE* acknowledgements = ::fdopen(ends[0], "r");
  std::vector<std::string> lines;
  std::jthread killer;
  char line[128];
  while (std::fgets(line, sizeof line, acknowledgements) != nullptr) {
    lines.emplace_back(line);
    if (!killer.joinable())
      killer = std::jthread([child, after] {
        std::this_thread::sleep_for(after);
        ::kill(child, SIGKILL);
      });
  }
  std::fclose(acknowledgements);
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL), "the worker ended by itself");
  return lines;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash)

BOOST_AUTO_TEST_CASE(nothing_acknowledged_is_lost_and_nothing_half_done_when_the_process_is_killed) {
  constexpr unsigned kills_of_one_store = 8;
  const std::uint64_t seed = chosen_seed();
  std::mt19937_64 random(seed);
  std::uint64_t acknowledged = 0;
  const unsigned kills = rounds(50);
  for (unsigned kill = 0; kill < kills;) {
    const TemporaryDirectory directory;
    std::vector<std::string> lines;
    for (unsigned n = 0; n < kills_of_one_store && kill < kills; ++n, ++kill) {
      // Mostly soon: then more of it is opening, and the first appends.
      const auto after = std::chrono::microseconds(random() % (random() % 4 == 0 ? 60'000 : 8'000));
      const auto more = work_and_die(directory.path(), after);
      lines.insert(lines.end(), more.begin(), more.end());
      for (const std::string& complaint : judge(directory.path(), lines))
        BOOST_ERROR("seed " << seed << ", kill " << kill << ": " << complaint);
      acknowledged += more.size();
    }
  }
  BOOST_TEST_MESSAGE(kills << " kills, " << acknowledged << " acknowledgements, seed " << seed);
  BOOST_TEST(acknowledged >= kills);
}

BOOST_AUTO_TEST_CASE(the_judge_finds_what_is_missing) {
  const TemporaryDirectory directory;
  std::vector<std::string> lines;
  std::mutex mutex;
  work(directory.path(), 50, [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
  });
  BOOST_TEST(judge(directory.path(), lines).empty());
  for (const char* never :
       {"command 0 51", "snapshot 1 100000", "epoch 2 99", "artifact 0 51", "forgot 3 48"}) {
    auto more = lines;
    more.emplace_back(never);
    BOOST_TEST(judge(directory.path(), more).size() == 1u, never);
  }
}

BOOST_AUTO_TEST_SUITE_END()
