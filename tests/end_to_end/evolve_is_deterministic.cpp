// Time and chance enter only through recorded events: the same seed gives the same decisions, event for
// event.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/end_to_end/program.hpp"
#include "tests/end_to_end/ratings.hpp"

using namespace automodel::test;
using nlohmann::json;

namespace {

/// Everything of an event but clock readings, what is hashed over them, and its place among other agents'
/// events: agents work side by side, so that two of them may commit in either order.
json without_times(json value) {
  static const std::set<std::string> times = {
      "time",   "hash",         "previous_hash",   "commit_hash", "seconds",  "seconds_left",   "p50_us",
      "p99_us", "memory_bytes", "rows_per_second", "origin_node", "sequence", "origin_sequence"};
  if (value.is_object()) {
    json kept = json::object();
    for (auto& [key, inner] : value.items())
      if (!times.contains(key)) kept[key] = without_times(inner);
    return kept;
  }
  if (value.is_array())
    for (auto& inner : value) inner = without_times(inner);
  return value;
}

std::vector<json> evolve(const std::filesystem::path& directory, const std::string& store,
                         const std::string& seed) {
  const auto finished = run({"evolve", "--data", "small", "--goal", "auc", "--max-trials", "8", "--seed",
                             seed, "--store", store, "--workers", "1", "--threads", "1"},
                            directory, std::chrono::seconds(300));
  BOOST_REQUIRE_MESSAGE(finished.status == 0, finished.output << finished.errors);
  auto events = events_of(directory / store, directory);
  for (auto& event : events) event = without_times(event);
  std::stable_sort(events.begin(), events.end(), [](const json& a, const json& b) {
    return std::pair(a.at("stream").get<std::string>(), a.at("version").get<std::uint64_t>()) <
           std::pair(b.at("stream").get<std::string>(), b.at("version").get<std::uint64_t>());
  });
  return events;
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_runs_with_one_seed_decide_the_same_event_for_event) {
  TemporaryDirectory directory;
  import_small(directory.path(), 8000);
  const auto first = evolve(directory.path(), "first", "5");
  const auto second = evolve(directory.path(), "second", "5");
  BOOST_TEST(first.size() > 30u);
  BOOST_REQUIRE_EQUAL(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i)
    BOOST_REQUIRE_MESSAGE(first[i] == second[i], "event " << i + 1 << " differs:\n"
                                                          << first[i].dump() << '\n'
                                                          << second[i].dump());
}

BOOST_AUTO_TEST_CASE(another_seed_gives_another_history) {
  TemporaryDirectory directory;
  import_small(directory.path(), 8000);
  BOOST_TEST((evolve(directory.path(), "first", "5") != evolve(directory.path(), "second", "6")));
}
