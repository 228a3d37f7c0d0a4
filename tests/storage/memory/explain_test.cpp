#include "storage/memory/explain.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "history.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

const HistoryStore& store() {
  static const HistoryStore made(small_goal());
  return made;
}

Explanation why(const std::string& id) {
  auto found = explain(store(), id);
  BOOST_REQUIRE_MESSAGE(found, id + ": " + (found ? "" : to_string(found.error())));
  return *found;
}

bool has(const Explanation& explanation, const std::string& kind, const std::string& words) {
  return std::any_of(explanation.steps.begin(), explanation.steps.end(), [&](const ExplainStep& step) {
    return step.kind == kind && step.text.find(words) != std::string::npos;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_explain)

BOOST_AUTO_TEST_CASE(the_champion_is_explained_from_goal_to_promotion) {
  auto found = why("champion");
  BOOST_REQUIRE(!found.steps.empty());
  BOOST_TEST(found.steps.front().kind == "GoalAccepted");
  BOOST_TEST(has(found, "ProposalsReceived", "autotrain/c2/1"));
  BOOST_TEST(has(found, "DecisionMade", "coordinator chose autotrain/c2/1 (option 1) out of 2 options"));
  BOOST_TEST(has(found, "DecisionMade", "autotrain chose deepfm-a"));
  BOOST_TEST(has(found, "FeatureKept", "mean(label | user) kept, +0.09 auc (95 % interval 0.08 to 0.1)"));
  BOOST_TEST(has(found, "TrialFinished", "trial-3 finished: auc 0.83"));
  BOOST_TEST(has(found, "CandidateCompared", "+0.051 auc (95 % interval 0.04 to 0.06)"));
  BOOST_TEST(has(found, "ModelPromoted", "trial-3 (deepfm) promoted over ftrial-1"));
  BOOST_TEST(has(found, "OutcomeObserved", "outer reward 0.051"));
  BOOST_TEST(!has(found, "FeatureRetired", "hour(time)"));
  BOOST_TEST(!has(found, "TrialFailed", "trial-4"));
  BOOST_TEST(std::is_sorted(found.steps.begin(), found.steps.end(),
                            [](const auto& a, const auto& b) { return a.sequence < b.sequence; }));
}

BOOST_AUTO_TEST_CASE(every_decision_shown_names_evidence_that_exists) {
  for (const auto& step : why("champion").steps) {
    if (step.kind != "DecisionMade") continue;
    BOOST_TEST(!step.evidence.empty(), step.ref + " has none");
    for (const auto& name : step.evidence) {
      auto parsed = events::parse_reference(name);
      BOOST_REQUIRE(parsed);
      BOOST_TEST(store().find(parsed->stream, parsed->version)->has_value(), name + " does not exist");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_failed_trial_is_explained_with_its_failure) {
  auto found = why("trial-4");
  BOOST_TEST(found.title == "trial trial-4");
  BOOST_TEST(has(found, "TrialFailed", "the loss is not a number [jobs.nan]"));
  BOOST_TEST(has(found, "WorkAssigned", "work-2"));
}

BOOST_AUTO_TEST_CASE(ids_of_every_kind_are_understood) {
  BOOST_TEST(why("goal-1").title == "goal goal-1");
  BOOST_TEST(why("work-1").title == "work work-1");
  BOOST_TEST(why("autofeature/c1/1").title == "proposal autofeature/c1/1");
  BOOST_TEST(why("trial-3/int8").title == "model trial-3/int8");
  BOOST_TEST(why("hour(time)").title == "feature hour(time)");
  BOOST_TEST(has(why("hour(time)"), "FeatureRetired", "no more information than chance"));
  auto by_reference = why("autoperf/main#2"), by_sequence = why("1");
  BOOST_TEST(by_reference.title == "event autoperf/main#2");
  BOOST_TEST(by_sequence.title == "event coordinator/main#1");
}

BOOST_AUTO_TEST_CASE(a_causation_chain_is_followed_back) {
  // The recommender served because of the promotion, which came of the comparison.
  auto found = why("recommender/main#1");
  BOOST_TEST(has(found, "ModelServed", "trial-3"));
  BOOST_TEST(has(found, "ModelPromoted", "trial-3"));
  BOOST_TEST(has(found, "CandidateCompared", "trial-3"));
}

BOOST_AUTO_TEST_CASE(a_trial_of_a_changed_method_is_explained_by_its_lineage_as_equations) {
  auto history = small_goal();
  const auto add = [&](const std::string& name, const std::string& parent, const std::string& equation) {
    events::MethodAddedT added;
    added.card = std::make_unique<events::CardT>();
    added.card->name = name;
    added.card->parent = parent;
    added.card->change = "changes " + parent;
    added.card->text = "+++\nmethod = \"" + name + "\"\n+++\n$$ " + equation + " $$\n";
    added.by = "autotrain";
    history.add("autotrain/main", std::move(added));
  };
  add("fm-with-deep", "fm", "y = x");
  add("fm-with-deep-gating-deep", "fm-with-deep", "x \\leftarrow g x");
  events::TrialStartedT started;
  started.trial = "trial-91";
  started.goal = "goal-1";
  started.data = events::testing::some_data();
  started.config = std::make_unique<events::TrialConfigT>();
  started.config->method = "fm-with-deep-gating-deep";
  history.add("autotrain/main", std::move(started));
  const auto found = explain(HistoryStore(history), "trial-91");
  BOOST_REQUIRE(found);
  BOOST_TEST(has(*found, "MethodAdded", "it changes fm; $$ y = x $$"));
  BOOST_TEST(has(*found, "MethodAdded", "it changes fm-with-deep; $$ x \\leftarrow g x $$"));
  const auto method = explain(HistoryStore(history), "fm-with-deep");
  BOOST_REQUIRE(method);
  BOOST_TEST(method->title == "method fm-with-deep");
}

BOOST_AUTO_TEST_CASE(an_unknown_id_is_an_error_with_a_suggestion) {
  auto found = explain(store(), "trail-3");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == "memory.no_such_id");
  BOOST_TEST(found.error().hint.find("did you mean 'trial-3'?") == 0u);
  BOOST_TEST(explain(store(), "99999").error().code == "memory.no_such_id");
}

BOOST_AUTO_TEST_CASE(without_a_promotion_there_is_no_champion_to_explain) {
  auto found = explain(HistoryStore(History()), "champion");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == "memory.no_champion");
}

BOOST_AUTO_TEST_CASE(text_is_wrapped_and_json_has_all_steps) {
  auto found = why("champion");
  const auto text = as_text(found, 80);
  BOOST_TEST_MESSAGE(text);
  BOOST_TEST(text.find("1. GoalAccepted  coordinator/main#1") != std::string::npos);
  auto json = as_json(found);
  BOOST_TEST(json["steps"].size() == found.steps.size());
  BOOST_TEST(json["steps"][0]["ref"] == "coordinator/main#1");
}

BOOST_AUTO_TEST_SUITE_END()
