#include "tools/automodel/report_facts.hpp"

#include <algorithm>
#include <set>

namespace automodel::tools {
namespace {

std::string method_of(const storage::Memory& memory, const events::ReportRowT& row) {
  if (auto model = memory.find<events::ModelRowT>("models", row.model);
      model && model->model && model->model->config)
    return model->model->config->method;
  if (auto trial = memory.find<events::TrialRowT>("trials", row.model); trial && trial->config)
    return trial->config->method;
  return row.name;
}

/// The best by the goal's metric; a row that lacks it is no candidate.
const ReportLine* best(const std::vector<ReportLine>& lines, const std::string& metric) {
  const bool low = storage::lower_is_better(metric);
  const ReportLine* found = nullptr;
  for (const ReportLine& line : lines) {
    const auto* value = metric_of(line.row, metric);
    if (!value) continue;
    const auto* other = found ? metric_of(found->row, metric) : nullptr;
    if (!other || (low ? value->value < other->value : value->value > other->value)) found = &line;
  }
  return found;
}

void take_rows(const storage::Memory& memory, const events::GoalReportRowT& report, ReportFacts& facts) {
  for (const auto& row : report.rows) {
    if (!row) continue;
    ReportLine line{row->name, method_of(memory, *row), *row};
    if (!facts.champion && row->model == report.champion)
      facts.champion = std::move(line);
    else
      facts.baselines.push_back(std::move(line));
  }
}

void take_gain(const std::string& metric, ReportFacts& facts) {
  const ReportLine* other = facts.champion ? best(facts.baselines, metric) : nullptr;
  if (!other || !other->row.difference) return;
  const auto& difference = *other->row.difference;
  facts.gain = Gain{metric, other->name, difference.value, difference.low, difference.high};
}

void take_promotions(const storage::Memory& memory, const std::string& goal, ReportFacts& facts) {
  auto deployments = memory.all<events::DeploymentRowT>("deployments", goal + "/");
  std::ranges::stable_sort(deployments, {}, &events::DeploymentRowT::time);
  for (const auto& deployment : deployments)
    if (deployment.kind == "promoted" || deployment.kind == "rolled-back")
      if (auto model = memory.find<events::ModelRowT>("models", deployment.model)) {
        model->reason = deployment.reason;
        facts.lineage.push_back(std::move(*model));
      }
}

}  // namespace

const events::MetricT* metric_of(const events::ReportRowT& row, const std::string& name) {
  for (const auto& metric : row.metrics)
    if (metric && metric->name == name) return metric.get();
  return nullptr;
}

Result<ReportFacts> report_facts(const storage::Memory& memory, const std::string& goal) {
  auto row = memory.find<events::GoalRowT>("goals", goal);
  if (!row)
    return fail("memory.no_such_goal", "no goal is called '" + goal + "'", {},
                "automodel memory show goals lists them");
  auto report = memory.find<events::GoalReportRowT>("reports", goal);
  if (!report || report->status != "produced")
    return fail("memory.no_report", goal + " has no report yet", {}, "it is made when the goal ends");
  ReportFacts facts;
  facts.goal = std::move(*row);
  take_rows(memory, *report, facts);
  take_gain(facts.goal.goal ? facts.goal.goal->metric : "auc", facts);
  for (auto& feature : memory.all<events::FeatureRowT>("features", goal + "/")) {
    if (feature.status == "kept")
      facts.kept.push_back(std::move(feature));
    else if (feature.status == "retired")
      facts.retired.push_back(std::move(feature));
  }
  std::set<std::string> methods;
  for (const auto& trial : memory.indexed<events::TrialRowT>("trials_by_goal", goal, "trials"))
    if (trial.config) methods.insert(trial.config->method);
  facts.methods.assign(methods.begin(), methods.end());
  for (auto& outcome : memory.indexed<events::OutcomeRowT>("outcomes_by_goal", goal, "outcomes")) {
    using V = events::Verdict;
    if (outcome.verdict == V::Worse || outcome.verdict == V::NoDifference || outcome.verdict == V::Failed)
      facts.negative.push_back(outcome);
    facts.outcomes.push_back(std::move(outcome));
  }
  const auto by_time = [](const auto& a, const auto& b) { return a.time < b.time; };
  std::ranges::stable_sort(facts.outcomes, by_time);
  std::ranges::stable_sort(facts.negative, by_time);
  take_promotions(memory, goal, facts);
  facts.rewards = memory.all<events::RewardRowT>("rewards");
  return facts;
}

}  // namespace automodel::tools
