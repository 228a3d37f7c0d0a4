// Given events, then rows: each family of events and the tables that it fills.
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

#include "history.hpp"
#include "storage/memory/describe.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;
using namespace automodel::events;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

Memory memory_of(const History& history) { return Memory(fold(history.events())); }
const Memory& small() {
  static const Memory memory = memory_of(small_goal());
  return memory;
}

TrialStartedT started(const std::string& trial, std::unique_ptr<TrialConfigT> of) {
  TrialStartedT event;
  event.trial = trial;
  event.config = std::move(of);
  event.goal = "goal-1";
  event.data = events::testing::some_data();
  event.max_epochs = 2;
  return event;
}

TrialFinishedT finished(const std::string& trial, double auc, std::uint32_t first_epoch = 1) {
  TrialFinishedT event;
  event.trial = trial;
  event.model = model(trial, *config("lr", "lr-a"), auc);
  event.result = std::make_unique<TrainResultT>();
  event.result->metrics.push_back(metric("auc", auc));
  event.result->seconds = 2;
  event.result->epochs.push_back(std::make_unique<EpochReportT>());
  event.result->epochs.back()->epoch = first_epoch;
  return event;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_rows)

BOOST_AUTO_TEST_CASE(the_small_goal_holds_every_kind_of_event) {
  std::set<EventBody> seen;
  const auto whole = small_goal();
  for (const auto& event : whole.events()) seen.insert(event.event.body.type);
  for (auto kind : EnumValuesEventBody())
    BOOST_TEST((kind == EventBody::NONE || seen.contains(kind)),
               std::string(kind_name(kind)) + " is missing");
}

BOOST_AUTO_TEST_CASE(every_kind_is_described_in_words) {
  const auto whole = small_goal();
  for (const auto& event : whole.events()) {
    const auto text = describe(event);
    BOOST_TEST(!text.empty());
    if (event.event.body.type != EventBody::ProposalsRequested)
      BOOST_TEST(text != std::string(kind_name(event.event.body.type)));
  }
}

BOOST_AUTO_TEST_CASE(a_goal_whose_node_starts_again_while_it_closes_still_closes) {
  History history;
  GoalAcceptedT accepted;
  accepted.goal = goal("goal-1");
  history.add("coordinator/main", std::move(accepted));
  GoalClosingT closing;
  closing.goal = "goal-1";
  closing.reason = "budget spent";
  history.add("coordinator/main", std::move(closing));
  GoalResumedT resumed;
  resumed.goal = "goal-1";
  resumed.by = "node/start/goal-1";
  history.add("coordinator/main", std::move(resumed));
  const auto row = memory_of(history).find<GoalRowT>("goals", "goal-1");
  BOOST_REQUIRE(row);
  BOOST_TEST(row->status == "closing");
  BOOST_TEST(row->reason == "budget spent");
}

