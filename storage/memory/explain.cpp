#include "storage/memory/explain.hpp"

#include <charconv>
#include <map>
#include <set>

#include "storage/memory/describe.hpp"
#include "storage/memory/query.hpp"
#include "storage/memory/words.hpp"

namespace automodel::storage {

namespace {

using namespace events;

/// Gathers the events behind something. Every `add_` is harmless when repeated, so the chains may cross.
class Chain {
 public:
  Chain(const EventStore& store, const Memory& memory) : store_(store), memory_(memory) {}

  bool add_goal(const std::string& id);
  bool add_decision(const std::string& ref);
  bool add_work(const std::string& id);
  bool add_proposal(const std::string& id);
  bool add_trial(const std::string& id);
  bool add_model(const std::string& id);
  bool add_feature(const std::string& feature, const std::string& goal);
  /// A method whose card was added, and those that it changes.
  bool add_method(const std::string& method);
  bool add_event(const std::string& ref);

  const std::map<std::uint64_t, Recorded>& events() const { return events_; }
  const std::optional<Error>& fault() const { return fault_; }

 private:
  /// Beyond this many, a decision's evidence is only named.
  static constexpr std::size_t shown_evidence = 8;

  const Recorded* add(const std::string& ref);
  void add_about(const std::string& subject);
  bool once(const char* family, const std::string& id) {
    return seen_.insert(std::string(family) + ' ' + id).second;
  }
  void follow(const Recorded& event);

