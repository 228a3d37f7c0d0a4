#include "tools/automodel/report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "actors/session/duration.hpp"
#include "tools/automodel/report_facts.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using nlohmann::json;

constexpr std::size_t shown = 12;  // lines of a list; the rest is a command away

std::string cell(const events::ReportRowT& row, const std::string& name) {
  const auto* metric = metric_of(row, name);
  if (!metric) return "-";
  std::string text = fixed(metric->value, 4);
  if (metric->has_interval) text += " [" + fixed(metric->low, 4) + ", " + fixed(metric->high, 4) + "]";
  return text;
}

std::string difference_cell(const events::ReportRowT& row) {
  if (!row.difference || row.difference->name.empty()) return "";
  const auto& d = *row.difference;
  std::string text = (d.value >= 0 ? "+" : "") + fixed(d.value, 4);
  if (d.has_interval) text += " [" + fixed(d.low, 4) + ", " + fixed(d.high, 4) + "]";
  return text;
}

std::vector<std::string> columns_of(const std::string& metric) {
  std::vector<std::string> names = {"auc", "logloss", "ndcg10"};
  if (std::ranges::find(names, metric) == names.end()) names.insert(names.begin(), metric);
  return names;
}

std::string head(const ReportFacts& facts) {
  const auto& goal = facts.goal;
  const std::string metric = goal.goal ? goal.goal->metric : "";
  const std::string data = goal.goal && goal.goal->data ? goal.goal->data->name : "";
  std::string text = "Report of " + goal.id + ": improve " + metric + " on " + data + "\n\n";
  if (!facts.champion) return text + "No model was promoted.\n";
  text += "The champion is " + facts.champion->row.model + " (" + facts.champion->method + ").";
  if (const auto& gain = facts.gain; gain) {
    text += " On the test slice, which no decision looked at, its " + gain->metric + " is " +
            fixed(std::abs(gain->value), 4) + (gain->value >= 0 ? " better" : " worse") +
            " than that of the best method at its default settings, " + gain->over +
            " (95 % interval of the paired difference: " + fixed(gain->low, 4) + " to " +
            fixed(gain->high, 4) + ").";
    if (gain->low <= 0 && gain->high >= 0) text += " That is no clear difference.";
  }
  return text + "\n";
}

std::string comparison(const ReportFacts& facts) {
  const std::string metric = facts.goal.goal ? facts.goal.goal->metric : "auc";
  const auto names = columns_of(metric);
  std::vector<std::vector<std::string>> rows = {{"test slice"}};
  rows[0].insert(rows[0].end(), names.begin(), names.end());
  rows[0].push_back("champion better by (" + metric + ")");
  const auto add = [&](const ReportLine& line, const std::string& name) {
    std::vector<std::string> cells = {name};
    for (const auto& column : names) cells.push_back(cell(line.row, column));
    cells.push_back(difference_cell(line.row));
    rows.push_back(std::move(cells));
  };
  if (facts.champion) add(*facts.champion, "champion: " + facts.champion->method);
  for (const auto& line : facts.baselines) add(line, line.name);
  return rows.size() == 1 ? "" : "\n" + table_text(rows) + "In brackets: 95 % intervals.\n";
}

std::string feature_list(const char* title, const std::vector<events::FeatureRowT>& features) {
  std::string text = "\n" + std::string(title) + " (" + std::to_string(features.size()) + ")\n";
  for (std::size_t i = 0; i < std::min(shown, features.size()); ++i)
    text += "  " + features[i].feature + " — " +
            (features[i].reason.empty() ? "no reason given" : features[i].reason) + "\n";
  if (features.size() > shown) text += "  … and " + std::to_string(features.size() - shown) + " more\n";
  return text;
}

std::string learnt(const ReportFacts& facts) {
  auto rewards = facts.rewards;
  std::erase_if(rewards, [](const auto& row) { return row.works == 0; });
  if (rewards.empty()) return {};
  std::ranges::stable_sort(rewards, [](const auto& a, const auto& b) { return a.mean_outer > b.mean_outer; });
  std::vector<std::vector<std::string>> rows = {
      {"what was learnt", "times", "failed", "own reward", "gain of the goal"}};
  for (const auto& row : rewards)
    rows.push_back({row.agent + "/" + row.action, std::to_string(row.works), std::to_string(row.failed),
                    fixed(row.mean_inner, 5), row.outer_count == 0 ? "not known" : fixed(row.mean_outer, 5)});
  return "\n" + table_text(rows);
}

