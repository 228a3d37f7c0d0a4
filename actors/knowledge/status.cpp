// How things stand: the goal, the agents, the proposals of the open cycle.
#include <algorithm>
#include <map>

#include "actors/knowledge/topics.hpp"
#include "storage/memory/query.hpp"

namespace automodel::actors::knowledge {

namespace {

using nlohmann::json;

json figures(const std::vector<std::unique_ptr<events::MetricT>>& metrics) {
  auto values = json::object();
  for (const auto& metric : metrics)
    if (metric) values[metric->name] = metric->value;
  return values;
}

json told(const events::DecisionRowT& row) {
  return {{"ref", row.ref},
          {"by", row.by},
          {"question", row.question},
          {"chosen", row.chosen},
          {"options", row.options.size()},
          {"rationale", row.rationale},
          {"expected_gain", row.expected_gain},
          {"verdict", events::EnumNameVerdict(row.verdict)},
          {"time", storage::time_text(row.time)}};
}

json last_decisions(const storage::Memory& memory, const std::string& goal, std::size_t count) {
  auto list = json::array();
  for (const auto& row : memory.indexed<events::DecisionRowT>("decisions_by_goal", goal, "decisions", count))
    list.push_back(told(row));
  return list;
}

json running_trials(const storage::Memory& memory, const std::string& goal) {
  auto list = json::array();
  for (const auto& trial : memory.indexed<events::TrialRowT>("trials_by_goal", goal, "trials")) {
    if (trial.status != "running") continue;
    auto curve = json::array();
    for (const auto& epoch : trial.epochs)
      for (const auto& metric : epoch->metrics)
        if (metric && metric->name == trial.metric) curve.push_back(metric->value);
    list.push_back({{"trial", trial.trial},
                    {"method", trial.config ? trial.config->method : ""},
                    {"purpose", trial.purpose},
                    {"agent", trial.agent},
                    {"epoch", trial.epochs.empty() ? 0 : trial.epochs.back()->epoch},
                    {"max_epochs", trial.max_epochs},
                    {"curve", std::move(curve)}});
  }
  return list;
}

/// The offers of the open cycle that a person has yet to judge; empty where the goal waits for nobody.
std::vector<std::string> awaiting_person(const storage::Memory& memory, const events::GoalRowT& goal) {
  if (!goal.goal || !goal.goal->ask || goal.status != "open") return {};
  const auto key = goal.id + "/" + std::to_string(goal.cycle);
  const auto cycle = memory.find<events::CycleRowT>("cycles", key);
  if (!cycle || cycle->answers.size() < cycle->asked.size()) return {};  // an agent is still being asked
  std::vector<std::string> waiting;
  for (const auto& row : memory.indexed<events::ProposalRowT>("proposals_by_cycle", key, "proposals")) {
    if (row.action == "evaluate") continue;
    if (row.status == "offered")
      waiting.push_back(row.id);
    else if (row.status != "approved" && row.status != "vetoed")
      return {};  // the cycle's choice is made
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const auto& a, const auto& b) { return storage::natural_compare(a, b) < 0; });
  return waiting;
}

void tell_who_is_waited_for(const storage::Memory& memory, const events::GoalRowT& goal, json& answer) {
  std::string names;
  for (const auto& proposal : awaiting_person(memory, goal)) names += (names.empty() ? "" : ", ") + proposal;
  if (names.empty()) return;
  answer["waits_for"] = "a person to judge " + names;
  answer["answer_with"] = "approve PROPOSAL, or veto PROPOSAL REASON; proposals shows what they are";
}

void tell_what_is_at_risk(const storage::EventStore& store, json& answer) {
  if (const auto lately = store.at_risk(); lately.count() > 0)
    answer["at_risk"] =
        "the store is relaxed: a power cut may undo the last " + std::to_string(lately.count()) + " ms";
}

}  // namespace

Result<events::GoalRowT> goal_of(const Asked& asked) {
  if (!asked.arguments.empty()) {
    const auto& name = asked.arguments.front();
    if (auto row = asked.memory.find<events::GoalRowT>("goals", name)) return std::move(*row);
    std::vector<std::string> known;
    for (const auto& row : asked.memory.all<events::GoalRowT>("goals")) known.push_back(row.id);
    auto meant = storage::nearest_name(name, known);
    return fail("knowledge.no_goal", "no goal '" + name + "'", {},
                meant.empty() ? "`memory goals` lists them" : "did you mean '" + meant + "'?");
  }
  std::optional<events::GoalRowT> newest;
  for (auto& row : asked.memory.all<events::GoalRowT>("goals")) {
    const bool later = !newest || row.time > newest->time ||
                       (row.time == newest->time && storage::natural_compare(row.id, newest->id) > 0);
    if (later) newest = std::move(row);
  }
  if (!newest)
    return fail("knowledge.no_goal", "there is no goal yet", {}, "submit one: goal --data NAME --metric auc");
  return std::move(*newest);
}

