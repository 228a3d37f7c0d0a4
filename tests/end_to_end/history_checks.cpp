#include "tests/end_to_end/history_checks.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>
#include <string>

namespace automodel::test {

using nlohmann::json;

void check_no_effect_twice(const std::vector<json>& events) {
  // A trial that survives a rung of successive halving starts and finishes once more for the next one.
  const std::map<std::string, std::vector<std::string>> keys = {
      {"TrialStarted", {"/trial", "/rung"}}, {"EpochFinished", {"/trial", "/report/epoch"}},
      {"WorkAssigned", {"/work/id"}},        {"WorkAccepted", {"/work/id"}},
      {"WorkFinished", {"/work"}},           {"GoalAccepted", {"/goal/id"}},
      {"GoalFinished", {"/goal"}},           {"ReportProduced", {"/goal"}}};
  std::set<std::string> seen;
  std::map<std::string, int> open;
  for (const auto& event : events) {
    const auto kind = event.at("kind").get<std::string>();
    const auto& body = event.at("body");
    if (kind == "TrialStarted") ++open[body.at("trial")];
    if (kind == "TrialFinished" || kind == "TrialFailed")
      BOOST_TEST(--open[body.at("trial")] >= 0, kind << " twice for " << body.at("trial"));
    const auto entry = keys.find(kind);
    if (entry == keys.end()) continue;
    std::string name = kind;
    for (const auto& key : entry->second) name += " " + body.value(json::json_pointer(key), json()).dump();
    BOOST_TEST(seen.insert(name).second, name << " twice");
  }
}

void check_every_trial_ended(const std::vector<json>& events) {
  std::map<std::string, int> open;
  for (const auto& event : events) {
    const auto kind = event.at("kind").get<std::string>();
    if (kind == "TrialStarted") ++open[event.at("body").at("trial")];
    if (kind == "TrialFinished" || kind == "TrialFailed") --open[event.at("body").at("trial")];
  }
  for (const auto& [trial, left] : open) BOOST_TEST(left == 0, trial << " began and has no end");
}

}  // namespace automodel::test
