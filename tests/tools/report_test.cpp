#include "tools/automodel/report.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>

using namespace automodel;
using namespace automodel::tools;

namespace {

/// A memory folded from events that a test gives.
class History {
 public:
  template <class T>
  void add(const std::string& stream, T body) {
    events::Recorded event;
    event.stream = stream;
    event.version = ++versions_[stream];
    event.sequence = ++sequence_;
    event.time = static_cast<std::int64_t>(sequence_) * 1'000'000'000;
    event.correlation = "goal-1";
    event.event.body.Set(std::move(body));
    projection_->apply(*rows_, event);
  }
  storage::Memory memory() const { return storage::Memory(rows_); }

 private:
  std::shared_ptr<storage::MapRows> rows_ = std::make_shared<storage::MapRows>();
  std::shared_ptr<storage::Projection> projection_ = storage::memory_projection();
  std::map<std::string, std::uint64_t> versions_;
  std::uint64_t sequence_ = 0;
};

std::unique_ptr<events::MetricT> metric(const std::string& name, double value, double low = 0,
                                        double high = 0) {
  auto result = std::make_unique<events::MetricT>();
  result->name = name;
  result->value = value;
  result->has_interval = low != high;
  result->low = low;
  result->high = high;
  return result;
}

std::unique_ptr<events::ModelRefT> model(const std::string& id, const std::string& method) {
  auto result = std::make_unique<events::ModelRefT>();
  result->id = id;
  result->config = std::make_unique<events::TrialConfigT>();
  result->config->method = method;
  result->config->fingerprint = id;
  return result;
}

void train(History& history, const std::string& trial, const std::string& method) {
  events::TrialStartedT started;
  started.trial = trial;
  started.goal = "goal-1";
  started.config = std::make_unique<events::TrialConfigT>();
  started.config->method = method;
  started.config->fingerprint = trial;
  history.add("autotrain/main", std::move(started));
  events::TrialFinishedT finished;
  finished.trial = trial;
  finished.result = std::make_unique<events::TrainResultT>();
  finished.model = model(trial, method);
  history.add("autotrain/main", std::move(finished));
}

std::unique_ptr<events::ReportRowT> row(const std::string& name, const std::string& id, double auc,
                                        double gain) {
  auto result = std::make_unique<events::ReportRowT>();
  result->name = name;
  result->model = id;
  result->metrics.push_back(metric("auc", auc, auc - 0.01, auc + 0.01));
  result->metrics.push_back(metric("logloss", 0.5));
  result->metrics.push_back(metric("ndcg10", 0.7));
  if (gain != 0) result->difference = metric("auc", gain, gain - 0.005, gain + 0.005);
  return result;
}

void accept(History& history) {
  events::GoalAcceptedT accepted;
  accepted.goal = std::make_unique<events::GoalT>();
  accepted.goal->id = "goal-1";
  accepted.goal->metric = "auc";
  accepted.goal->data = std::make_unique<events::DataRefT>();
  accepted.goal->data->name = "movielens";
  history.add("coordinator/main", std::move(accepted));
}

void report(History& history, bool with_champion = true) {
  events::ReportRequestedT asked;
  asked.goal = "goal-1";
  if (with_champion) asked.champion = model("trial-3", "deepfm");
  for (const auto& [id, method] : {std::pair{"trial-1", "lr"}, std::pair{"trial-2", "fm"}})
    asked.baselines.push_back(model(id, method));
  history.add("coordinator/main", std::move(asked));
  events::ReportProducedT produced;
  produced.goal = "goal-1";
  if (with_champion) produced.rows.push_back(row("champion", "trial-3", 0.84, 0));
  produced.rows.push_back(row("lr", "trial-1", 0.80, with_champion ? 0.04 : 0));
  produced.rows.push_back(row("fm", "trial-2", 0.82, with_champion ? 0.02 : 0));
  history.add("coordinator/main", std::move(produced));
  events::GoalFinishedT over;
  over.goal = "goal-1";
  over.reason = "the budget is spent";
  over.seconds = 180;
  history.add("coordinator/main", std::move(over));
}

History whole() {
  History history;
  accept(history);
  train(history, "trial-1", "lr");
  train(history, "trial-2", "fm");
  train(history, "trial-3", "deepfm");
  events::FeatureKeptT kept;
  kept.feature = "mean(label | item)";
  kept.reason = "auc rose by 0.01";
  kept.goal = "goal-1";
  history.add("autofeature/main", std::move(kept));
  events::FeatureRetiredT retired;
  retired.feature = "hour(time)";
  retired.reason = "no information beyond chance";
  retired.goal = "goal-1";
  history.add("autofeature/main", std::move(retired));
  events::OutcomeObservedT outcome;
  outcome.subject = "work-2";
  outcome.verdict = events::Verdict::NoDifference;
  outcome.conclusion = "wider layers brought nothing";
  history.add("autotrain/main", std::move(outcome));
  events::ModelPromotedT promoted;
  promoted.model = model("trial-3", "deepfm");
  promoted.reason = "better on the promotion slice";
  promoted.goal = "goal-1";
  history.add("autoperf/main", std::move(promoted));
  report(history);
  return history;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_report_compares_the_champion_with_the_best_default_method) {
  const auto result = report_json(whole().memory(), "goal-1", 42).value();
  BOOST_TEST(result["goal"] == "goal-1");
  BOOST_TEST(result["champion"]["id"] == "trial-3");
  BOOST_TEST(result["champion"]["method"] == "deepfm");
  BOOST_TEST(result["champion"]["test"]["auc"] == 0.84);
  BOOST_TEST(result["baselines"].size() == 2u);
  BOOST_TEST(result["gain"]["over"] == "fm");
  BOOST_TEST(result["gain"]["value"] == 0.02);
  BOOST_TEST(result["gain"]["ci"][0].get<double>() == 0.015, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(result["trials"] == 3);
  BOOST_TEST(result["methods"] == 3);
  BOOST_TEST(result["features_kept"] == 1);
  BOOST_TEST(result["features_retired"] == 1);
  BOOST_TEST(result["negative_results"] == 1);
  BOOST_TEST(result["events"] == 42);
  for (const char* key : {"decisions", "outcomes", "seconds"}) BOOST_TEST(result.contains(key), key);
}

BOOST_AUTO_TEST_CASE(a_report_tells_what_was_kept_retired_and_learnt_with_reasons) {
  const std::string text = report_text(whole().memory(), "goal-1", "var/store").value();
  for (const char* part :
       {"improve auc on movielens", "trial-3 (deepfm)", "0.0200 better", "champion: deepfm",
        "0.8400 [0.8300, 0.8500]", "mean(label | item) — auc rose by 0.01",
        "hour(time) — no information beyond chance", "wider layers brought nothing",
        "better on the promotion slice", "the budget is spent", "--store var/store"})
    BOOST_TEST(text.find(part) != std::string::npos, part << " is missing in\n" << text);
}

BOOST_AUTO_TEST_CASE(a_report_without_a_champion_says_so) {
  History history;
  accept(history);
  train(history, "trial-1", "lr");
  report(history, false);
  BOOST_TEST(report_text(history.memory(), "goal-1", "s").value().find("No model was promoted") !=
             std::string::npos);
  const auto result = report_json(history.memory(), "goal-1", 1).value();
  BOOST_TEST(result["champion"].is_null());
  BOOST_TEST(result["gain"].is_null());
}

BOOST_AUTO_TEST_CASE(an_unfinished_or_unknown_goal_has_no_report) {
  History history;
  BOOST_TEST(current_goal(history.memory()).empty());
  BOOST_TEST(report_text(history.memory(), "goal-1", "s").error().code == "memory.no_such_goal");
  accept(history);
  BOOST_TEST(current_goal(history.memory()) == "goal-1");
  BOOST_TEST(report_text(history.memory(), "goal-1", "s").error().code == "memory.no_report");
}
