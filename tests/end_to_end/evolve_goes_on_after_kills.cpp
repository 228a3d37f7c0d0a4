// Nothing is lost: evolve is killed at random moments and goes on each time.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <random>
#include <sstream>
#include <thread>

#include "tests/end_to_end/history_checks.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using nlohmann::json;

namespace {

constexpr int kills = 20;

const std::vector<std::string> evolve = {"evolve",       "--data",    "small",  "--goal", "auc",
                                         "--max-trials", "24",        "--seed", "3",      "--store",
                                         "store",        "--workers", "1"};

std::string name_of(const json& event) {
  return event.at("stream").get<std::string>() + "#" + event.at("version").dump();
}

/// What was seen committed at some moment must be there at every later one, unchanged and in the same place.
void check_kept(const std::vector<json>& before, const std::vector<json>& after) {
  BOOST_REQUIRE_GE(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    BOOST_REQUIRE_MESSAGE(before[i].at("hash") == after[i].at("hash"),
                          "event " << i + 1 << " changed: " << name_of(before[i]));
}

}  // namespace

BOOST_AUTO_TEST_CASE(evolve_killed_twenty_times_goes_on_and_completes) {
  const auto seed = std::getenv("AUTOMODEL_TEST_SEED")
                        ? std::strtoull(std::getenv("AUTOMODEL_TEST_SEED"), nullptr, 10)
                        : std::random_device{}();
  BOOST_TEST_MESSAGE("AUTOMODEL_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  TemporaryDirectory directory;
  import_small(directory.path(), 8000);
  const auto store = directory.path() / "store";

  std::vector<json> known;
  int killed = 0;
  for (int round = 0; round < kills; ++round) {
    Child child(evolve, directory.path());
    // From while it opens the store to well into its trials; what a reader sees before the kill must survive
    // it.
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 1800));
    if (std::filesystem::exists(store) && random() % 2) {
      const auto listed = run({"events", "--store", "store", "--json"}, directory.path());
      if (listed.status == 0) {
        std::vector<json> seen;
        std::istringstream lines(listed.output);
        for (std::string line; std::getline(lines, line);) seen.push_back(json::parse(line));
        check_kept(known, seen);
        known = std::move(seen);
      }
    }
    if (child.running()) ++killed;
    child.send(SIGKILL);
    child.wait(std::chrono::seconds(10));
    if (!known.empty()) {
      auto after = events_of(store, directory.path());
      check_kept(known, after);
      known = std::move(after);
      const auto verified = run({"replay", "--store", "store", "--verify", "--json"}, directory.path());
      BOOST_REQUIRE_MESSAGE(verified.status == 0, verified.output << verified.errors);
      BOOST_TEST(json::parse(verified.output).at("chain_intact").get<bool>());
      BOOST_TEST(json::parse(verified.output).at("match").get<bool>());
    }
  }
  BOOST_TEST(killed >= kills / 2);

  const auto finished = run(evolve, directory.path(), std::chrono::seconds(400));
  BOOST_REQUIRE_MESSAGE(finished.status == 0, finished.output << finished.errors);
  const auto events = events_of(store, directory.path());
  check_kept(known, events);
  check_no_effect_twice(events);
  // Where the goal was done before the last kill, the same command has begun another one.
  std::size_t completed = 0;
  for (const auto& event : events)
    completed += event.at("kind") == "GoalFinished" && event.at("body").at("goal") == "goal-1";
  BOOST_TEST(completed == 1u);
  const auto verified = run({"replay", "--store", "store", "--verify", "--json"}, directory.path());
  BOOST_TEST(json::parse(verified.output).at("match").get<bool>());
}
