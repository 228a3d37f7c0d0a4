#include "actors/knowledge/answer.hpp"
#include "tests/events/some_parts.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/storage/memory/history.hpp"

using namespace automodel;
using namespace automodel::storage::testing;
using nlohmann::json;

namespace {

struct Node {
  explicit Node(History history) : store(std::move(history)), memory(storage::stored_memory(store)) {}
  HistoryStore store;
  storage::Memory memory;
};
const Node& node() {
  static const Node made(small_goal());
  return made;
}

events::AnswerT ask(const Node& of, const std::string& topic,
                    const std::vector<std::string>& arguments = {}) {
  events::QuestionT question;
  question.topic = topic;
  question.arguments = arguments;
  return actors::answer(question, of.store, of.memory);
}

json told(const std::string& topic, const std::vector<std::string>& arguments = {}) {
  auto answer = ask(node(), topic, arguments);
  BOOST_REQUIRE_MESSAGE(!answer.failure, topic + ": " + (answer.failure ? answer.failure->message : ""));
  return json::parse(answer.json);
}

std::string refused(const std::string& topic, const std::vector<std::string>& arguments = {}) {
  auto answer = ask(node(), topic, arguments);
  BOOST_TEST(answer.json.empty());
  return answer.failure ? answer.failure->code : "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(knowledge)

BOOST_AUTO_TEST_CASE(status_tells_what_a_power_cut_may_undo) {
  Node made(small_goal()), empty((History()));
  BOOST_TEST(!json::parse(ask(made, "status").json).contains("at_risk"));
  made.store.undoable = empty.store.undoable = std::chrono::milliseconds(50);
  for (const Node* of : {&made, &empty})
    BOOST_TEST(json::parse(ask(*of, "status").json)["at_risk"] ==
               "the store is relaxed: a power cut may undo the last 50 ms");
}

BOOST_AUTO_TEST_CASE(status_tells_goal_champion_and_last_decisions) {
  auto status = told("status");
  BOOST_TEST(status["goal"] == "goal-1");
  BOOST_TEST(status["status"] == "finished");
  BOOST_TEST(status["metric"] == "auc");
  BOOST_TEST(status["champion"]["id"] == "trial-3");
  BOOST_TEST(status["champion"]["method"] == "deepfm");
  BOOST_TEST(status["champion"]["metrics"]["auc"] == 0.83);
  BOOST_TEST(status["features_kept"].size() == 1u);
  BOOST_TEST(status["decisions"][0]["by"] == "autoperf");
  BOOST_TEST(status["running"].empty());
  BOOST_TEST(refused("status", {"goal-9"}) == "knowledge.no_goal");
}

BOOST_AUTO_TEST_CASE(status_says_that_a_goal_waits_for_a_person_and_how_to_answer) {
  History history;
  events::GoalAcceptedT accepted;
  accepted.goal = goal("goal-1");
  accepted.goal->ask = true;
  history.add("coordinator/main", std::move(accepted));
  events::CycleStartedT cycle;
  cycle.goal = "goal-1";
  cycle.cycle = 1;
  cycle.asked = {"autotrain"};
  history.add("coordinator/main", std::move(cycle));
  BOOST_TEST(
      !json::parse(ask(Node{history}, "status").json).contains("waits_for"));  // autotrain is being asked
  events::ProposalsReceivedT received;
  received.goal = "goal-1";
  received.cycle = 1;
  received.agent = "autotrain";
  for (const auto* id : {"autotrain/c1/2", "autotrain/c1/1"}) {
    received.proposals.push_back(std::make_unique<events::ProposalT>());
    received.proposals.back()->id = id;
    received.proposals.back()->agent = "autotrain";
  }
  history.add("coordinator/main", std::move(received));
  auto status = json::parse(ask(Node{history}, "status").json);
  BOOST_TEST(status["waits_for"] == "a person to judge autotrain/c1/1, autotrain/c1/2");
  BOOST_TEST(status["answer_with"].get<std::string>().starts_with("approve PROPOSAL, or veto PROPOSAL"));
  events::ProposalVetoedT vetoed;
  vetoed.proposal = "autotrain/c1/1";
  history.add("coordinator/main", std::move(vetoed));
  status = json::parse(ask(Node{history}, "status").json);
  BOOST_TEST(status["waits_for"] == "a person to judge autotrain/c1/2");
  events::DecisionMadeT decided;
  decided.by = "coordinator";
  decided.question = "Which proposals are worth their cost?";
  decided.subject = "goal-1/c1";
  for (const auto* id : {"autotrain/c1/1", "autotrain/c1/2"}) {
    decided.options.push_back(std::make_unique<events::OptionT>());
    decided.options.back()->name = id;
  }
  decided.choices = {1};
  history.add("coordinator/main", std::move(decided));
  BOOST_TEST(!json::parse(ask(Node{history}, "status").json).contains("waits_for"));
}

BOOST_AUTO_TEST_CASE(status_of_an_empty_store_has_no_goal) {
  Node empty{History()};
  auto answer = ask(empty, "status");
  BOOST_REQUIRE(!answer.failure);
  BOOST_TEST(json::parse(answer.json)["goal"].is_null());
}

BOOST_AUTO_TEST_CASE(a_running_trial_shows_its_curve) {
  auto whole = small_goal();
  events::TrialStartedT started;
  started.trial = "trial-6";
  started.goal = "goal-1";
  started.data = events::testing::some_data();
  started.config = config("lr", "lr-x");
  started.max_epochs = 9;
  whole.add("autotrain/main", std::move(started));
  events::EpochFinishedT epoch;
  epoch.trial = "trial-6";
  epoch.report = std::make_unique<events::EpochReportT>();
  epoch.report->epoch = 1;
  epoch.report->metrics.push_back(metric("auc", 0.7));
  whole.add("autotrain/main", std::move(epoch));
  Node running(std::move(whole));
  auto status = json::parse(ask(running, "status").json);
  BOOST_REQUIRE(status["running"].size() == 1u);
  BOOST_TEST(status["running"][0]["trial"] == "trial-6");
  BOOST_TEST(status["running"][0]["epoch"] == 1);
  BOOST_TEST(status["running"][0]["curve"][0] == 0.7);
}

BOOST_AUTO_TEST_CASE(agents_are_told_with_what_their_actions_brought) {
  auto agents = told("agents");
  BOOST_REQUIRE(agents.size() == 5u);
  BOOST_TEST(agents[2]["agent"] == "autotrain");
  BOOST_TEST(agents[2]["trials"] == 4);
  BOOST_TEST(agents[2]["decisions"] == 1);
  BOOST_TEST(agents[2]["rewards"][0]["action"] == "search");
  BOOST_TEST(agents[2]["open_works"].empty());
}

BOOST_AUTO_TEST_CASE(proposals_are_those_of_the_newest_cycle) {
  auto proposals = told("proposals");
  BOOST_REQUIRE(proposals.size() == 2u);
  BOOST_TEST(proposals[0]["id"] == "autotrain/c2/1");
  BOOST_TEST(proposals[0]["status"] == "done");
  BOOST_TEST(proposals[1]["action"] == "evaluate");
}

BOOST_AUTO_TEST_CASE(memory_takes_filters_also_when_the_quotes_are_gone) {
  auto found = told("memory", {"features", "feature=mean(label | user)", "columns=feature,gain"});
  BOOST_TEST(found["table"] == "features");
  BOOST_TEST(found["columns"].size() == 2u);
  BOOST_REQUIRE(found["rows"].size() == 1u);
  BOOST_TEST(found["rows"][0]["status"] == "kept");
  BOOST_TEST(told("memory")["tables"].size() >= 11u);
  BOOST_TEST(refused("memory", {"trails"}) == "memory.no_such_table");
}

BOOST_AUTO_TEST_CASE(explain_gives_the_chain) {
  BOOST_TEST(told("explain", {"champion"})["steps"].size() > 10u);
  BOOST_TEST(refused("explain") == "knowledge.bad_argument");
  BOOST_TEST(refused("explain", {"nobody"}) == "memory.no_such_id");
}

BOOST_AUTO_TEST_CASE(tried_knows_fingerprints) {
  BOOST_TEST(told("tried", {"deepfm-a"})["tried"] == true);
  BOOST_TEST(told("tried", {"deepfm-a"})["row"]["best"] == 0.83);
  BOOST_TEST(told("tried", {"unknown"})["tried"] == false);
}

BOOST_AUTO_TEST_CASE(nearest_trials_are_the_same_with_and_without_the_index) {
  actors::NearTrials near;
  for (const char* asked : {"trial-3", "trial-2", "method=lr", "lr=0.02"}) {
    events::QuestionT question;
    question.topic = "nearest";
    question.arguments = {asked, "k=3"};
    const auto indexed = actors::answer(question, node().store, node().memory, &near);
    BOOST_TEST(!indexed.failure);
    BOOST_TEST(indexed.json == actors::answer(question, node().store, node().memory).json);
  }
}

BOOST_AUTO_TEST_CASE(nearest_takes_a_trial_or_a_configuration) {
  auto near = told("nearest", {"trial-3", "k=2"});
  BOOST_REQUIRE(near.size() == 2u);
  BOOST_TEST(near[0]["trial"] == "trial-3");
  BOOST_TEST(near[0]["distance"] == 0.0);
  near = told("nearest", {"method=fm", "dim=16", "features=mean(label | user)", "k=1"});
  BOOST_TEST(near[0]["trial"] == "trial-2");
  BOOST_TEST(refused("nearest") == "knowledge.bad_argument");
  BOOST_TEST(refused("nearest", {"trial-99"}) == "knowledge.bad_argument");
}

BOOST_AUTO_TEST_CASE(worked_and_failed_give_reasons) {
  auto worked = told("worked");
  BOOST_TEST(worked[0]["gain"] == 0.09);
  BOOST_TEST(std::any_of(worked.begin(), worked.end(), [](const json& row) {
    return row["subject"] == "mean(label | user)" && row["gain"] == 0.09 && row["why"] == "better with it";
  }));
  auto failed = told("failed", {"goal-1"});
  std::map<std::string, std::string> why;
  for (const auto& row : failed) why[row["subject"]] = row["why"];
  BOOST_TEST(why["hour(time)"] == "no more information than chance");
  BOOST_TEST(why["trial-4"] == "the loss is not a number");
  BOOST_TEST(why["trial-5"] == "hopeless: 0.6 after one epoch");
  BOOST_TEST(why["trial-3/int8"] == "-0.002 auc and no faster");
  BOOST_TEST(why["trial-2"] == "it was worse");
  BOOST_TEST(why["profile-1"] == "the worker died");
}

BOOST_AUTO_TEST_CASE(events_are_filtered_and_limited) {
  BOOST_TEST(told("events", {"limit=3"}).size() == 3u);
  auto kept = told("events", {"kind=FeatureKept", "stream=autofeature/main"});
  BOOST_REQUIRE(kept.size() == 1u);
  BOOST_TEST(kept[0]["body"]["feature"] == "mean(label | user)");
  BOOST_TEST(told("events", {"from=100000"}).empty());
  BOOST_TEST(refused("events", {"limit=x"}) == "knowledge.bad_argument");
  BOOST_TEST(refused("events", {"kinds=x"}) == "knowledge.bad_argument");
}

BOOST_AUTO_TEST_CASE(an_unknown_topic_gets_a_suggestion) {
  auto answer = ask(node(), "statsu");
  BOOST_REQUIRE(answer.failure);
  BOOST_TEST(answer.failure->code == "knowledge.unknown_topic");
  BOOST_TEST(answer.failure->hint.find("did you mean 'status'?") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
