#include <algorithm>

#include "actors/coordinator/rules.hpp"

namespace automodel::actors {
namespace {

using namespace coordinator;
using events::EventBody;
using events::GoalPhase;

void keep_time(State& state, const events::Recorded& recorded) {
  // The gap before a GoalResumed is a pause or downtime: nobody worked.
  if (state.goal && recorded.event.body.type != EventBody::GoalResumed)
    state.elapsed = elapsed_at(state, recorded.time);
  state.last_time = recorded.time;
}

events::WorkRecordT* record_of(State& state, const std::string& work) {
  return const_cast<events::WorkRecordT*>(find_record(std::as_const(state), work));
}

events::DataKnowledgeT* known(State& state) {
  return const_cast<events::DataKnowledgeT*>(knowledge(std::as_const(state)));
}

void forget_cycle(State& state) {
  state.asked.clear();
  state.answers.clear();
  state.offers.clear();
  state.chosen = false;
}

void forget_goal(State& state) {
  forget_cycle(state);
  state.records.clear();
  state.pending.clear();
  state.report.reset();
  state.goal.reset();
  state.phase = GoalPhase::Idle;
  state.paused = false;
  state.elapsed = state.closing_since = state.asked_since = state.report_since = 0;
  state.cycle = state.trials = state.unpromising = state.report_attempts = 0;
  state.rows = 0;
  state.closing_reason.clear();
}

void accept_goal(State& state, const events::GoalAcceptedT& event) {
  forget_goal(state);
  state.goal = copy_of(event.goal);
  state.rows = event.rows;
  state.goals += 1;
  state.phase = GoalPhase::Evolving;
  if (known(state)) return;
  auto fresh = std::make_unique<events::DataKnowledgeT>();
  fresh->data = copy_of(event.goal->data);
  state.data.push_back(std::move(fresh));
}

void start(State& state, const events::CycleStartedT& event) {
  forget_cycle(state);
  state.cycle = event.cycle;
  state.asked = event.asked;
  state.asked_since = state.elapsed;
}

void receive(State& state, const events::ProposalsReceivedT& event, const events::Recorded& recorded) {
  auto ref = std::make_unique<events::EventRefT>();
  ref->stream = recorded.stream;
  ref->version = recorded.version;
  state.answers.push_back(std::move(ref));
  state.asked_since = state.elapsed;
  for (const auto& proposal : event.proposals) {
    auto offer = std::make_unique<events::OfferT>();
    offer->proposal = copy_of(proposal);
    state.offers.push_back(std::move(offer));
  }
}

void judge(State& state, const std::string& proposal, events::Approval approval) {
  for (auto& offer : state.offers)
    if (offer->proposal->id == proposal) offer->approval = approval;
}

void fold_decision(State& state, const events::DecisionMadeT& event) {
  if (event.question == choose_question) {
    state.chosen = true;
    state.unpromising = event.choices.empty() ? state.unpromising + 1 : 0;
  } else if (event.question == evaluate_question && event.choices.empty()) {
    state.pending.clear();
  }
}

void assign_work(State& state, const events::WorkAssignedT& event) {
  auto record = std::make_unique<events::WorkRecordT>();
  record->work = copy_of(event.work);
  record->decision = copy_of(event.decision);
  record->key = key_of(*event.work->proposal);
  record->since = state.elapsed;
  if (is_evaluation(*record)) {
    const auto& model = event.work->proposal->model->id;
    auto found = std::find_if(state.pending.begin(), state.pending.end(),
                              [&](const auto& one) { return one->model->id == model; });
    if (found != state.pending.end()) {
      record->candidate_of = (*found)->work;
      state.pending.erase(found);
    }
  }
  state.records.push_back(std::move(record));
  state.works += 1;
}

/// Adds `change` to what works of this kind brought, and `tries` to how often.
void learn(State& state, const events::ProposalT& proposal, std::uint32_t tries, double change) {
  for (auto& seen : state.experience)
    if (seen->metric == state.goal->metric && seen->agent == proposal.agent &&
        seen->action == proposal.action) {
      seen->tries += tries;
      seen->gain_sum += change;
      return;
    }
  auto fresh = std::make_unique<events::ActionExperienceT>();
  fresh->metric = state.goal->metric;
  fresh->agent = proposal.agent;
  fresh->action = proposal.action;
  fresh->tries = tries;
  fresh->gain_sum = change;
  state.experience.push_back(std::move(fresh));
}

bool teaches(const events::WorkRecordT& record) {
  return !is_evaluation(record) && !record.cancelled && record.work->proposal->action != baseline_action;
}

void add_pending(State& state, const events::ModelRefT& model, const std::string& work) {
  for (const auto& record : state.records)
    if (is_evaluation(*record) && record->work->proposal->model->id == model.id) return;
  for (const auto& waiting : state.pending)
    if (waiting->model->id == model.id) return;
  const auto* serving = champion(state);
  if (serving && serving->id == model.id) return;
  auto pending = std::make_unique<events::PendingCandidateT>();
  pending->model = std::make_unique<events::ModelRefT>(model);
  pending->work = work;
  state.pending.push_back(std::move(pending));
}

void keep_baseline(events::DataKnowledgeT& data, const events::ModelRefT& model) {
  for (auto& baseline : data.baselines)
    if (baseline->id == model.id ||
        (baseline->config && model.config && baseline->config->method == model.config->method)) {
      *baseline = model;
      return;
    }
  data.baselines.push_back(std::make_unique<events::ModelRefT>(model));
}

void keep_features(events::DataKnowledgeT& data, const events::WorkFinishedT& event) {
  for (const auto& feature : event.features_kept)
    if (std::find(data.features.begin(), data.features.end(), feature) == data.features.end())
      data.features.push_back(feature);
  for (const auto& feature : event.features_retired) std::erase(data.features, feature);
}

void finish_work(State& state, const events::WorkFinishedT& event, std::uint64_t version) {
  auto* data = known(state);
  auto* record = record_of(state, event.work);
  if (!record || !data) return;
  if (event.promoted) data->champion = copy_of(event.promoted);
  record->finished = version;
  record->failed = event.failure != nullptr;
  record->reward = event.reward;
  record->kept = static_cast<std::uint32_t>(event.features_kept.size());
  state.trials += event.trials;
  keep_features(*data, event);
  const bool baselines = record->work->proposal->action == baseline_action;
  for (const auto& model : event.candidates) {
    if (baselines) keep_baseline(*data, *model);
    add_pending(state, *model, event.work);
  }
  if (is_evaluation(*record) && !event.promoted)
    if (auto* origin = record_of(state, record->candidate_of)) origin->refused += 1;
  if (teaches(*record)) learn(state, *record->work->proposal, 1, counted_gain(*record));
}

void fold_outcome(State& state, const events::OutcomeObservedT& event) {
  auto* record = record_of(state, event.subject);
  if (!record || !event.has_outer || !record->finished) return;
  const double before = counted_gain(*record);
  record->outer = record->has_outer ? std::max(record->outer, event.outer_reward) : event.outer_reward;
  record->has_outer = true;
  if (teaches(*record)) learn(state, *record->work->proposal, 0, counted_gain(*record) - before);
}

/// A person went back to an earlier champion: known by the model that was taken back, whatever goal is
/// running.
void roll_back(State& state, const events::WorkFinishedT& event) {
  state.rolled_back = event.work;
  for (auto& data : state.data)
    for (const auto& taken : event.candidates)
      if (data->champion && data->champion->id == taken->id) data->champion = copy_of(event.promoted);
}

void begin_closing(State& state, const events::GoalClosingT& event) {
  state.phase = GoalPhase::Closing;
  state.paused = false;
  state.closing_since = state.elapsed;
  state.closing_reason = event.reason;
  for (auto& record : state.records)
    if (!record->finished && !is_evaluation(*record)) record->cancelled = true;
}

}  // namespace

void Coordinator::evolve(State& state, const events::Recorded& recorded) {
  state.version = recorded.version;
  keep_time(state, recorded);
  const auto& body = recorded.event.body;
  if (body.type == EventBody::GoalAccepted) return accept_goal(state, *body.AsGoalAccepted());
  if (const auto* report = body.AsWorkFinished(); report && is_roll_back(*report))
    return roll_back(state, *report);
  if (!state.goal) return;
  switch (body.type) {
    case EventBody::CycleStarted:
      return start(state, *body.AsCycleStarted());
    case EventBody::ProposalsReceived:
      return receive(state, *body.AsProposalsReceived(), recorded);
    case EventBody::ProposalApproved:
      return judge(state, body.AsProposalApproved()->proposal, events::Approval::Approved);
    case EventBody::ProposalVetoed:
      return judge(state, body.AsProposalVetoed()->proposal, events::Approval::Vetoed);
    case EventBody::DecisionMade:
      return fold_decision(state, *body.AsDecisionMade());
    case EventBody::WorkAssigned:
      return assign_work(state, *body.AsWorkAssigned());
    case EventBody::WorkFinished:
      return finish_work(state, *body.AsWorkFinished(), recorded.version);
    case EventBody::OutcomeObserved:
      return fold_outcome(state, *body.AsOutcomeObserved());
    case EventBody::GoalPaused:
      state.paused = true;
      return;
    case EventBody::GoalResumed:
      state.paused = false;
      return;
    case EventBody::GoalClosing:
      return begin_closing(state, *body.AsGoalClosing());
    case EventBody::ReportRequested:
      state.phase = GoalPhase::Reporting;
      state.report_since = state.elapsed;
      state.report = std::make_unique<events::ReportRequestedT>(*body.AsReportRequested());
      return;
    case EventBody::JobFailed:
      state.report_attempts += 1;
      state.report_since = state.elapsed;
      return;
    case EventBody::GoalFinished:
      return forget_goal(state);
    default:
      return;  // ReportProduced changes nothing here
  }
}

std::vector<events::JobT> Coordinator::open_jobs(const State& state) {
  if (state.phase != GoalPhase::Reporting || !state.report || state.report_attempts >= report_tries)
    return {};
  events::ReportJobT report;
  report.champion = copy_of(state.report->champion);
  report.baselines = copies_of(state.report->baselines);
  report.seed = state.goal->seed;
  events::JobT job;
  job.id = "coordinator/" + state.goal->id + "/report-" + std::to_string(state.report_attempts + 1);
  job.goal = state.goal->id;
  job.data = copy_of(state.goal->data);
  job.metric = state.goal->metric;
  job.body.Set(std::move(report));
  std::vector<events::JobT> jobs;
  jobs.push_back(std::move(job));
  return jobs;
}

}  // namespace automodel::actors
