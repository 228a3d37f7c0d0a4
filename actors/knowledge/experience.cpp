// What was tried, what lies near, what worked and what did not.
#include <algorithm>
#include <charconv>

#include "actors/knowledge/topics.hpp"
#include "storage/memory/describe.hpp"
#include "storage/memory/query.hpp"

namespace automodel::actors::knowledge {

namespace {

using nlohmann::json;

std::vector<std::string> parts(const std::string& text, char between) {
  std::vector<std::string> list{""};
  for (char c : text) {
    if (c == between)
      list.emplace_back();
    else
      list.back() += c;
  }
  std::erase(list, "");
  return list;
}

struct Near {
  events::TrialConfigT config;
  std::size_t k = 5;
};

/// A known trial or fingerprint gives its configuration; KEY=VALUE words make or change one.
Result<Near> near_of(const Asked& asked) {
  Near near;
  bool given = false;
  for (const auto& argument : asked.arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos) {
      auto trial = asked.memory.find<events::TrialRowT>("trials", argument);
      auto print = asked.memory.find<events::FingerprintRowT>("fingerprints", argument);
      if (trial && trial->config) {
        near.config = *trial->config;
      } else if (print && print->config) {
        near.config = *print->config;
      } else {
        return fail(
            "knowledge.bad_argument", "no trial and no fingerprint '" + argument + "'", "nearest",
            "name a trial, or a configuration: method=deepfm lr=0.001 features=count(user);count(item)");
      }
      given = true;
      continue;
    }
    const auto name = argument.substr(0, equals), value = argument.substr(equals + 1);
    if (name == "k") {
      auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), near.k);
      if (error != std::errc() || end != value.data() + value.size() || near.k == 0)
        return fail("knowledge.bad_argument", "k is a whole number above 0, not '" + value + "'", "nearest");
      continue;
    }
    given = true;
    if (name == "method") {
      near.config.method = value;
    } else if (name == "features") {
      near.config.features = parts(value, ';');
    } else {
      auto known = std::find_if(near.config.settings.begin(), near.config.settings.end(),
                                [&](const auto& setting) { return setting && setting->name == name; });
      if (known == near.config.settings.end())
        known = near.config.settings.insert(known, std::make_unique<events::SettingT>());
      (*known)->name = name;
      (*known)->value = value;
    }
  }
  if (!given)
    return fail("knowledge.bad_argument", "nearest to what?", "nearest",
                "name a trial, or a configuration: method=deepfm lr=0.001");
  return near;
}

struct Finding {
  std::string kind;  // feature, trial, work, model, job
  std::string subject;
  std::string status;
  double gain = 0;
  std::string why;
  std::string ref;
  std::int64_t time = 0;
};

json listed(std::vector<Finding> findings, bool by_gain) {
  std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
    if (by_gain && a.gain != b.gain) return a.gain > b.gain;
    return a.time > b.time;
  });
  auto list = json::array();
  for (const auto& f : findings)
    list.push_back({{"kind", f.kind},
                    {"subject", f.subject},
                    {"status", f.status},
                    {"gain", f.gain},
                    {"why", f.why},
                    {"ref", f.ref},
                    {"time", storage::time_text(f.time)}});
  return list;
}

/// Without a named goal: all of memory. A named one must exist.
Result<std::string> wanted_goal(const Asked& asked) {
  if (asked.arguments.empty()) return std::string();
  auto goal = goal_of(asked);
  if (!goal) return fail(goal.error());
  return goal->id;
}

/// All rows of a table, or those that an index has for one goal.
template <class Row>
std::vector<Row> rows_of(const Asked& asked, const std::string& goal, std::string_view table,
                         std::string_view index) {
  return goal.empty() ? asked.memory.all<Row>(table) : asked.memory.indexed<Row>(index, goal, table);
}

/// The beginning of a goal's keys in tables that are ordered by goal.
std::string prefix_of(const std::string& goal) { return goal.empty() ? goal : goal + "/"; }

void add_features(std::vector<Finding>& findings, const Asked& asked, const std::string& goal,
                  const std::string& status) {
  for (const auto& row : asked.memory.all<events::FeatureRowT>("features", prefix_of(goal)))
    if (row.status == status && (goal.empty() || row.goal == goal))
      findings.push_back({"feature", row.feature, row.status, row.gain ? row.gain->value : 0, row.reason,
                          row.decided, row.time});
}

