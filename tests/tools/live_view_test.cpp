#include "tools/automodel/live_view.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "tests/events/any_table.hpp"
#include "tools/automodel/text.hpp"

using namespace automodel;
using namespace automodel::tools;

namespace {

constexpr std::int64_t second = 1'000'000'000;

template <class T>
events::Recorded recorded(T body, std::int64_t time = 100 * second) {
  events::Recorded event;
  event.stream = "coordinator/main";
  event.correlation = "goal-1";
  event.time = time;
  event.event.body.Set(std::move(body));
  return event;
}

std::unique_ptr<events::MetricT> metric(const std::string& name, double value) {
  auto result = std::make_unique<events::MetricT>();
  result->name = name;
  result->value = value;
  return result;
}

events::GoalAcceptedT accepted() {
  events::GoalAcceptedT body;
  body.goal = std::make_unique<events::GoalT>();
  body.goal->id = "goal-1";
  body.goal->metric = "auc";
  body.goal->budget_seconds = 180;
  body.goal->data = std::make_unique<events::DataRefT>();
  body.goal->data->name = "movielens";
  return body;
}

events::TrialStartedT trial(const std::string& name, std::uint32_t rung = 0) {
  events::TrialStartedT body;
  body.trial = name;
  body.rung = rung;
  body.max_epochs = 4;
  body.config = std::make_unique<events::TrialConfigT>();
  body.config->method = "deepfm";
  return body;
}

events::EpochFinishedT epoch(const std::string& name, std::uint32_t number, double auc) {
  events::EpochFinishedT body;
  body.trial = name;
  body.report = std::make_unique<events::EpochReportT>();
  body.report->epoch = number;
  body.report->metrics.push_back(metric("auc", auc));
  return body;
}

events::ModelPromotedT promoted(const std::string& model, double auc) {
  events::ModelPromotedT body;
  body.model = std::make_unique<events::ModelRefT>();
  body.model->id = model;
  body.model->config = std::make_unique<events::TrialConfigT>();
  body.model->config->method = "lr";
  body.model->metrics.push_back(metric("auc", auc));
  body.reason = "better by 0.01";
  return body;
}

LiveState at_work() {
  LiveState state;
  observe(state, recorded(accepted()));
  events::CycleStartedT cycle;
  cycle.goal = "goal-1";
  cycle.cycle = 2;
  cycle.seconds_left = 90;
  observe(state, recorded(std::move(cycle)));
  observe(state, recorded(trial("trial-1")));
  observe(state, recorded(epoch("trial-1", 1, 0.70)));
  observe(state, recorded(epoch("trial-1", 2, 0.80)));
  observe(state, recorded(promoted("trial-0", 0.8123)));
  return state;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_curve_goes_from_the_lowest_to_the_highest_value) {
  BOOST_TEST(sparkline({0, 0.5, 1}, 8) == "▁▅█");
  BOOST_TEST(sparkline({3, 3}, 8) == "▁▁");
  BOOST_TEST(sparkline({}, 8) == "");
  BOOST_TEST(sparkline({1, 2, 3, 4}, 2) == "▁█");
  BOOST_TEST(sparkline({std::nan(""), 1}, 8) == "▁");
}

BOOST_AUTO_TEST_CASE(the_view_of_a_goal_at_work) {
  const auto lines = render(at_work(), 130 * second, 120, false);
  BOOST_REQUIRE(lines.size() >= 6u);
  BOOST_TEST(lines[0] == "goal-1: auc on movielens  |  cycle 2  |  running");
  BOOST_TEST(lines[1] == "time    ████████░░░░░░░░░░░░░░░░  1 m 00 s of 3 m 00 s left");
  BOOST_TEST(lines[2] == "work    0 trials done, 1 running; features: 0 kept, 0 retired");
  BOOST_TEST(lines[3] == "champion  trial-0 (lr)  auc 0.8123  ▁");
  BOOST_TEST(lines[4] == "  trial-1      deepfm     epoch   2/4  auc 0.8000  ▁█");
}

BOOST_AUTO_TEST_CASE(a_view_fits_any_width_and_has_no_colour_unless_asked) {
  LiveState state = at_work();
  for (int i = 0; i < 20; ++i) observe(state, recorded(trial("trial-" + std::to_string(10 + i))));
  for (const std::size_t width : {std::size_t{1}, std::size_t{20}, std::size_t{80}}) {
    const auto lines = render(state, 130 * second, width, false);
    BOOST_TEST(lines.size() <= 20u);
    for (const auto& line : lines) {
      BOOST_TEST(columns(line) <= width);
      BOOST_TEST(line.find('\x1b') == std::string::npos);
    }
  }
  BOOST_TEST(joined(render(state, 0, 80, true)).find("\x1b[0m") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_trial_that_goes_on_in_a_later_rung_is_one_trial) {
  LiveState state = at_work();
  events::TrialFinishedT finished;
  finished.trial = "trial-1";
  observe(state, recorded(std::move(finished)));
  BOOST_TEST(state.running.empty());
  observe(state, recorded(trial("trial-1", 1)));
  BOOST_TEST(state.trials.size() == 1u);
  BOOST_TEST(state.running.size() == 1u);
}

BOOST_AUTO_TEST_CASE(events_of_another_goal_are_left_out) {
  LiveState state = at_work();
  auto other = recorded(trial("trial-9"));
  other.correlation = "goal-2";
  BOOST_TEST(noteworthy(state, other).empty());
  observe(state, other);
  BOOST_TEST(!state.running.contains("trial-9"));
}

BOOST_AUTO_TEST_CASE(decisions_are_told_in_words) {
  events::DecisionMadeT decision;
  decision.by = "coordinator";
  decision.rationale = "it brought most so far";
  for (const char* name : {"autotrain/c1/1", "autofeature/c1/1"}) {
    decision.options.push_back(std::make_unique<events::OptionT>());
    decision.options.back()->name = name;
  }
  decision.choices = {1};
  BOOST_TEST(noteworthy({}, recorded(decision)) == "coordinator: autofeature/c1/1 — it brought most so far");
  decision.choices = {7};  // an index that no option has
  BOOST_TEST(noteworthy({}, recorded(decision)) == "coordinator: none of them — it brought most so far");
}

BOOST_AUTO_TEST_CASE(a_finished_goal_says_why_and_has_nothing_left) {
  LiveState state = at_work();
  events::GoalFinishedT over;
  over.goal = "goal-1";
  over.reason = "the budget is spent";
  observe(state, recorded(std::move(over)));
  BOOST_TEST(state.state == "finished");
  BOOST_TEST(state.reason == "the budget is spent");
  const auto text = joined(render(state, 1000 * second, 120, false));
  BOOST_TEST(text.find("0.0 s of 3 m 00 s left") != std::string::npos);
  BOOST_TEST(text.find("goal-1 finished: the budget is spent") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_limit_of_trials_is_shown_as_a_bar_of_its_own) {
  auto goal = accepted();
  goal.goal->budget_seconds = 0;
  goal.goal->max_trials = 8;
  LiveState state;
  observe(state, recorded(std::move(goal)));
  observe(state, recorded(trial("trial-1")));
  BOOST_TEST(render(state, 0, 100, false)[1] == "trials  █████████████████████░░░  7 of 8 trials left");
}

BOOST_AUTO_TEST_CASE(incomplete_events_do_no_harm) {
  LiveState state;
  observe(state, recorded(events::GoalAcceptedT{}));
  observe(state, recorded(events::TrialStartedT{}));
  observe(state, recorded(events::EpochFinishedT{}));
  observe(state, recorded(events::TrialFinishedT{}));
  observe(state, recorded(events::ModelPromotedT{}));
  observe(state, recorded(events::ModelRefusedT{}));
  observe(state, recorded(events::JobFailedT{}));
  observe(state, recorded(events::TrialFailedT{}));
  BOOST_TEST(!render(state, 0, 80, false).empty());
}

BOOST_AUTO_TEST_CASE(any_event_can_be_watched_whatever_it_may_lack) {
  const auto seed = std::random_device{}();
  events::testing::AnyTable any(seed);
  any.speak({"goal-1", "trial-1", "trial-2", "auc", "work-1"});
  LiveState state;
  for (int i = 0; i < 400; ++i) {
    any.leave_out(static_cast<unsigned>(i % 60));
    const auto kind = events::EnumValuesEventBody()[1 + i % (std::size(events::EnumValuesEventBody()) - 1)];
    events::Recorded event;
    event.stream = "coordinator/main";
    event.time = i * second;
    event.event = any.event(kind);
    observe(state, event);
    BOOST_TEST(!render(state, event.time, 80, false).empty(), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(neither_a_pause_nor_downtime_gives_spent_time_back) {
  LiveState state;
  observe(state, recorded(accepted(), 100 * second));
  events::GoalPausedT paused;
  paused.goal = "goal-1";
  events::GoalResumedT resumed;
  resumed.goal = "goal-1";
  observe(state, recorded(paused, 140 * second));
  BOOST_TEST(render(state, 900 * second, 120, false)[1].find("2 m 20 s of") != std::string::npos);
  observe(state, recorded(resumed, 1000 * second));
  BOOST_TEST(render(state, 1000 * second, 120, false)[1].find("2 m 20 s of") != std::string::npos);
  // Killed twenty seconds later, going on much later: there was no pause.
  observe(state, recorded(trial("trial-1"), 1020 * second));
  observe(state, recorded(resumed, 5000 * second));
  BOOST_TEST(render(state, 5000 * second, 120, false)[1].find("2 m 00 s of") != std::string::npos);
}