BOOST_AUTO_TEST_CASE(a_goal_counts_what_happened_under_it) {
  auto goal = small().find<GoalRowT>("goals", "goal-1");
  BOOST_REQUIRE(goal);
  BOOST_TEST(goal->status == "finished");
  BOOST_TEST(goal->reason == "the budget is spent");
  BOOST_TEST(goal->cycle == 2u);
  BOOST_TEST(goal->champion == "trial-3");
  BOOST_TEST(goal->trials == 5u);
  BOOST_TEST(goal->trials_failed == 1u);
  BOOST_TEST(goal->decisions == 5u);
  BOOST_TEST(goal->outcomes == 5u);
  BOOST_TEST(goal->features_kept == std::vector<std::string>{"mean(label | user)"},
             boost::test_tools::per_element());
  BOOST_TEST(goal->features_retired == std::vector<std::string>{"hour(time)"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_cycle_knows_its_answers_and_works) {
  auto cycle = small().find<CycleRowT>("cycles", "goal-1/1");
  BOOST_REQUIRE(cycle);
  BOOST_REQUIRE(cycle->answers.size() == 2u);
  BOOST_TEST(cycle->answers[0]->agent == "autofeature");
  BOOST_TEST(cycle->works == std::vector<std::string>{"work-1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_proposal_keeps_its_story) {
  auto done = small().find<ProposalRowT>("proposals", "autofeature/c1/1");
  BOOST_REQUIRE(done);
  BOOST_TEST(done->status == "done");
  BOOST_TEST(done->by == "console");
  BOOST_TEST(done->work == "work-1");
  BOOST_TEST(!done->decision.empty());
  auto vetoed = small().find<ProposalRowT>("proposals", "autotrain/c1/1");
  BOOST_REQUIRE(vetoed);
  BOOST_TEST(vetoed->status == "vetoed");
  BOOST_TEST(vetoed->reason == "later");
}

BOOST_AUTO_TEST_CASE(rewards_say_what_an_action_brought) {
  auto search = small().find<RewardRowT>("rewards", "autotrain/search");
  BOOST_REQUIRE(search);
  BOOST_TEST(search->works == 1u);
  BOOST_TEST(search->mean_inner == 0.05, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(search->outer_count == 1u);
  BOOST_TEST(search->mean_outer == 0.051, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(search->mean_cost == 400000);
  BOOST_TEST(search->gain_per_cost == 0.051 / 400000, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_later_outer_reward_of_one_work_replaces_the_earlier) {
  auto history = small_goal();
  OutcomeObservedT outcome;
  outcome.decision = events::testing::some_event();
  outcome.subject = "work-2";
  outcome.has_outer = true;
  outcome.outer_reward = -0.01;
  history.add("coordinator/main", std::move(outcome));
  auto search = memory_of(history).find<RewardRowT>("rewards", "autotrain/search");
  BOOST_REQUIRE(search);
  BOOST_TEST(search->outer_count == 1u);
  BOOST_TEST(search->mean_outer == -0.01, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(features_keep_figures_and_the_reason_of_their_fate) {
  auto kept = small().find<FeatureRowT>("features", "goal-1/mean(label | user)");
  auto retired = small().find<FeatureRowT>("features", "goal-1/hour(time)");
  BOOST_REQUIRE(kept);
  BOOST_REQUIRE(retired);
  BOOST_TEST(kept->status == "kept");
  BOOST_TEST(kept->family == "history");
  BOOST_TEST(kept->information == 0.08);
  BOOST_REQUIRE(kept->gain);
  BOOST_TEST(kept->gain->value == 0.09);
  BOOST_TEST(retired->status == "retired");
  BOOST_TEST(!retired->passed);
  BOOST_TEST(retired->reason == "no more information than chance");
}

BOOST_AUTO_TEST_CASE(a_retired_feature_that_comes_back_leaves_the_retired_list) {
  auto history = small_goal();
  FeatureKeptT kept;
  kept.feature = "hour(time)";
  kept.goal = "goal-1";
  history.add("autofeature/main", std::move(kept));
  auto goal = memory_of(history).find<GoalRowT>("goals", "goal-1");
  BOOST_TEST(goal->features_retired.empty());
  BOOST_TEST(goal->features_kept.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_finished_trial_has_the_goals_metric_as_its_value) {
  auto trial = small().find<TrialRowT>("trials", "trial-3");
  BOOST_REQUIRE(trial);
  BOOST_TEST(trial->status == "finished");
  BOOST_TEST(trial->metric == "auc");
  BOOST_TEST(trial->has_value);
  BOOST_TEST(trial->value == 0.83);
  BOOST_TEST(trial->epochs.size() == 2u);
  BOOST_TEST(trial->data == "d47a");
  BOOST_TEST(trial->work == "work-2");
}

BOOST_AUTO_TEST_CASE(failed_and_stopped_trials_keep_their_reason) {
  auto failed = small().find<TrialRowT>("trials", "trial-4");
  BOOST_REQUIRE((failed && failed->failure));
  BOOST_TEST(failed->failure->code == "jobs.nan");
  BOOST_TEST(!failed->has_value);
  auto stopped = small().find<TrialRowT>("trials", "trial-5");
  BOOST_REQUIRE(stopped);
  BOOST_TEST(stopped->status == "stopped");
  BOOST_TEST(stopped->value == 0.6);
  BOOST_TEST(stopped->reason == "hopeless: 0.6 after one epoch");
}

BOOST_AUTO_TEST_CASE(a_trial_over_two_rungs_is_one_trial) {
  History history;
  GoalAcceptedT accepted;
  accepted.goal = goal("goal-1");
  history.add("coordinator/main", std::move(accepted));
  history.add("autotrain/main", started("trial-1", config("lr", "f")));
  history.add("autotrain/main", finished("trial-1", 0.7, 1));
  auto second = started("trial-1", config("lr", "f"));
  second.rung = 1;
  history.add("autotrain/main", std::move(second));
  history.add("autotrain/main", finished("trial-1", 0.75, 2));
  auto memory = memory_of(history);
  auto trial = memory.find<TrialRowT>("trials", "trial-1");
  BOOST_TEST(trial->epochs.size() == 2u);
  BOOST_TEST(trial->seconds == 4);
  BOOST_TEST(trial->value == 0.75);
  BOOST_TEST(trial->started == "autotrain/main#1");
  BOOST_TEST(memory.find<GoalRowT>("goals", "goal-1")->trials == 1u);
  auto print = memory.find<FingerprintRowT>("fingerprints", "f");
  BOOST_TEST(print->finished == 1u);
  BOOST_TEST(print->mean == 0.75);
}

BOOST_AUTO_TEST_CASE(a_fingerprint_gathers_its_seeds) {
  History history;
  history.add("autotrain/main", started("trial-1", config("lr", "f", {}, {}, 1)));
  history.add("autotrain/main", finished("trial-1", 0.7));
  history.add("autotrain/main", started("trial-2", config("lr", "f", {}, {}, 2)));
  history.add("autotrain/main", finished("trial-2", 0.8));
  auto memory = memory_of(history);
  BOOST_TEST(memory.tried("f"));
  BOOST_TEST(!memory.tried("g"));
  auto print = memory.find<FingerprintRowT>("fingerprints", "f");
  BOOST_TEST(print->seeds.size() == 2u);
  BOOST_TEST(print->mean == 0.75, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(print->best == 0.8);
}

BOOST_AUTO_TEST_CASE(failed_configurations_count_as_tried) { BOOST_TEST(small().tried("deepfm-b")); }

BOOST_AUTO_TEST_CASE(models_know_what_became_of_them) {
  auto champion = small().find<ModelRowT>("models", "trial-3");
  BOOST_REQUIRE(champion);
  BOOST_TEST(champion->status == "champion");
  BOOST_TEST(champion->measured);
  BOOST_REQUIRE((champion->comparison && champion->comparison->difference));
  BOOST_TEST(champion->comparison->difference->low == 0.04);
  BOOST_TEST(small().find<ModelRowT>("models", "trial-2")->status == "rolled-back");
  auto small_one = small().find<ModelRowT>("models", "trial-3/int8");
  BOOST_TEST(small_one->status == "refused");
  BOOST_TEST(small_one->source == "trial-3");
  BOOST_TEST(small_one->trial == "trial-3");
}

BOOST_AUTO_TEST_CASE(deployments_are_a_log) {
  std::vector<std::string> kinds;
  for (const auto& row : small().all<DeploymentRowT>("deployments", "goal-1/autoperf/"))
    kinds.push_back(row.kind);
  BOOST_TEST(kinds.size() == 4u);
}

BOOST_AUTO_TEST_CASE(outcomes_are_tied_to_their_decision) {
  auto about = small().indexed<DecisionRowT>("decisions_by_subject", "work-2", "decisions");
  BOOST_REQUIRE(about.size() == 1u);
  BOOST_TEST(about[0].chosen == std::vector<std::string>{"deepfm-a"}, boost::test_tools::per_element());
  BOOST_REQUIRE(about[0].outcomes.size() == 1u);
  auto outcome = small().find<OutcomeRowT>("outcomes", about[0].outcomes[0]);
  BOOST_REQUIRE(outcome);
  BOOST_TEST(outcome->decision == about[0].ref);
  BOOST_TEST((about[0].verdict == Verdict::Better));
}

BOOST_AUTO_TEST_CASE(reports_and_failures_are_kept) {
  auto report = small().find<GoalReportRowT>("reports", "goal-1");
  BOOST_REQUIRE(report);
  BOOST_TEST(report->status == "produced");
  BOOST_TEST(report->champion == "trial-3");
  BOOST_REQUIRE(report->rows.size() == 1u);
  auto failures = small().all<FailureRowT>("failures");
  BOOST_REQUIRE(failures.size() == 1u);
  BOOST_TEST(failures[0].job == "profile-1");
}

BOOST_AUTO_TEST_CASE(indexes_find_the_trials_of_a_goal) {
  BOOST_TEST(small().indexed<TrialRowT>("trials_by_goal", "goal-1", "trials").size() == 5u);
  BOOST_TEST(small().indexed<TrialRowT>("trials_by_goal", "goal-2", "trials").empty());
}

BOOST_AUTO_TEST_CASE(an_event_without_a_body_changes_nothing) {
  MapRows rows;
  Recorded event;
  event.stream = "autotrain/main";
  event.version = 1;
  const auto before = digest(*memory_projection(), rows);
  memory_projection()->apply(rows, event);
  BOOST_TEST((digest(*memory_projection(), rows) == before));
}

BOOST_AUTO_TEST_CASE(long_names_get_keys_of_their_own) {
  const std::string a(600, 'x'), b = a + "y";
  BOOST_TEST(memory_key(a).size() <= 200u);
  BOOST_TEST(memory_key(a) != memory_key(b));
  BOOST_TEST(memory_key("count(user)") == "count(user)");
}

BOOST_AUTO_TEST_CASE(the_same_events_in_any_number_of_runs_give_the_same_rows) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const auto whole = small_goal();
  for (int run = 0; run < 20; ++run) {
    // Any order and any loss must be harmless and repeatable: apply is total.
    auto events = whole.events();
    std::shuffle(events.begin(), events.end(), random);
    events.resize(1 + random() % events.size());
    BOOST_TEST((digest(*memory_projection(), *fold(events)) == digest(*memory_projection(), *fold(events))));
  }
}

BOOST_AUTO_TEST_CASE(a_method_that_was_added_keeps_its_lineage_and_what_its_trials_reached) {
  auto history = small_goal();
  const auto add = [&](const std::string& name, const std::string& parent, const std::string& change) {
    MethodAddedT added;
    added.card = std::make_unique<CardT>();
    added.card->name = name;
    added.card->parent = parent;
    added.card->change = change;
    added.card->text = "+++\n+++\n$$ y = 1 $$";
    added.by = "autotrain";
    added.goal = "goal-1";
    history.add("autotrain/main", std::move(added));
  };
  const auto train = [&](const std::string& trial, double auc) {
    TrialStartedT started;
    started.trial = trial;
    started.goal = "goal-1";
    started.data = events::testing::some_data();
    started.config = std::make_unique<TrialConfigT>();
    started.config->method = "fm-with-deep-gating-deep";
    history.add("autotrain/main", std::move(started));
    TrialFinishedT finished;
    finished.trial = trial;
    finished.model = std::make_unique<ModelRefT>();
    finished.result = std::make_unique<TrainResultT>();
    finished.result->metrics.push_back(std::make_unique<MetricT>());
    finished.result->metrics[0]->name = "auc";
    finished.result->metrics[0]->value = auc;
    history.add("autotrain/main", std::move(finished));
  };
  add("fm-with-deep", "fm", "adds a deep network");
  add("fm-with-deep-gating-deep", "fm-with-deep", "lets the deep part pass a gate");
  train("trial-91", 0.8);
  train("trial-92", 0.79);
  const auto memory = memory_of(history);
  auto method = memory.find<MethodRowT>("methods", "fm-with-deep-gating-deep");
  BOOST_REQUIRE(method);
  BOOST_TEST(method->lineage == (std::vector<std::string>{"fm-with-deep", "fm"}), boost::test_tools::per_element());
  BOOST_TEST(method->trials == 2u);
  BOOST_TEST(method->metric == "auc");
  BOOST_TEST(method->best == 0.8);
  BOOST_TEST(method->by == "autotrain");
  auto library = memory.find<MethodRowT>("methods", "deepfm");
  BOOST_REQUIRE(library);  // of the history's own trials
  BOOST_TEST(library->ref.empty());
  BOOST_TEST(library->trials > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nearest_configurations)

BOOST_AUTO_TEST_CASE(distance_is_zero_for_the_same_and_symmetric) {
  auto a = config("deepfm", "", {{"lr", "0.001"}, {"hidden", "128,64"}}, {"count(user)"});
  auto b = config("deepfm", "", {{"lr", "0.01"}, {"hidden", "128,128"}}, {"count(user)", "count(item)"}, 9);
  BOOST_TEST(distance(*a, *a) == 0);
  BOOST_TEST(distance(*a, *b) == distance(*b, *a));
  // lr: half of a factor of 100; hidden: half of log 2 / log 100; features: one of two.
  BOOST_TEST(distance(*a, *b) == (0.5 + 0.5 * std::log(2.0) / std::log(100.0) + 0.5) / 5,
             boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_nearest_trial_comes_first_and_failed_ones_count) {
  auto wish = config("deepfm", "", {{"dim", "60"}, {"lr", "0.1"}}, {"mean(label | user)"});
  auto near = nearest(small(), *wish, 2);
  BOOST_REQUIRE(near.size() == 2u);
  BOOST_TEST(near[0].trial == "trial-4");
  BOOST_TEST(near[1].trial == "trial-3");
}

BOOST_AUTO_TEST_SUITE_END()
