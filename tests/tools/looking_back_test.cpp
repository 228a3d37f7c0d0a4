// Commands that look into the past of memory, on a store with the whole small goal of tests/storage/memory.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>

#include "tests/actors/coordinator/world.hpp"
#include "tests/end_to_end/program.hpp"
#include "tests/storage/memory/history.hpp"

using namespace automodel;
using nlohmann::json;

namespace {

using Events = std::vector<events::Recorded>;

/// A store with this history, every event in a commit of its own.
bool fill(const std::filesystem::path& path, const Events& history) {
  auto store = storage::EventStore::open(path);
  BOOST_REQUIRE_MESSAGE(store, (store ? "" : to_string(store.error())));
  BOOST_REQUIRE((*store)->attach(storage::memory_projection()).has_value());
  for (const auto& event : history) {
    storage::AppendRequest request;
    request.stream = event.stream;
    request.correlation = event.correlation;
    request.causation = event.causation;
    request.time = event.time;
    request.events.push_back(event.event);
    const auto appended = (*store)->append(std::move(request));
    BOOST_REQUIRE_MESSAGE(appended, (appended ? "" : to_string(appended.error())));
  }
  return true;
}

/// The Coordinator's own history: baselines, a first champion, and a search that it chose then.
Events coordinators_history() {
  auto scenario = tests::with_champion();
  tests::answer(scenario, {}, {tests::proposal("autotrain/c2/1", "autotrain", "search", 0.05)});
  Events history;
  for (const auto& event : scenario.history()) {
    events::Recorded recorded;
    recorded.stream = "coordinator/main";
    recorded.time = 1'790'000'000'000'000'000;
    recorded.event = event;
    history.push_back(std::move(recorded));
  }
  return history;
}

/// Made once for all cases: the small goal of tests/storage/memory, and a store "decided".
const std::filesystem::path& place() {
  static const test::TemporaryDirectory directory;
  static const bool made =
      fill(directory.path() / "var" / "store", storage::testing::small_goal().events()) &&
      fill(directory.path() / "decided", coordinators_history());
  BOOST_REQUIRE(made);
  return directory.path();
}

test::Finished run(std::vector<std::string> arguments) { return test::run(arguments, place()); }

json answer(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const auto ended = run(arguments);
  BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.output << ended.errors);
  return json::parse(ended.output.substr(0, ended.output.find('\n')));
}

json refusal(std::vector<std::string> arguments, int status) {
  arguments.push_back("--json");
  const auto ended = run(arguments);
  BOOST_TEST(ended.status == status);
  return json::parse(ended.output)["error"];
}

