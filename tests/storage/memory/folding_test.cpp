// Runs of events folded with rows kept unpacked give the rows that events applied one by one give.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>

#include "history.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

/// Events of the small goal in any order, repeated and left out, each at a place of its own: `apply` is
/// total.
std::vector<events::Recorded> random_history(std::mt19937_64& random, std::size_t length) {
  const auto whole = small_goal();
  const auto& known = whole.events();
  History history;
  for (std::size_t i = 0; i < length; ++i) {
    const auto& event = known[random() % known.size()];
    history.append(event.stream, event.event, event.causation, random() % 8 == 0 ? "" : event.correlation);
  }
  return history.events();
}

MapRows folded(const std::vector<events::Recorded>& history, std::size_t batch) {
  MapRows rows;
  const auto projection = memory_projection();
  for (std::size_t i = 0; i < history.size();) {
    const auto fold = projection->fold(rows);
    for (const auto end = std::min(history.size(), i + batch); i < end; ++i) {
      const auto bytes = events::pack(history[i].event);
      fold->apply({history[i].sequence,
                   history[i].stream,
                   history[i].version,
                   history[i].time,
                   history[i].correlation,
                   flatbuffers::GetRoot<events::Event>(bytes.data()),
                   {}});
    }
    fold->finish();
  }
  return rows;
}

/// Every row of memory, to say which one differs.
std::map<std::string, events::Bytes> listed(const RowReader& rows) {
  std::map<std::string, events::Bytes> all;
  for (const auto& table : memory_projection()->tables())
    rows.scan(table, {}, [&](std::string_view key, events::ByteView row) {
      all.emplace(table + " " + std::string(key), events::Bytes(row.begin(), row.end()));
      return true;
    });
  return all;
}

void check_equal(const RowReader& got, const RowReader& wanted) {
  const auto a = listed(got), b = listed(wanted);
  BOOST_TEST(a.size() == b.size());
  for (const auto& [key, row] : b) {
    const auto found = a.find(key);
    BOOST_TEST((found != a.end() && found->second == row), "the row differs: " << key);
  }
  BOOST_TEST((digest(*memory_projection(), got) == digest(*memory_projection(), wanted)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory_folding)

BOOST_AUTO_TEST_CASE(any_size_of_batch_gives_the_rows_of_event_by_event) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int run = 0; run < 4; ++run) {
    const auto history = run == 0 ? small_goal().events() : random_history(random, 200 + random() % 900);
    const auto plain = fold(history);
    for (const std::size_t batch : {std::size_t{1}, std::size_t{7}, std::size_t{512}, history.size()})
      check_equal(folded(history, batch), *plain);
  }
}

BOOST_AUTO_TEST_CASE(a_batch_that_was_not_finished_leaves_no_trace) {
  const auto history = small_goal().events();
  MapRows rows;
  {
    const auto fold = memory_projection()->fold(rows);
    for (const auto& event : history) {
      const auto bytes = events::pack(event.event);
      fold->apply({event.sequence,
                   event.stream,
                   event.version,
                   event.time,
                   event.correlation,
                   flatbuffers::GetRoot<events::Event>(bytes.data()),
                   {}});
    }
  }
  BOOST_TEST(listed(rows).empty());
}

BOOST_AUTO_TEST_CASE(agents_are_counted) {
  const Memory memory(fold(small_goal().events()));
  std::map<std::string, std::uint32_t> decisions, outcomes, trials;
  for (const auto& row : memory.all<events::DecisionRowT>("decisions")) ++decisions[row.by];
  for (const auto& row : memory.all<events::OutcomeRowT>("outcomes")) ++outcomes[row.by];
  for (const auto& row : memory.all<events::TrialRowT>("trials")) ++trials[row.agent];
  BOOST_TEST(!decisions.empty());
  for (const auto& agent : memory.all<events::AgentRowT>("agents")) {
    BOOST_TEST(agent.decisions == decisions[agent.agent], agent.agent);
    BOOST_TEST(agent.outcomes == outcomes[agent.agent], agent.agent);
    BOOST_TEST(agent.trials == trials[agent.agent], agent.agent);
    BOOST_TEST(agent.open_works.empty());
    decisions.erase(agent.agent);
  }
  BOOST_TEST(decisions.empty());
}

BOOST_AUTO_TEST_CASE(the_newest_decisions_of_a_goal_come_first) {
  const Memory memory(fold(small_goal().events()));
  const auto all = memory.indexed<events::DecisionRowT>("decisions_by_goal", "goal-1", "decisions");
  BOOST_TEST(all.size() == memory.find<events::GoalRowT>("goals", "goal-1")->decisions);
  BOOST_TEST(
      std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.time > b.time; }));
  const auto two = memory.indexed<events::DecisionRowT>("decisions_by_goal", "goal-1", "decisions", 2);
  BOOST_REQUIRE(two.size() == 2u);
  BOOST_TEST(two[0].ref == all[0].ref);
}

BOOST_AUTO_TEST_CASE(what_belongs_to_a_goal_is_indexed) {
  const Memory memory(fold(small_goal().events()));
  const auto outcomes = memory.indexed<events::OutcomeRowT>("outcomes_by_goal", "goal-1", "outcomes");
  BOOST_TEST(outcomes.size() == memory.all<events::OutcomeRowT>("outcomes").size());
  const auto works = memory.indexed<events::WorkRowT>("works_by_goal", "goal-1", "works");
  BOOST_TEST(works.size() == memory.all<events::WorkRowT>("works").size());
  std::size_t proposals = 0;
  for (const auto& row : memory.all<events::ProposalRowT>("proposals")) proposals += row.cycle == 1;
  BOOST_TEST(memory.indexed<events::ProposalRowT>("proposals_by_cycle", "goal-1/1", "proposals").size() ==
             proposals);
}

BOOST_AUTO_TEST_SUITE_END()