void add_deployments(std::vector<Finding>& findings, const Asked& asked, const std::string& goal, bool good) {
  for (const auto& row : asked.memory.all<events::DeploymentRowT>("deployments", prefix_of(goal))) {
    const bool wanted = good ? row.kind == "promoted" : row.kind == "refused" || row.kind == "rolled-back";
    if (!wanted || (!goal.empty() && row.goal != goal)) continue;
    // A roll-back speaks against the model that it left, not the one that it went back to.
    const auto& subject = row.kind == "rolled-back" ? row.previous : row.model;
    auto model = asked.memory.find<events::ModelRowT>("models", subject);
    const double gain = model && model->comparison && model->comparison->difference
                            ? model->comparison->difference->value
                            : 0;
    findings.push_back({"model", subject, row.kind, gain, row.reason, row.ref, row.time});
  }
}

void add_outcomes(std::vector<Finding>& findings, const Asked& asked, const std::string& goal, bool good) {
  using events::Verdict;
  for (const auto& row : rows_of<events::OutcomeRowT>(asked, goal, "outcomes", "outcomes_by_goal")) {
    const bool wanted = good ? row.verdict == Verdict::Better
                             : row.verdict == Verdict::Worse || row.verdict == Verdict::NoDifference ||
                                   row.verdict == Verdict::Failed;
    if (!wanted || (!goal.empty() && row.goal != goal)) continue;
    const double gain = row.has_outer ? row.outer_reward : row.has_inner ? row.inner_reward : 0;
    findings.push_back({"decision", row.subject, events::EnumNameVerdict(row.verdict), gain,
                        row.conclusion.empty() ? row.what : row.conclusion, row.ref, row.time});
  }
}

}  // namespace

Told tried(const Asked& asked) {
  if (asked.arguments.size() != 1)
    return fail("knowledge.bad_argument", "tried wants one fingerprint", {},
                "`memory fingerprints` lists them");
  const auto& fingerprint = asked.arguments.front();
  auto row = storage::row_as_json(asked.memory.rows(), "fingerprints", fingerprint);
  if (!row) return fail(row.error());
  return json{{"fingerprint", fingerprint},
              {"tried", asked.memory.tried(fingerprint)},
              {"row", row->value_or(json())}};
}

Told nearest(const Asked& asked) {
  auto near = near_of(asked);
  if (!near) return fail(near.error());
  Result<std::vector<events::TrialRowT>> trials;
  if (asked.near)
    trials = asked.near->nearest(asked.store, asked.memory, near->config, near->k);
  else
    trials = storage::nearest(asked.memory, near->config, near->k);
  if (!trials) return fail(trials.error());
  auto list = json::array();
  for (const auto& trial : *trials)
    list.push_back({{"distance", storage::distance(near->config, *trial.config)},
                    {"trial", trial.trial},
                    {"status", trial.status},
                    {"goal", trial.goal},
                    {"metric", trial.metric},
                    {"value", trial.has_value ? json(trial.value) : json()},
                    {"config", storage::describe(*trial.config)},
                    {"fingerprint", trial.config->fingerprint},
                    {"why", trial.failure ? trial.failure->message : trial.reason}});
  return list;
}

Told worked(const Asked& asked) {
  auto goal = wanted_goal(asked);
  if (!goal) return fail(goal.error());
  std::vector<Finding> findings;
  add_features(findings, asked, *goal, "kept");
  add_deployments(findings, asked, *goal, true);
  add_outcomes(findings, asked, *goal, true);
  return listed(std::move(findings), true);
}

Told failed(const Asked& asked) {
  auto goal = wanted_goal(asked);
  if (!goal) return fail(goal.error());
  const auto wanted = [&](const std::string& of) { return goal->empty() || of == *goal; };
  std::vector<Finding> findings;
  add_features(findings, asked, *goal, "retired");
  add_deployments(findings, asked, *goal, false);
  add_outcomes(findings, asked, *goal, false);
  for (const auto& row : rows_of<events::TrialRowT>(asked, *goal, "trials", "trials_by_goal")) {
    if (!wanted(row.goal) || (row.status != "failed" && row.status != "stopped")) continue;
    findings.push_back({"trial", row.trial, row.status, 0, row.failure ? row.failure->message : row.reason,
                        row.ended, row.ended_time});
  }
  for (const auto& row : rows_of<events::WorkRowT>(asked, *goal, "works", "works_by_goal"))
    if (wanted(row.goal) && row.status == "failed")
      findings.push_back({"work", row.id, row.status, row.reward,
                          row.failure ? row.failure->message : row.conclusion, row.finished,
                          row.finished_time});
  for (const auto& row : asked.memory.all<events::FailureRowT>("failures"))
    if (wanted(row.goal))
      findings.push_back(
          {"job", row.job, "failed", 0, row.failure ? row.failure->message : "", row.ref, row.time});
  return listed(std::move(findings), false);
}

}  // namespace automodel::actors::knowledge
