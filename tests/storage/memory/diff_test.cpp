#include "storage/memory/diff.hpp"

#include <boost/test/unit_test.hpp>

#include "history.hpp"
#include "storage/memory/past.hpp"
#include "storage/memory/query.hpp"
#include "tests/events/some_parts.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

std::shared_ptr<MapRows> until(std::size_t events) {
  const auto all = small_goal().events();
  return fold({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(events)});
}

std::size_t all_events() { return small_goal().events().size(); }

std::vector<RowChange> between(const RowReader& before, const RowReader& after, std::string_view table = {}) {
  auto found = differences(before, after, table);
  BOOST_REQUIRE_MESSAGE(found, (found ? "" : to_string(found.error())));
  return std::move(*found);
}

const FieldChange* field(const RowChange& change, const std::string& name) {
  for (const auto& one : change.fields)
    if (one.field == name) return &one;
  return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_diff)

BOOST_AUTO_TEST_CASE(the_same_memory_differs_in_nothing) {
  const auto rows = until(all_events());
  BOOST_TEST(between(*rows, *rows).empty());
  BOOST_TEST(learnt_between(Memory(rows), Memory(rows)).empty());
}

BOOST_AUTO_TEST_CASE(rows_of_every_table_are_added_from_nothing_and_removed_to_it) {
  const auto nothing = until(0), everything = until(all_events());
  std::size_t rows = 0;
  for (const auto& [table, count] : row_counts(*everything)) {
    const auto added = between(*nothing, *everything, table), removed = between(*everything, *nothing, table);
    BOOST_TEST(added.size() == count, table);
    BOOST_TEST(removed.size() == count, table);
    for (const auto& change : added)
      BOOST_TEST((change.kind == RowChange::Kind::added && change.row.is_object()));
    for (const auto& change : removed) BOOST_TEST((change.kind == RowChange::Kind::removed));
    rows += count;
  }
  BOOST_TEST(between(*nothing, *everything).size() == rows);
}

BOOST_AUTO_TEST_CASE(changed_rows_name_each_field_with_what_it_was_and_is) {
  const auto before = until(all_events());
  const auto after = until(all_events());
  auto trial = *Memory(before).find<events::TrialRowT>("trials", "trial-3");
  trial.status = "stopped";
  trial.config->method = "fm";
  trial.metrics.at(0)->value = 0.5;
  trial.config->features.push_back("hour(time)");
  trial.reason.clear();
  after->put("trials", "trial-3", events::pack(trial));
  const auto changes = between(*before, *after);
  BOOST_REQUIRE(changes.size() == 1u);
  BOOST_TEST(changes[0].key == "trial-3");
  BOOST_TEST(changes[0].fields.size() == 4u);
  const auto* status = field(changes[0], "status");
  BOOST_REQUIRE(status);
  BOOST_TEST(status->from == "finished");
  BOOST_TEST(status->to == "stopped");
  BOOST_REQUIRE(field(changes[0], "config.method"));
  const auto* auc = field(changes[0], "metrics.auc");
  BOOST_REQUIRE(auc);
  BOOST_TEST(auc->from == 0.83);
  BOOST_TEST(auc->to == 0.5);
  const auto text = as_text(changes[0]);
  BOOST_TEST(text.find("~ trials trial-3\n") == 0u);
  BOOST_TEST(text.find("    status: finished → stopped\n") != std::string::npos, text);
  BOOST_TEST(text.find("    config.features: +hour(time)\n") != std::string::npos, text);
  const auto json = as_json(changes[0]);
  BOOST_TEST(json["change"] == "changed");
  BOOST_TEST(json["fields"].size() == 4u);
}

BOOST_AUTO_TEST_CASE(what_two_steps_change_is_what_both_together_change) {
  // Applying the recorded changes to the rows before gives the rows after, for every cut of the history.
  const auto end = all_events();
  for (std::size_t cut = 0; cut <= end; cut += 11) {
    const auto before = until(cut), after = until(end);
    for (const auto& change : between(*before, *after)) {
      const auto row = *row_as_json(*after, change.table, change.key);
      BOOST_REQUIRE(row);  // this history removes nothing
      for (const auto& one : change.fields) BOOST_TEST((one.from != one.to), change.table + " " + one.field);
      if (change.kind == RowChange::Kind::added) BOOST_TEST((change.row == *row));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_head_says_what_the_goal_learnt) {
  auto history = small_goal();
  events::OutcomeObservedT worse;
  worse.decision = events::testing::some_event();
  worse.subject = "trial-2";
  worse.verdict = events::Verdict::Worse;
  worse.conclusion = "fm does not reach deepfm";
  const auto ref = history.add("autotrain/main", std::move(worse));
  const auto learnt = learnt_between(Memory(until(0)), Memory(fold(history.events())));
  BOOST_REQUIRE(learnt.size() == 1u);
  const auto& goal = learnt[0];
  BOOST_TEST(goal.fresh);
  BOOST_TEST(goal.trials_now == 5u);
  BOOST_TEST(goal.finished == 3u);
  BOOST_TEST(goal.failed == 1u);
  BOOST_TEST(goal.stopped == 1u);
  BOOST_REQUIRE(goal.best_now);
  BOOST_TEST(goal.best_now->trial == "trial-3");
  BOOST_TEST(!goal.best_before);
  BOOST_TEST(goal.champion_now == "trial-3");
  BOOST_TEST(goal.features_kept.size() == 1u);
  BOOST_REQUIRE(goal.negative.size() == 1u);
  BOOST_TEST(goal.negative[0].ref == ref);
  const auto text = as_text(goal);
  BOOST_TEST(text.find("  5 new trials: 3 finished, 1 stopped, 1 failed; 5 in all\n") != std::string::npos,
             text);
  BOOST_TEST(text.find("  champion none → trial-3\n") != std::string::npos, text);
  BOOST_TEST(text.find("trial-2: fm does not reach deepfm\n") != std::string::npos, text);
  BOOST_TEST(as_json(goal)["best"]["to"]["trial"] == "trial-3");
}

BOOST_AUTO_TEST_CASE(an_unknown_table_is_an_error) {
  const auto rows = until(0);
  const auto found = differences(*rows, *rows, "trails");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == "memory.no_such_table");
}

BOOST_AUTO_TEST_SUITE_END()
