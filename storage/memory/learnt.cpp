// What each goal learnt between two moments, for the head of a comparison.
#include <algorithm>
#include <set>

#include "storage/memory/diff.hpp"
#include "storage/memory/query.hpp"
#include "storage/memory/words.hpp"

namespace automodel::storage {

namespace {

using events::GoalRowT;
using events::OutcomeRowT;
using events::TrialRowT;
using events::Verdict;
using nlohmann::json;

bool is_negative(const OutcomeRowT& row) {
  return row.verdict == Verdict::Worse || row.verdict == Verdict::NoDifference ||
         row.verdict == Verdict::Failed;
}

std::vector<std::string> only_in(const std::vector<std::string>& now,
                                 const std::vector<std::string>& before) {
  std::vector<std::string> fresh;
  for (const auto& name : now)
    if (std::find(before.begin(), before.end(), name) == before.end()) fresh.push_back(name);
  return fresh;
}

std::optional<Learnt::Best> best_of(const std::vector<TrialRowT>& trials, const std::string& metric) {
  std::optional<Learnt::Best> best;
  for (const auto& trial : trials) {
    if (!trial.has_value) continue;
    const bool better =
        !best || (lower_is_better(metric) ? trial.value < best->value : trial.value > best->value);
    if (better) best = Learnt::Best{trial.trial, trial.value};
  }
  return best;
}

void count_trials(const Memory& before, const Memory& after, Learnt& learnt) {
  const auto then = before.indexed<TrialRowT>("trials_by_goal", learnt.goal, "trials");
  const auto now = after.indexed<TrialRowT>("trials_by_goal", learnt.goal, "trials");
  std::set<std::string> known;
  for (const auto& trial : then) known.insert(trial.trial);
  for (const auto& trial : now) {
    if (known.contains(trial.trial)) continue;
    auto& count = trial.status == "finished"  ? learnt.finished
                  : trial.status == "stopped" ? learnt.stopped
                  : trial.status == "failed"  ? learnt.failed
                                              : learnt.running;
    ++count;
  }
  learnt.trials_before = static_cast<std::uint32_t>(then.size());
  learnt.trials_now = static_cast<std::uint32_t>(now.size());
  learnt.best_before = best_of(then, learnt.metric);
  learnt.best_now = best_of(now, learnt.metric);
}

/// Rows of `goal` that were not there before, oldest first.
template <class Row>
std::vector<Row> new_rows(const std::string& goal, const std::vector<Row>& before,
                          const std::vector<Row>& after) {
  std::set<std::string> known;
  for (const auto& row : before) known.insert(row.ref);
  std::vector<Row> fresh;
  for (const auto& row : after)
    if (row.goal == goal && !known.contains(row.ref)) fresh.push_back(row);
  std::stable_sort(fresh.begin(), fresh.end(), [](const Row& a, const Row& b) {
    return a.time != b.time ? a.time < b.time : natural_compare(a.ref, b.ref) < 0;
  });
  return fresh;
}

bool nothing_new(const Learnt& learnt) {
  return !learnt.fresh && learnt.status_before == learnt.status_now &&
         learnt.trials_before == learnt.trials_now && learnt.features_kept.empty() &&
         learnt.features_retired.empty() && learnt.deployments.empty() && learnt.negative.empty() &&
         learnt.champion_before == learnt.champion_now &&
         (learnt.best_before ? learnt.best_before->value : 0) ==
             (learnt.best_now ? learnt.best_now->value : 0);
}

json json_of(const std::optional<Learnt::Best>& best) {
  return best ? json{{"trial", best->trial}, {"value", best->value}} : json();
}

std::string text_of(const std::optional<Learnt::Best>& best) {
  return best ? words::number(best->value) + " (" + best->trial + ")" : "none";
}

std::string line(const std::string& text) { return text.empty() ? "" : "  " + text + "\n"; }

std::string trials_line(const Learnt& learnt) {
  const auto fresh = learnt.trials_now - learnt.trials_before;
  if (fresh == 0) return {};
  std::vector<std::string> parts;
  const auto part = [&](std::uint32_t count, const char* what) {
    if (count > 0) parts.push_back(std::to_string(count) + " " + what);
  };
  part(learnt.finished, "finished");
  part(learnt.stopped, "stopped");
  part(learnt.failed, "failed");
  part(learnt.running, "running");
  return words::counted(fresh, "new trial") + ": " + words::joined(parts) + "; " +
         std::to_string(learnt.trials_now) + " in all";
}

std::string best_line(const Learnt& learnt) {
  if (!learnt.best_now) return {};
  const auto name = "best " + (learnt.metric.empty() ? "value" : learnt.metric);
  if (learnt.best_before && learnt.best_before->value == learnt.best_now->value)
    return name + " still " + text_of(learnt.best_now);
  return name + " " + text_of(learnt.best_before) + " → " + text_of(learnt.best_now);
}

std::string features_line(const char* what, const std::vector<std::string>& features) {
  return features.empty()
             ? std::string()
             : words::counted(features.size(), "feature") + " " + what + ": " + words::joined(features);
}

std::string champion_lines(const Learnt& learnt) {
  std::string text;
  if (learnt.champion_before != learnt.champion_now)
    text += line("champion " + (learnt.champion_before.empty() ? "none" : learnt.champion_before) + " → " +
                 (learnt.champion_now.empty() ? "none" : learnt.champion_now));
  for (const auto& row : learnt.deployments)
    if (row.kind != "served")
      text += "    " + row.model + " " + row.kind + words::after(": ", row.reason) + "  (" + row.ref + ")\n";
  return text;
}

}  // namespace

std::vector<Learnt> learnt_between(const Memory& before, const Memory& after) {
  const auto outcomes_then = before.all<OutcomeRowT>("outcomes"),
             outcomes_now = after.all<OutcomeRowT>("outcomes");
  const auto served_then = before.all<events::DeploymentRowT>("deployments"),
             served_now = after.all<events::DeploymentRowT>("deployments");
  std::vector<Learnt> found;
  for (const auto& now : after.all<GoalRowT>("goals")) {
    const auto row = before.find<GoalRowT>("goals", now.id);
    const GoalRowT then = row.value_or(GoalRowT{});
    Learnt learnt;
    learnt.goal = now.id;
    learnt.metric = now.goal ? now.goal->metric : "";
    learnt.fresh = !row;
    learnt.status_before = then.status;
    learnt.status_now = now.status;
    count_trials(before, after, learnt);
    learnt.features_kept = only_in(now.features_kept, then.features_kept);
    learnt.features_retired = only_in(now.features_retired, then.features_retired);
    learnt.champion_before = then.champion;
    learnt.champion_now = now.champion;
    learnt.deployments = new_rows(now.id, served_then, served_now);
    learnt.negative = new_rows(now.id, outcomes_then, outcomes_now);
    std::erase_if(learnt.negative, [](const OutcomeRowT& outcome) { return !is_negative(outcome); });
    if (!nothing_new(learnt)) found.push_back(std::move(learnt));
  }
  std::sort(found.begin(), found.end(),
            [](const Learnt& a, const Learnt& b) { return natural_compare(a.goal, b.goal) < 0; });
  return found;
}

std::string as_text(const Learnt& learnt) {
  std::string text = learnt.goal + (learnt.metric.empty() ? "" : " (" + learnt.metric + ")");
  if (learnt.fresh)
    text += ", new, " + learnt.status_now;
  else if (learnt.status_before != learnt.status_now)
    text += ", " + learnt.status_before + " → " + learnt.status_now;
  text += "\n" + line(trials_line(learnt)) + line(best_line(learnt)) +
          line(features_line("kept", learnt.features_kept)) +
          line(features_line("retired", learnt.features_retired)) + champion_lines(learnt);
  if (learnt.negative.empty()) return text;
  text += line(words::counted(learnt.negative.size(), "new negative result") + ":");
  for (const auto& outcome : learnt.negative)
    text += "    " + outcome.ref + "  " + outcome.subject + ": " +
            (outcome.conclusion.empty() ? outcome.what : outcome.conclusion) + "\n";
  return text;
}

json as_json(const Learnt& learnt) {
  json champions = json::array(), negative = json::array();
  for (const auto& row : learnt.deployments)
    champions.push_back({{"kind", row.kind},
                         {"model", row.model},
                         {"previous", row.previous},
                         {"reason", row.reason},
                         {"ref", row.ref}});
  for (const auto& row : learnt.negative)
    negative.push_back({{"ref", row.ref},
                        {"subject", row.subject},
                        {"verdict", events::EnumNameVerdict(row.verdict)},
                        {"conclusion", row.conclusion}});
  return {{"goal", learnt.goal},
          {"metric", learnt.metric},
          {"status", {{"from", learnt.status_before}, {"to", learnt.status_now}}},
          {"trials",
           {{"from", learnt.trials_before},
            {"to", learnt.trials_now},
            {"finished", learnt.finished},
            {"stopped", learnt.stopped},
            {"failed", learnt.failed},
            {"running", learnt.running}}},
          {"best", {{"from", json_of(learnt.best_before)}, {"to", json_of(learnt.best_now)}}},
          {"champion", {{"from", learnt.champion_before}, {"to", learnt.champion_now}}},
          {"deployments", std::move(champions)},
          {"features_kept", learnt.features_kept},
          {"features_retired", learnt.features_retired},
          {"negative_results", std::move(negative)}};
}

}  // namespace automodel::storage