  const EventStore& store_;
  const Memory& memory_;
  std::map<std::uint64_t, Recorded> events_;
  std::map<std::string, std::uint64_t> sequences_;
  std::set<std::string> seen_;
  std::optional<Error> fault_;
};

const Recorded* Chain::add(const std::string& ref) {
  if (ref.empty()) return nullptr;
  if (auto known = sequences_.find(ref); known != sequences_.end()) return &events_.at(known->second);
  auto name = parse_reference(ref);
  if (!name) return nullptr;  // a command's name, or none: nothing to look up
  auto found = store_.find(name->stream, name->version);
  if (!found) {
    fault_ = found.error();
    return nullptr;
  }
  if (!*found) return nullptr;
  auto sequence = (*found)->sequence;
  sequences_[ref] = sequence;
  return &events_.emplace(sequence, std::move(**found)).first->second;
}

void Chain::add_about(const std::string& subject) {
  for (const auto& row : memory_.indexed<DecisionRowT>("decisions_by_subject", subject, "decisions"))
    add_decision(row.ref);
  for (const auto& row : memory_.indexed<OutcomeRowT>("outcomes_by_subject", subject, "outcomes"))
    add(row.ref);
}

bool Chain::add_goal(const std::string& id) {
  auto row = memory_.find<GoalRowT>("goals", id);
  if (row) add(row->accepted);
  return row.has_value();
}

bool Chain::add_decision(const std::string& ref) {
  auto row = memory_.find<DecisionRowT>("decisions", ref);
  if (!row || !once("decision", ref)) return row.has_value();
  add(ref);
  for (std::size_t i = 0; i < row->evidence.size() && i < shown_evidence; ++i) add(row->evidence[i]);
  for (const auto& outcome : row->outcomes) add(outcome);
  return true;
}

bool Chain::add_proposal(const std::string& id) {
  auto row = memory_.find<ProposalRowT>("proposals", id);
  if (!row || !once("proposal", id)) return row.has_value();
  add_goal(row->goal);
  add(row->ref);
  add_decision(row->decision);
  add_about(id);
  if (!row->work.empty()) add_work(row->work);
  return true;
}

bool Chain::add_work(const std::string& id) {
  auto row = memory_.find<WorkRowT>("works", id);
  if (!row || !once("work", id)) return row.has_value();
  add_goal(row->goal);
  add_proposal(row->proposal);
  add_decision(row->decision);
  add(row->assigned);
  add(row->finished);
  add_about(id);
  return true;
}

bool Chain::add_trial(const std::string& id) {
  auto row = memory_.find<TrialRowT>("trials", id);
  if (!row || !once("trial", id)) return row.has_value();
  add_goal(row->goal);
  add_work(row->work);
  add(row->started);
  add(row->ended);
  if (row->config) add_method(row->config->method);
  add_about(id);
  return true;
}

bool Chain::add_method(const std::string& method) {
  auto row = memory_.find<MethodRowT>("methods", method);
  if (!row || row->ref.empty() || !once("method", method)) return row && !row->ref.empty();
  add(row->ref);
  for (const auto& parent : row->lineage) add_method(parent);
  return true;
}

bool Chain::add_feature(const std::string& feature, const std::string& goal) {
  // A goal builds on what earlier goals kept on the same data: the newest word on the feature counts.
  std::optional<FeatureRowT> row = memory_.find<FeatureRowT>("features", goal + "/" + feature);
  if (!row)
    for (auto& known : memory_.all<FeatureRowT>("features"))
      if (known.feature == feature && (!row || known.time >= row->time)) row = std::move(known);
  if (!row || !once("feature", row->goal + "/" + feature)) return row.has_value();
  add_goal(row->goal);
  add(row->proposed);
  add(row->screening);
  add(row->decided);
  add_about(feature);
  return true;
}

bool Chain::add_model(const std::string& id) {
  auto row = memory_.find<ModelRowT>("models", id);
  if (!row || !once("model", id)) return row.has_value();
  add_goal(row->goal);
  if (!row->trial.empty()) add_trial(row->trial);
  if (!row->source.empty()) add_model(row->source);
  if (row->model && row->model->config)
    for (const auto& feature : row->model->config->features) add_feature(feature, row->goal);
  for (const auto& work : memory_.all<WorkRowT>("works")) {
    bool candidate = std::find(work.candidates.begin(), work.candidates.end(), id) != work.candidates.end();
    if (candidate || work.promoted == id) add_work(work.id);
  }
  for (const auto& ref : row->refs) add(ref);
  add_about(id);
  return true;
}

/// What an event is about, by its kind.
void Chain::follow(const Recorded& event) {
  const auto& body = event.event.body;
  const auto ref = reference(event.stream, event.version);
  if (body.type == EventBody::DecisionMade) add_decision(ref), add_work(body.AsDecisionMade()->subject);
  if (const auto* outcome = body.AsOutcomeObserved(); outcome && outcome->decision)
    add_decision(reference(outcome->decision->stream, outcome->decision->version));
  if (const auto* e = body.AsTrialStarted()) add_trial(e->trial);
  if (const auto* e = body.AsEpochFinished()) add_trial(e->trial);
  if (const auto* e = body.AsTrialFinished()) add_trial(e->trial);
  if (const auto* e = body.AsTrialFailed()) add_trial(e->trial);
  if (const auto* e = body.AsTrialStopped()) add_trial(e->trial);
  if (const auto* e = body.AsFeatureKept()) add_feature(e->feature, e->goal);
  if (const auto* e = body.AsFeatureRetired()) add_feature(e->feature, e->goal);
  if (const auto* e = body.AsFeatureProposed()) add_feature(e->feature, e->goal);
  if (const auto* e = body.AsFeatureScreened(); e && e->screen) add_feature(e->screen->feature, e->goal);
  if (const auto* e = body.AsWorkAssigned(); e && e->work) add_work(e->work->id);
  if (const auto* e = body.AsWorkFinished()) add_work(e->work);
  if (const auto* e = body.AsModelPromoted(); e && e->model) add_model(e->model->id);
  if (const auto* e = body.AsModelRefused(); e && e->model) add_model(e->model->id);
  if (const auto* e = body.AsModelRolledBack(); e && e->model) add_model(e->model->id);
  if (const auto* e = body.AsCandidateCompared()) add_model(e->candidate);
  if (const auto* e = body.AsMethodAdded()) add_method(e->card->name);
}

bool Chain::add_event(const std::string& ref) {
  const auto* event = add(ref);
  if (!event) return false;
  add_goal(event->correlation);
  follow(*event);
  // What caused it, and what caused that; commands of people end the walk.
  constexpr int hops = 16;
  const auto* cause = event;
  for (int i = 0; i < hops && cause && !cause->causation.empty(); ++i) cause = add(cause->causation);
  return true;
}

struct Target {
  std::string title;
  bool found = false;
};

std::optional<GoalRowT> goal_with_champion(const Memory& memory) {
  std::optional<GoalRowT> newest;
  for (auto& goal : memory.all<GoalRowT>("goals"))
    if (!goal.champion.empty() && (!newest || goal.time >= newest->time)) newest = std::move(goal);
  return newest;
}

bool add_whole_goal(Chain& chain, const Memory& memory, const std::string& id) {
  auto goal = memory.find<GoalRowT>("goals", id);
  if (!goal) return false;
  chain.add_goal(id);
  for (const auto& decision : memory.all<DecisionRowT>("decisions"))
    if (decision.goal == id) chain.add_decision(decision.ref);
  for (const auto& deployment : memory.all<DeploymentRowT>("deployments", id + "/"))
    chain.add_event(deployment.ref);
  if (auto report = memory.find<GoalReportRowT>("reports", id)) chain.add_event(report->produced);
  chain.add_event(goal->finished);
  return true;
}

Target add_target(Chain& chain, const Memory& memory, const std::string& id) {
  if (add_whole_goal(chain, memory, id)) return {"goal " + id, true};
  if (memory.find<TrialRowT>("trials", id)) {
    chain.add_trial(id);
    if (chain.add_model(id)) return {"trial " + id + " and the model that it made", true};
    return {"trial " + id, true};
  }
  if (chain.add_model(id)) return {"model " + id, true};
  if (chain.add_method(id)) return {"method " + id, true};
  if (chain.add_work(id)) return {"work " + id, true};
  if (chain.add_proposal(id)) return {"proposal " + id, true};
  if (chain.add_event(id)) return {"event " + id, true};
  if (chain.add_feature(id, {})) return {"feature " + id, true};
  return {};
}

/// "17" -> the reference of the event with that sequence.
Result<std::string> reference_of_sequence(const EventStore& store, std::string_view text) {
  std::uint64_t sequence = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size() || sequence == 0) return std::string();
  std::string found;
  auto read = store.read_all(sequence, [&](const Recorded& event) {
    if (event.sequence == sequence) found = reference(event.stream, event.version);
    return false;
  });
  if (!read) return fail(read.error());
  if (found.empty())
    return fail("memory.no_such_id", "no event has sequence " + std::string(text), {},
                "the newest is " + std::to_string(store.last_sequence()));
  return found;
}

tl::unexpected<Error> unknown(const Memory& memory, const std::string& id) {
  std::vector<std::string> known{"champion"};
  for (const auto& row : memory.all<GoalRowT>("goals")) known.push_back(row.id);
  for (const auto& row : memory.all<TrialRowT>("trials")) known.push_back(row.trial);
  for (const auto& row : memory.all<WorkRowT>("works")) known.push_back(row.id);
  for (const auto& row : memory.all<ProposalRowT>("proposals")) known.push_back(row.id);
  for (const auto& row : memory.all<FeatureRowT>("features")) known.push_back(row.feature);
  for (const auto& row : memory.all<MethodRowT>("methods"))
    if (!row.ref.empty()) known.push_back(row.method);
  auto meant = nearest_name(id, known);
  return fail(
      "memory.no_such_id", "nothing is known under '" + id + "'", {},
      (meant.empty() ? "" : "did you mean '" + meant + "'? ") +
          std::string("ids are: champion, a goal, trial, model, work, proposal, feature or added method, an event as in "
                      "autotrain/main#17, or a sequence number"));
}

Explanation explanation_of(const Chain& chain, std::string_view id, std::string title) {
  Explanation result{std::string(id), std::move(title), {}};
  for (const auto& [sequence, event] : chain.events())
    result.steps.push_back({sequence, reference(event.stream, event.version), event.time,
                            std::string(kind_name(event.event.body.type)), describe(event),
                            evidence_of(event)});
  return result;
}

}  // namespace

Result<Explanation> explain(const EventStore& store, const Memory& memory, std::string_view id) {
  Chain chain(store, memory);
  Target target;
  if (id == "champion") {
    auto goal = goal_with_champion(memory);
    if (!goal)
      return fail("memory.no_champion", "no model has been promoted yet", {}, "run `automodel evolve` first");
    chain.add_model(goal->champion);
    target = {"why " + goal->champion + " is the champion of " + goal->id, true};
  } else {
    auto ref = reference_of_sequence(store, id);
    if (!ref) return fail(ref.error());
    target = add_target(chain, memory, ref->empty() ? std::string(id) : *ref);
  }
  if (chain.fault()) return fail(*chain.fault());
  if (!target.found) return unknown(memory, std::string(id));
  return explanation_of(chain, id, target.title);
}

Result<Explanation> explain(const EventStore& store, std::string_view id) {
  return explain(store, stored_memory(store), id);
}

}  // namespace automodel::storage