std::vector<json> lines(const std::string& output) {
  std::vector<json> found;
  std::istringstream in(output);
  for (std::string line; std::getline(in, line);) found.push_back(json::parse(line));
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(looking_back)

BOOST_AUTO_TEST_CASE(replay_until_the_last_event_gives_the_memory_of_now) {
  const auto now = answer({"replay", "--verify"});
  BOOST_TEST(now["match"] == true);
  const auto last = now["events"].get<std::uint64_t>();
  const auto then = answer({"replay", "--until", std::to_string(last)});
  BOOST_TEST(then["digest"] == now["digest"]);
  BOOST_TEST(then["chain_intact"] == true);
  BOOST_TEST(then["tables"]["trials"] == 5);
  const auto earlier = answer({"replay", "--until", "10"});
  BOOST_TEST(earlier["events"] == 10);
  BOOST_TEST(earlier["digest"] != now["digest"]);
  // The time that it shows names the same moment: a second passes between the events of this history.
  BOOST_TEST(answer({"replay", "--until", earlier["time"].get<std::string>()})["digest"] ==
             earlier["digest"]);
}

BOOST_AUTO_TEST_CASE(past_memory_answers_queries_in_every_form) {
  const auto text = run({"memory", "query", "--at", "10", "trials"});
  BOOST_TEST(text.status == 0);
  BOOST_TEST(text.output == "nothing found\n");
  const auto counts = answer({"memory", "show", "--at", "0"});
  for (const auto& [table, count] : counts.items()) BOOST_TEST(count == 0, table);
  const auto csv = run({"memory", "query", "trials sort=status,-auc columns=trial,auc limit=2", "--csv"});
  BOOST_TEST(csv.output == "trial,auc\r\ntrial-4,\r\ntrial-3,0.83\r\n");
}

BOOST_AUTO_TEST_CASE(a_difference_has_a_summary_first_and_then_rows) {
  const auto ended = run({"memory", "diff", "0", "--json"});
  BOOST_REQUIRE(ended.status == 0);
  const auto all = lines(ended.output);
  const auto& summary = all.at(0)["summary"];
  BOOST_TEST(summary["goals"][0]["champion"]["to"] == "trial-3");
  BOOST_TEST(summary["tables"]["trials"]["added"] == 5);
  std::size_t trials = 0;
  for (std::size_t i = 1; i < all.size(); ++i) trials += all[i]["table"] == "trials";
  BOOST_TEST(trials == 5u);
  const auto only = run({"memory", "diff", "0", "--table", "trials", "--json"});
  BOOST_TEST(lines(only.output).size() == 6u);
  const auto text = run({"memory", "diff", "10"});
  BOOST_TEST(text.output.find("5 new trials") != std::string::npos, text.output);
  BOOST_TEST(refusal({"memory", "diff", "10", "5"}, 2)["code"] == "usage.moment");
}

BOOST_AUTO_TEST_CASE(a_wrong_moment_or_query_is_one_line) {
  BOOST_TEST(refusal({"replay", "--until", "2026-11-23"}, 2)["code"] == "usage.moment");
  BOOST_TEST(refusal({"replay", "--until", "99999"}, 1)["code"] == "memory.no_such_event");
  BOOST_TEST(refusal({"memory", "show", "trials", "--at", "now"}, 2)["code"] == "usage.moment");
  const auto slip = run({"memory", "query", "trials auc>>0.8"});
  BOOST_TEST(slip.status == 1);
  BOOST_TEST(std::count(slip.errors.begin(), slip.errors.end(), '\n') == 1);
  BOOST_TEST(slip.errors.find("column 12, at '>0.8'") != std::string::npos, slip.errors);
}

BOOST_AUTO_TEST_CASE(another_policy_is_read_from_a_file_and_its_errors_name_the_line) {
  const auto write = [](const std::string& text) { std::ofstream(place() / "policy.toml") << text; };
  write("[coordinator]\npromising_gain = 1\n");
  const auto account = answer({"replay", "--what-if", "policy=policy.toml", "--store", "decided"});
  BOOST_TEST(account["policy"][0] == "coordinator.promising_gain 0.0002 → 1");
  BOOST_TEST(account["decisions"] == 4);  // the baseline, its best model, none of its others, the search
  BOOST_TEST(account["redecided"] == 4);
  BOOST_TEST(account["agree"] == 3);
  BOOST_TEST(account["differ"][0]["recorded"][0]["name"] == "autotrain/c2/1");
  BOOST_TEST(account["differ"][0]["other"].empty());
  BOOST_TEST(account["not_redecided"].empty());
  const auto wrong = [&](const std::string& text, const char* code, const char* where) {
    write(text);
    const auto error = refusal({"replay", "--what-if", "policy=policy.toml"}, 1);
    BOOST_TEST(error["code"] == code, text);
    BOOST_TEST(error["where"] == where, text);
  };
  wrong("[coordinator]\nexploratoin = 0\n", "policy.unknown_key", "policy.toml:2:15");
  wrong("[coordinator]\n\nexploration = -1\n", "policy.wrong_value", "policy.toml:3:15");
  wrong("[coordinator]\nfruitless_vague = 1.5\n", "policy.wrong_value", "policy.toml:2:19");
  wrong("[coordinator\n", "policy.syntax", "policy.toml:1:13");
  BOOST_TEST(refusal({"replay", "--what-if", "policy=none.toml"}, 1)["code"] == "policy.no_such_file");
  BOOST_TEST(refusal({"replay", "--what-if", "greedy.toml"}, 2)["code"] == "usage.what_if");
  BOOST_TEST(refusal({"replay", "--what-if", "policy=policy.toml", "--verify"}, 2)["code"] ==
             "usage.what_if");
}

BOOST_AUTO_TEST_SUITE_END()