Told status(const Asked& asked) {
  if (asked.arguments.empty() && asked.memory.all<events::GoalRowT>("goals").empty()) {
    json answer{{"goal", nullptr}, {"events", asked.store.last_sequence()}};
    tell_what_is_at_risk(asked.store, answer);
    return answer;
  }
  auto goal = goal_of(asked);
  if (!goal) return fail(goal.error());
  json champion;
  if (auto model = asked.memory.find<events::ModelRowT>("models", goal->champion)) {
    champion = {{"id", model->id}, {"metrics", figures(goal->champion_metrics)}};
    if (model->model && model->model->config) champion["method"] = model->model->config->method;
    if (model->serving) champion["p99_us"] = model->serving->p99_us;
  }
  json answer{{"goal", goal->id},
              {"status", goal->status},
              {"reason", goal->reason},
              {"cycle", goal->cycle},
              {"seconds_left", goal->seconds_left},
              {"trials_left", goal->trials_left},
              {"trials", goal->trials},
              {"trials_failed", goal->trials_failed},
              {"decisions_made", goal->decisions},
              {"outcomes_observed", goal->outcomes},
              {"promotions", goal->promotions},
              {"champion", std::move(champion)},
              {"features_kept", goal->features_kept},
              {"features_retired", goal->features_retired},
              {"running", running_trials(asked.memory, goal->id)},
              {"decisions", last_decisions(asked.memory, goal->id, 5)},
              {"events", asked.store.last_sequence()}};
  if (goal->goal) {
    answer["metric"] = goal->goal->metric;
    if (goal->goal->data) answer["data"] = goal->goal->data->name;
  }
  tell_who_is_waited_for(asked.memory, *goal, answer);
  tell_what_is_at_risk(asked.store, answer);
  return answer;
}

Told agents(const Asked& asked) {
  std::map<std::string, json> by_agent;
  for (const auto* name : {"coordinator", "autofeature", "autotrain", "autoperf", "recommender"})
    by_agent[name] = {{"agent", name},
                      {"stream", std::string(name) + "/main"},
                      {"decisions", 0},
                      {"outcomes", 0},
                      {"trials", 0},
                      {"open_works", json::array()},
                      {"rewards", json::array()},
                      {"last", nullptr}};
  for (auto& [name, row] : by_agent) {
    auto version = asked.store.stream_version(name + "/main");
    if (!version) return fail(version.error());
    row["events"] = *version;
  }
  const auto known = [&](const std::string& name) { return by_agent.find(name); };
  for (const auto& row : asked.memory.all<events::AgentRowT>("agents")) {
    auto agent = known(row.agent);
    if (agent == by_agent.end()) continue;
    agent->second["decisions"] = row.decisions;
    agent->second["outcomes"] = row.outcomes;
    agent->second["trials"] = row.trials;
    if (auto last = asked.memory.find<events::DecisionRowT>("decisions", row.last_decision))
      agent->second["last"] = told(*last);
    for (const auto& id : row.open_works)
      if (auto work = asked.memory.find<events::WorkRowT>("works", id))
        agent->second["open_works"].push_back({{"work", work->id},
                                               {"action", work->action},
                                               {"subject", work->subject},
                                               {"status", work->status}});
  }
  for (const auto& reward : asked.memory.all<events::RewardRowT>("rewards"))
    if (auto agent = known(reward.agent); agent != by_agent.end())
      agent->second["rewards"].push_back({{"action", reward.action},
                                          {"works", reward.works},
                                          {"failed", reward.failed},
                                          {"mean_inner", reward.mean_inner},
                                          {"mean_outer", reward.mean_outer},
                                          {"outer_count", reward.outer_count},
                                          {"mean_cost", reward.mean_cost}});
  auto list = json::array();
  for (const auto* name : {"coordinator", "autofeature", "autotrain", "autoperf", "recommender"})
    list.push_back(std::move(by_agent[name]));
  return list;
}

Told proposals(const Asked& asked) {
  auto goal = goal_of(asked);
  if (!goal) return fail(goal.error());
  std::vector<std::pair<std::string, json>> found;
  const auto cycle = goal->id + "/" + std::to_string(goal->cycle);
  for (const auto& row :
       asked.memory.indexed<events::ProposalRowT>("proposals_by_cycle", cycle, "proposals")) {
    auto full = storage::row_as_json(asked.memory.rows(), "proposals", row.id);
    if (!full) return fail(full.error());
    if (*full) found.emplace_back(row.id, std::move(**full));
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return storage::natural_compare(a.first, b.first) < 0; });
  auto list = json::array();
  for (auto& row : found) list.push_back(std::move(row.second));
  return list;
}

}  // namespace automodel::actors::knowledge
