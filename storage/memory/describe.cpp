#include "storage/memory/describe.hpp"

#include <algorithm>

#include "storage/memory/references.hpp"
#include "storage/memory/words.hpp"

namespace automodel::storage {

namespace {

using namespace words;
using references::agent_of;

std::string named(const std::unique_ptr<events::ModelRefT>& model) {
  if (!model) return "a model";
  auto text = model->id;
  if (model->config) text += " (" + model->config->method + ")";
  return text;
}

std::string option_words(const events::OptionT& option) {
  return option.name + (option.detail.empty() ? "" : " (" + option.detail + ")");
}

/// The options that were not chosen, the best scores first, as far as a sentence carries them.
std::string others(const events::DecisionMadeT& body) {
  constexpr std::size_t shown = 4;
  std::vector<const events::OptionT*> rest;
  for (std::size_t i = 0; i < body.options.size(); ++i)
    if (body.options[i] && std::find(body.choices.begin(), body.choices.end(), i) == body.choices.end())
      rest.push_back(body.options[i].get());
  std::stable_sort(rest.begin(), rest.end(),
                   [](const auto* a, const auto* b) { return a->score > b->score; });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rest.size() && i < shown; ++i)
    names.push_back(rest[i]->name + " (score " + number(rest[i]->score) + ")");
  if (names.empty()) return "";
  auto text = " over " + joined(names);
  return rest.size() > shown ? text + " and " + counted(rest.size() - shown, "more") : text;
}

std::string say(const events::DecisionMadeT& body, const events::Recorded& event) {
  std::vector<std::string> chosen;
  for (auto choice : body.choices)
    if (choice < body.options.size() && body.options[choice])
      chosen.push_back(option_words(*body.options[choice]));
  auto text = (body.by.empty() ? agent_of(event) : body.by) + " chose ";
  text += chosen.empty() ? "none" : joined(chosen);
  text += " out of " + counted(body.options.size(), "option") + others(body);
  if (!body.question.empty()) text += "; the question: " + body.question;
  text += after("; because: ", body.rationale);
  if (body.expected_gain != 0) text += "; expected gain " + number(body.expected_gain);
  if (body.expected_cost != 0) text += ", expected cost " + number(body.expected_cost) + " rows";
  return text;
}

std::string say(const events::OutcomeObservedT& body, const events::Recorded&) {
  std::string text = "outcome";
  if (body.decision) text += " of " + references::text(body.decision);
  text += after(" for ", body.subject) + ": ";
  switch (body.verdict) {
    case events::Verdict::Better:
      text += "better";
      break;
    case events::Verdict::Worse:
      text += "worse";
      break;
    case events::Verdict::NoDifference:
      text += "no difference";
      break;
    case events::Verdict::Failed:
      text += "failed";
      break;
    default:
      text += "open";
      break;
  }
  text += after("; ", body.what);
  if (body.conclusion != body.what) text += after("; ", body.conclusion);
  if (body.has_inner) text += "; inner reward " + number(body.inner_reward);
  if (body.has_outer) text += "; outer reward " + number(body.outer_reward);
  return text;
}

std::string say(const events::GoalAcceptedT& body, const events::Recorded&) {
  if (!body.goal) return "a goal was accepted";
  const auto& goal = *body.goal;
  auto text = "goal " + goal.id + " accepted: improve " + goal.metric;
  if (goal.data) text += " on " + goal.data->name + after(", label ", goal.data->label);
  if (goal.budget_seconds > 0) text += ", within " + seconds(goal.budget_seconds);
  if (goal.max_trials > 0) text += ", at most " + counted(goal.max_trials, "trial");
  if (goal.bounds && goal.bounds->max_latency_ms > 0)
    text += ", latency up to " + number(goal.bounds->max_latency_ms) + " ms";
  if (goal.bounds && goal.bounds->max_model_mb > 0)
    text += ", model up to " + number(goal.bounds->max_model_mb) + " MB";
  return text + (goal.ask ? ", a person approves each proposal" : "") + ", seed " + std::to_string(goal.seed);
}

std::string say(const events::CycleStartedT& body, const events::Recorded&) {
  auto text =
      "cycle " + std::to_string(body.cycle) + " of " + body.goal + " started; asks " + joined(body.asked);
  if (body.seconds_left > 0) text += "; " + seconds(body.seconds_left) + " left";
  if (body.trials_left > 0) text += "; " + counted(body.trials_left, "trial") + " left";
  return text;
}

std::string proposals(const std::vector<std::unique_ptr<events::ProposalT>>& offered,
                      const std::string& none) {
  if (offered.empty()) return "nothing" + after(", because ", none);
  std::vector<std::string> names;
  for (const auto& proposal : offered)
    if (proposal)
      names.push_back(proposal->id + " (" + proposal->action + ": " + proposal->subject + ", expected gain " +
                      number(proposal->expected_gain) + ")");
  return counted(names.size(), "proposal") + ": " + joined(names, "; ");
}
std::string say(const events::ProposalsReceivedT& body, const events::Recorded&) {
  return body.agent + " answered cycle " + std::to_string(body.cycle) + " with " +
         proposals(body.proposals, body.none_because);
}
std::string say(const events::ProposalsOfferedT& body, const events::Recorded& event) {
  return agent_of(event) + " offered " + proposals(body.proposals, body.none_because);
}
std::string say(const events::ProposalApprovedT& body, const events::Recorded&) {
  return body.proposal + " approved" + after(" by ", body.by);
}
std::string say(const events::ProposalVetoedT& body, const events::Recorded&) {
  return body.proposal + " vetoed" + after(" by ", body.by) + after(": ", body.reason);
}

std::string work_words(const std::unique_ptr<events::WorkT>& work) {
  if (!work) return "work";
  if (!work->proposal) return work->id;
  return work->id + " (" + work->proposal->id + ", " + work->proposal->action + ": " +
         work->proposal->subject + ")";
}
std::string say(const events::WorkAssignedT& body, const events::Recorded&) {
  auto agent = body.work && body.work->proposal ? body.work->proposal->agent : std::string();
  return work_words(body.work) + " handed to " + (agent.empty() ? "an agent" : agent) +
         (body.decision ? ", as decided in " + references::text(body.decision) : "");
}
std::string say(const events::WorkAcceptedT& body, const events::Recorded& event) {
  return agent_of(event) + " took " + work_words(body.work);
}
std::string say(const events::WorkFinishedT& body, const events::Recorded&) {
  auto text =
      body.work + " of " + body.agent + (body.failure ? " failed: " + failure(body.failure) : " done");
  text += after("; ", body.conclusion);
  if (body.trials) text += "; " + counted(body.trials, "trial");
  if (!body.features_kept.empty()) text += "; kept " + joined(body.features_kept);
  if (!body.features_retired.empty()) text += "; retired " + joined(body.features_retired);
  std::vector<std::string> candidates;
  for (const auto& candidate : body.candidates)
    if (candidate) candidates.push_back(named(candidate) + after(", ", metrics(candidate->metrics)));
  if (!candidates.empty()) text += "; candidates: " + joined(candidates, "; ");
  if (body.promoted) text += "; promoted " + named(body.promoted);
  return text + "; reward " + number(body.reward) + ", cost " + number(body.cost) + " rows";
}
std::string say(const events::WorkReportedT& body, const events::Recorded& event) {
  return body.finished ? agent_of(event) + " reported: " + say(*body.finished, event)
                       : agent_of(event) + " reported";
}
std::string say(const events::GoalPausedT& body, const events::Recorded&) {
  return body.goal + " paused" + after(" by ", body.by);
}
std::string say(const events::GoalResumedT& body, const events::Recorded&) {
  return body.goal + " resumed" + after(" by ", body.by);
}
std::string say(const events::GoalClosingT& body, const events::Recorded&) {
  return body.goal + " takes no new work" + after(": ", body.reason) + after(", by ", body.by);
}
std::string say(const events::GoalFinishedT& body, const events::Recorded&) {
  return body.goal + " finished after " + counted(body.cycles, "cycle") + ", " +
         counted(body.trials, "trial") + ", " + seconds(body.seconds) + after(": ", body.reason);
}
std::string say(const events::ReportRequestedT& body, const events::Recorded&) {
  return "report asked for: " + named(body.champion) + " against " +
         counted(body.baselines.size(), "baseline") + " on the test slice";
}
std::string say(const events::ReportProducedT& body, const events::Recorded&) {
  std::vector<std::string> rows;
  for (const auto& row : body.rows)
    if (row) rows.push_back(row->name + ": " + metrics(row->metrics));
  return "report of " + body.goal + " on the test slice; " + joined(rows, "; ");
}

std::string say(const events::DatasetRegisteredT& body, const events::Recorded&) {
  auto name = body.data ? body.data->name : std::string("a data set");
  return name + " registered: " + counted(body.rows, "row") + ", " + counted(body.users, "user") + ", " +
         counted(body.items, "item") + after(", from ", body.source);
}
std::string say(const events::FeatureProposedT& body, const events::Recorded&) {
  return "feature " + body.feature + " proposed" + after(" of family ", body.family) + after(": ", body.why);
}
std::string say(const events::FeatureScreenedT& body, const events::Recorded&) {
  if (!body.screen) return "a feature was screened";
  return "feature " + body.screen->feature + (body.screen->passed ? " passed" : " did not pass") +
         " screening: " + number(body.screen->information) + " bits about the label, chance gives up to " +
         number(body.screen->null_p95) + " (95 %)";
}
std::string gain_words(const std::unique_ptr<events::MetricT>& gain) {
  return gain ? ", " + difference(*gain) : "";
}
std::string say(const events::FeatureKeptT& body, const events::Recorded&) {
  return "feature " + body.feature + " kept" + gain_words(body.gain) + after(": ", body.reason);
}
std::string say(const events::FeatureRetiredT& body, const events::Recorded&) {
  return "feature " + body.feature + " retired" + gain_words(body.gain) + after(": ", body.reason);
}

std::string say(const events::TrialStartedT& body, const events::Recorded&) {
  auto text = body.trial + " started" + after(" as ", body.purpose);
  if (body.config) text += ": " + describe(*body.config);
  return text + ", up to " + counted(body.max_epochs, "epoch") +
         (body.rung ? ", rung " + std::to_string(body.rung) : "");
}
std::string say(const events::EpochFinishedT& body, const events::Recorded&) {
  if (!body.report) return body.trial + " finished an epoch";
  return body.trial + " epoch " + std::to_string(body.report->epoch) + ": " + metrics(body.report->metrics) +
         ", training loss " + number(body.report->train_loss);
}
std::string say(const events::TrialFinishedT& body, const events::Recorded&) {
  auto text = body.trial + " finished";
  if (!body.result) return text;
  text += after(": ", metrics(body.result->metrics)) + " after " +
          counted(body.result->epochs.size(), "epoch") + ", " + seconds(body.result->seconds);
  return text + (body.result->stopped ? ", stopped early" : "");
}
std::string say(const events::TrialFailedT& body, const events::Recorded&) {
  return body.trial + " failed: " + failure(body.failure);
}
std::string say(const events::TrialStoppedT& body, const events::Recorded&) {
  return body.trial + " stopped at epoch " + std::to_string(body.epoch) + after(": ", body.reason);
}

/// What stands between double dollars: the lineage of a method is read as equations.
std::string equations_of(const std::string& card) {
  std::vector<std::string> found;
  for (auto at = card.find("$$"); at != std::string::npos;) {
    const auto end = card.find("$$", at + 2);
    if (end == std::string::npos) break;
    found.push_back(card.substr(at, end + 2 - at));
    at = card.find("$$", end + 2);
  }
  return joined(found, " ");
}

std::string say(const events::MethodAddedT& body, const events::Recorded&) {
  const auto& card = *body.card;
  return "method " + card.name + " added" + after(" by ", body.by) + after(": it ", card.change) +
         (card.change.empty() ? after(": ", body.title) + after(", from ", body.source) + after(", changes ", card.parent) : "") +
         after("; ", equations_of(card.text));
}

std::string say(const events::CandidateMeasuredT& body, const events::Recorded&) {
  auto text = named(body.model) + " measured";
  if (!body.serving) return text;
  const auto& serving = *body.serving;
  return text + ": p50 " + number(serving.p50_us / 1000) + " ms, p99 " + number(serving.p99_us / 1000) +
         " ms for " + counted(serving.candidates, "item") + ", " +
         number(static_cast<double>(serving.model_bytes) / 1e6) + " MB";
}
std::string say(const events::CandidateComparedT& body, const events::Recorded&) {
  auto text = body.candidate + " compared with " + (body.champion.empty() ? "nothing" : body.champion);
  if (!body.result) return text;
  text += " on the promotion slice: " + metrics(body.result->candidate);
  if (!body.result->champion.empty()) text += " against " + metrics(body.result->champion);
  return text + (body.result->difference ? "; " + difference(*body.result->difference) : "");
}
std::string say(const events::ModelQuantizedT& body, const events::Recorded&) {
  return named(body.model) + " made from " + body.source + " with int8 embeddings";
}
std::string say(const events::ModelPromotedT& body, const events::Recorded&) {
  return named(body.model) + " promoted" +
         (body.previous.empty() ? ", the first champion" : " over " + body.previous) +
         after(": ", body.reason);
}
std::string say(const events::ModelRefusedT& body, const events::Recorded&) {
  return named(body.model) + " refused" + after(": ", body.reason);
}
std::string say(const events::ModelRolledBackT& body, const events::Recorded&) {
  return "rolled back from " + body.from + " to " + named(body.model) + after(": ", body.reason);
}
std::string say(const events::ModelServedT& body, const events::Recorded&) {
  return named(body.model) + " serves from here on";
}
std::string say(const events::JobFailedT& body, const events::Recorded&) {
  return "job " + body.job + " failed: " + failure(body.failure);
}

std::string say(const events::MigrationStartedT& body, const events::Recorded&) {
  return body.agent + " begins to move to node " + body.to;
}
std::string say(const events::MigrationCommittedT& body, const events::Recorded&) {
  return body.agent + " belongs to node " + body.to + " from here on (epoch " + std::to_string(body.epoch) +
         "; copied in " + seconds(body.seconds) + ")";
}
std::string say(const events::MigrationActivatedT& body, const events::Recorded&) {
  return body.agent + " goes on at node " + body.to + " (epoch " + std::to_string(body.epoch) + "; taken over in " +
         seconds(body.seconds) + ")";
}
std::string say(const events::MigrationAbandonedT& body, const events::Recorded&) {
  return body.agent + " stays: its move to node " + body.to + " was abandoned" + after(": ", body.reason);
}

template <class Body>
std::string say_as(const Body* body, const events::Recorded& event) {
  return body ? say(*body, event) : std::string(events::kind_name(event.event.body.type));
}

}  // namespace