std::string outcome_list(const char* title, const std::vector<events::OutcomeRowT>& outcomes) {
  std::string text = "\n" + std::string(title) + " (" + std::to_string(outcomes.size()) + ")\n";
  const std::size_t first = outcomes.size() > shown ? outcomes.size() - shown : 0;
  if (first > 0) text += "  … " + std::to_string(first) + " earlier ones: automodel memory show outcomes\n";
  for (std::size_t i = first; i < outcomes.size(); ++i)
    text += "  " + outcomes[i].subject + ": " +
            (outcomes[i].conclusion.empty() ? outcomes[i].what : outcomes[i].conclusion) + "\n";
  return text;
}

std::string lineage(const ReportFacts& facts) {
  if (facts.lineage.empty()) return {};
  std::string text = "\nHow the champion came about\n";
  std::size_t number = 0;
  for (const auto& row : facts.lineage) {
    text += "  " + std::to_string(++number) + ". " + row.id;
    if (row.model && row.model->config) {
      text += " (" + row.model->config->method;
      for (const auto& setting : row.model->config->settings)
        if (setting) text += ", " + setting->name + "=" + setting->value;
      text += ", " + std::to_string(row.model->config->features.size()) + " features)";
    }
    if (!row.source.empty()) text += " from " + row.source;
    text += row.reason.empty() ? "\n" : " — " + row.reason + "\n";
  }
  return text;
}

json metrics_json(const std::vector<std::unique_ptr<events::MetricT>>& metrics) {
  json object = json::object();
  for (const auto& metric : metrics)
    if (metric) object[metric->name] = metric->value;
  return object;
}

}  // namespace

Result<std::string> report_text(const storage::Memory& memory, const std::string& goal,
                                const std::string& store) {
  auto facts = report_facts(memory, goal);
  if (!facts) return fail(facts.error());
  const auto& row = facts->goal;
  std::string text = head(*facts) + comparison(*facts);
  text += feature_list("Features kept", facts->kept) + feature_list("Features retired", facts->retired);
  text += lineage(*facts) + learnt(*facts) + outcome_list("Negative results", facts->negative);
  text += "\n" + std::to_string(row.trials) + " trials of " + std::to_string(facts->methods.size()) +
          " methods, " + std::to_string(row.decisions) + " decisions, " + std::to_string(row.outcomes) +
          " outcomes, " + std::to_string(row.cycle) + " cycles in " + actors::duration_text(row.seconds) +
          ". It ended because: " + row.reason + "\n";
  text += "\nHow to go on\n";
  text += "  automodel explain champion --store " + store + "       why this model, step by step\n";
  text += "  automodel recommend --user ID --store " + store + "    what it recommends\n";
  text += "  automodel memory show features --store " + store + "   what was tried\n";
  text += "  automodel replay --verify --store " + store + "        that memory is what the events say\n";
  text += "  the same evolve again works on from here: what was tried is not tried again\n";
  return text;
}

Result<json> report_json(const storage::Memory& memory, const std::string& goal, std::uint64_t events) {
  auto facts = report_facts(memory, goal);
  if (!facts) return fail(facts.error());
  const auto& row = facts->goal;
  json result = {{"goal", row.id},
                 {"champion", nullptr},
                 {"baselines", json::array()},
                 {"gain", nullptr},
                 {"trials", row.trials},
                 {"methods", facts->methods.size()},
                 {"features_kept", facts->kept.size()},
                 {"features_retired", facts->retired.size()},
                 {"negative_results", facts->negative.size()},
                 {"decisions", row.decisions},
                 {"outcomes", row.outcomes},
                 {"events", events},
                 {"seconds", row.seconds},
                 {"cycles", row.cycle},
                 {"reason", row.reason}};
  if (facts->champion)
    result["champion"] = {{"id", facts->champion->row.model},
                          {"method", facts->champion->method},
                          {"test", metrics_json(facts->champion->row.metrics)}};
  for (const auto& line : facts->baselines)
    result["baselines"].push_back(
        {{"name", line.name}, {"method", line.method}, {"test", metrics_json(line.row.metrics)}});
  if (facts->gain)
    result["gain"] = {{"metric", facts->gain->metric},
                      {"value", facts->gain->value},
                      {"over", facts->gain->over},
                      {"ci", {facts->gain->low, facts->gain->high}}};
  return result;
}

std::string current_goal(const storage::Memory& memory) {
  std::string open, newest;
  std::int64_t open_time = 0, newest_time = 0;
  for (const auto& row : memory.all<events::GoalRowT>("goals")) {
    if (newest.empty() || row.time >= newest_time) {
      newest = row.id;
      newest_time = row.time;
    }
    if (row.status != "finished" && (open.empty() || row.time >= open_time)) {
      open = row.id;
      open_time = row.time;
    }
  }
  return open.empty() ? newest : open;
}

}  // namespace automodel::tools