std::string describe(const events::TrialConfigT& config) {
  auto text = config.method;
  std::vector<std::string> settings;
  for (const auto& setting : config.settings)
    if (setting) settings.push_back(setting->name + " " + setting->value);
  if (!settings.empty()) text += " (" + joined(settings) + ")";
  if (!config.features.empty())
    text += " with " + counted(config.features.size(), "feature") + ": " + joined(config.features);
  return text + ", seed " + std::to_string(config.seed);
}

std::string describe(const events::Recorded& event) {
  using events::EventBody;
  const auto& body = event.event.body;
  switch (body.type) {
#define AUTOMODEL_SAY(kind) \
  case EventBody::kind:     \
    return say_as(body.As##kind(), event)
    AUTOMODEL_SAY(DecisionMade);
    AUTOMODEL_SAY(OutcomeObserved);
    AUTOMODEL_SAY(GoalAccepted);
    AUTOMODEL_SAY(CycleStarted);
    AUTOMODEL_SAY(ProposalsReceived);
    AUTOMODEL_SAY(ProposalApproved);
    AUTOMODEL_SAY(ProposalVetoed);
    AUTOMODEL_SAY(WorkAssigned);
    AUTOMODEL_SAY(WorkFinished);
    AUTOMODEL_SAY(GoalPaused);
    AUTOMODEL_SAY(GoalResumed);
    AUTOMODEL_SAY(GoalFinished);
    AUTOMODEL_SAY(ReportProduced);
    AUTOMODEL_SAY(DatasetRegistered);
    AUTOMODEL_SAY(FeatureProposed);
    AUTOMODEL_SAY(FeatureScreened);
    AUTOMODEL_SAY(FeatureKept);
    AUTOMODEL_SAY(FeatureRetired);
    AUTOMODEL_SAY(TrialStarted);
    AUTOMODEL_SAY(EpochFinished);
    AUTOMODEL_SAY(TrialFinished);
    AUTOMODEL_SAY(TrialFailed);
    AUTOMODEL_SAY(TrialStopped);
    AUTOMODEL_SAY(CandidateMeasured);
    AUTOMODEL_SAY(CandidateCompared);
    AUTOMODEL_SAY(ModelQuantized);
    AUTOMODEL_SAY(ModelPromoted);
    AUTOMODEL_SAY(ModelRefused);
    AUTOMODEL_SAY(ModelRolledBack);
    AUTOMODEL_SAY(ModelServed);
    AUTOMODEL_SAY(WorkAccepted);
    AUTOMODEL_SAY(ProposalsOffered);
    AUTOMODEL_SAY(WorkReported);
    AUTOMODEL_SAY(JobFailed);
    AUTOMODEL_SAY(ReportRequested);
    AUTOMODEL_SAY(GoalClosing);
    AUTOMODEL_SAY(MethodAdded);
    AUTOMODEL_SAY(MigrationStarted);
    AUTOMODEL_SAY(MigrationCommitted);
    AUTOMODEL_SAY(MigrationActivated);
    AUTOMODEL_SAY(MigrationAbandoned);
#undef AUTOMODEL_SAY
    default:
      return std::string(events::kind_name(body.type));
  }
}

std::vector<std::string> evidence_of(const events::Recorded& event) {
  const auto& body = event.event.body;
  if (const auto* decision = body.AsDecisionMade()) return references::texts(decision->evidence);
  if (const auto* outcome = body.AsOutcomeObserved()) {
    auto refs = references::texts(outcome->evidence);
    if (outcome->decision) refs.insert(refs.begin(), references::text(outcome->decision));
    return refs;
  }
  if (const auto* assigned = body.AsWorkAssigned(); assigned && assigned->decision)
    return {references::text(assigned->decision)};
  return {};
}

}  // namespace automodel::storage
