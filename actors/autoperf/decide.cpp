#include <algorithm>
#include <cmath>

#include "actors/autoperf/promotion.hpp"
#include "actors/autoperf/steps.hpp"
#include "actors/decisions/step.hpp"
#include "actors/decisions/trial.hpp"

namespace automodel::actors {
namespace {

using namespace autoperf;
using events::CommandBody;
using State = events::AutoPerfStateT;
using PerfStep = Step<AutoPerf>;

constexpr const char* coordinator = "coordinator/main";
constexpr const char* recommender = "recommender/main";

events::FailureT failure(std::string code, std::string message, std::string where, std::string hint) {
  events::FailureT made;
  made.code = std::move(code);
  made.message = std::move(message);
  made.where = std::move(where);
  made.hint = std::move(hint);
  return made;
}

// --- offering --------------------------------------------------------------------------------------

/// Why int8 of the champion is not offered; empty if it is.
std::string no_int8(const State& state, const events::ModelRefT* champion) {
  if (!champion) return "nothing serves yet";
  if (champion->checkpoint.empty() || champion->parameters == 0)
    return "the champion " + champion->id + " has no trained parameters to quantize";
  if (champion->config && champion->config->method == "lr")
    return "the champion " + champion->id + " (lr) has no embeddings to quantize";
  if (champion->id.ends_with("/int8")) return "the champion " + champion->id + " is int8 already";
  if (std::find(state.quantized.begin(), state.quantized.end(), champion->checkpoint) !=
      state.quantized.end())
    return "int8 of the champion " + champion->id + " was tried";
  return {};
}

Result<Decision> offer(const State& state, const events::RequestProposalsT& request, const Context& context) {
  if (!request.context || !request.context->goal || !request.context->goal->data)
    return fail("autoperf.bad_work", "a request for proposals without a goal", "autoperf",
                "send the whole context");
  const auto& asked = *request.context;
  const auto* line = succession(state, *asked.goal->data);
  const auto* champion = line && !line->champions.empty() ? line->champions.back().get() : nullptr;
  events::OfferProposalsT answer;
  answer.goal = asked.goal->id;
  answer.cycle = asked.cycle;
  answer.agent = "autoperf";
  answer.none_because = no_int8(state, champion);
  if (answer.none_because.empty() && !can_reach(*asked.goal, *champion))
    answer.none_because = "the champion " + champion->id + " does not rank: it has no " + asked.goal->metric;
  if (answer.none_because.empty()) {
    auto proposal = std::make_unique<events::ProposalT>();
    proposal->id = "autoperf/c" + std::to_string(asked.cycle) + "/1";
    proposal->agent = "autoperf";
    proposal->action = int8_action;
    proposal->subject = "store the embeddings of " + champion->id + " in int8";
    proposal->expected_gain = 0.0005;  // it saves memory; what it may bring in the metric is chance
    proposal->expected_cost = 0.2 * static_cast<double>(asked.rows);
    proposal->model = std::make_unique<events::ModelRefT>(*champion);
    answer.proposals.push_back(std::move(proposal));
  }
  PerfStep step(state, context, asked.goal->id);
  events::ProposalsOfferedT offered;
  offered.goal = answer.goal;
  offered.cycle = answer.cycle;
  offered.proposals = copies_of(answer.proposals);
  offered.none_because = answer.none_because;
  step.record(std::move(offered));
  step.send(coordinator, std::move(answer));
  return step.finish();
}

// --- working ---------------------------------------------------------------------------------------

void report(PerfStep& step, events::WorkFinishedT finished) {
  finished.agent = "autoperf";
  events::WorkReportedT reported;
  reported.finished = std::make_unique<events::WorkFinishedT>(finished);
  step.record(std::move(reported));
  events::ReportWorkT message;
  message.finished = std::make_unique<events::WorkFinishedT>(std::move(finished));
  step.send(coordinator, std::move(message));
}

void serve(PerfStep& step, const events::ModelRefT& model, const std::string& goal,
           const events::DataRefT& data) {
  events::ServeModelT message;
  message.model = std::make_unique<events::ModelRefT>(model);
  message.goal = goal;
  message.data = std::make_unique<events::DataRefT>(data);
  step.send(recommender, std::move(message));
}

void promote(PerfStep& step, const events::PerfWorkT& work, const events::ModelRefT* champion,
             const std::string& reason) {
  const auto& goal = *work.work->context->goal;
  events::ModelPromotedT promoted;
  promoted.model = copy_of(work.model);
  promoted.previous = champion ? champion->id : "";
  promoted.reason = reason;
  promoted.goal = goal.id;
  step.record(std::move(promoted));
  serve(step, *work.model, goal.id, *goal.data);
}

void refuse(PerfStep& step, const events::PerfWorkT& work, const std::string& reason) {
  events::ModelRefusedT refused;
  refused.model = copy_of(work.model);
  refused.reason = reason;
  refused.goal = work.work->context->goal->id;
  step.record(std::move(refused));
}

/// All that is needed is known: promote or refuse, and report.
void conclude(PerfStep& step, const events::PerfWorkT& work) {
  std::unique_ptr<events::ModelRefT> champion;
  if (const auto* serving = champion_of(step.state(), work))
    champion = std::make_unique<events::ModelRefT>(*serving);
  const auto judgement = judgement_of(step.state(), work);
  const auto decided = step.decide(promotion_question(step.state(), work, step.context().stream, judgement));
  if (judgement.promote)
    promote(step, work, champion.get(), judgement.reason);
  else
    refuse(step, work, judgement.reason);
  const double gain =
      champion && work.compared && work.compared->difference ? work.compared->difference->value : 0;
  const auto fact = own_event(step.context(), step.state().version);
  const std::string what = work.model->id + (judgement.promote ? " was promoted" : " was refused");
  step.record(with_inner(
      outcome(decided, work.model->id, what,
              judgement.promote ? events::Verdict::Better : events::Verdict::Worse, judgement.reason, {fact}),
      std::isfinite(gain) ? gain : 0));
  events::WorkFinishedT finished;
  finished.work = work.work->id;
  finished.reward = std::isfinite(gain) ? gain : 0;
  if (judgement.promote) finished.promoted = copy_of(work.model);
  finished.conclusion = what + ". " + judgement.reason;
  report(step, std::move(finished));
}

void give_up(PerfStep& step, const events::PerfWorkT& work, const events::FailureT& why) {
  const std::string model = work.model ? work.model->id : work.work->proposal->model->id;
  if (work.model) refuse(step, work, "It could not be measured: " + why.message);
  events::WorkFinishedT finished;
  finished.work = work.work->id;
  finished.failure = std::make_unique<events::FailureT>(why);
  finished.conclusion = model + " was not judged: one of its steps failed twice.";
  report(step, std::move(finished));
}

/// Concludes what can be concluded; a promotion may have made other comparisons out of date, which open jobs
/// then repeat.
void advance(PerfStep& step, const events::FailureT* last_failure) {
  for (bool again = true; again;) {
    again = false;
    for (const auto& open : step.state().works) {
      const auto next = next_step(step.state(), *open);
      if (next != Next::Judge && next != Next::Fail) continue;
      const events::PerfWorkT work = *open;
      if (next == Next::Judge)
        conclude(step, work);
      else
        give_up(step, work,
                last_failure ? *last_failure : failure("autoperf.failed", "a step failed", "autoperf", ""));
      again = true;
      break;
    }
  }
}

/// Why a work cannot be taken; empty if it can.
std::string flaw(const events::WorkT& work) {
  if (!work.proposal || !work.context || !work.context->goal || !work.context->goal->data)
    return "it lacks a proposal or a goal";
  if (work.proposal->action != int8_action && work.proposal->action != evaluate_action)
    return "AutoPerf does not know the action '" + work.proposal->action + "'";
  return work.proposal->model ? "" : "it names no model";
}

Result<Decision> take(const State& state, const events::AssignWorkT& assign, const Context& context) {
  if (!assign.work || assign.work->id.empty())
    return fail("autoperf.bad_work", "a work without a name", "autoperf", "the coordinator names works");
  const auto& work = *assign.work;
  if (std::find(state.accepted.begin(), state.accepted.end(), work.id) != state.accepted.end())
    return Decision{};
  const std::string wrong = flaw(work);
  PerfStep step(state, context, work.context && work.context->goal ? work.context->goal->id : "");
  if (!wrong.empty()) {
    events::WorkFinishedT finished;
    finished.work = work.id;
    finished.failure = std::make_unique<events::FailureT>(failure("autoperf.bad_work", wrong, work.id, ""));
    finished.conclusion = "Nothing was done.";
    report(step, std::move(finished));
    return step.finish();
  }
  events::WorkAcceptedT accepted;
  accepted.work = std::make_unique<events::WorkT>(work);
  step.record(std::move(accepted));
  return step.finish();
}

Result<Decision> cancel(const State& state, const events::CancelWorkT& said, const Context& context) {
  for (const auto& work : state.works) {
    if (work->work->id != said.work) continue;
    PerfStep step(state, context, work->work->context->goal->id);
    events::WorkFinishedT finished;
    finished.work = said.work;
    finished.conclusion = "It was stopped before it was judged: " + said.reason;
    report(step, std::move(finished));
    return step.finish();
  }
  return Decision{};  // reported already
}

// --- results of jobs -------------------------------------------------------------------------------

/// The facts in a result; false where it holds no such thing as the step needs.
bool record_result(PerfStep& step, const events::PerfWorkT& work, Next next,
                   const events::JobResultT& result) {
  const std::string goal = work.work->context->goal->id;
  if (const auto* quantize = result.body.AsQuantizeResult();
      quantize && next == Next::Quantize && quantize->model) {
    const auto& source = *work.work->proposal->model;
    events::ModelQuantizedT event;
    event.source = source.id;
    event.model = copy_of(quantize->model);
    event.goal = goal;
    if (event.model->id.empty() || event.model->id == source.id) event.model->id = source.id + "/int8";
    if (event.model->metrics.empty()) event.model->metrics = copies_of(source.metrics);
    if (!event.model->config) event.model->config = copy_of(source.config);
    step.record(std::move(event));
    return true;
  }
  if (const auto* measure = result.body.AsMeasureResult();
      measure && next == Next::Measure && measure->serving) {
    events::CandidateMeasuredT event;
    event.model = copy_of(work.model);
    event.serving = copy_of(measure->serving);
    event.goal = goal;
    step.record(std::move(event));
    return true;
  }
  const auto* compare = result.body.AsCompareResult();
  if (!compare || next != Next::Compare || !compare->difference) return false;
  events::CandidateComparedT event;
  event.candidate = work.model->id;
  event.champion = champion_of(step.state(), work)->id;
  event.result = std::make_unique<events::CompareResultT>(*compare);
  event.goal = goal;
  step.record(std::move(event));
  return true;
}

Result<Decision> hear_job(const State& state, const events::JobResultT& result, const Context& context) {
  const auto* open = work_of_job(state, result.job);
  if (!open) return Decision{};  // of a work that is done or was cancelled
  const events::PerfWorkT work = *open;
  PerfStep step(state, context, work.work->context->goal->id);
  const auto next = next_step(state, work);
  if (!result.failure && record_result(step, work, next, result)) {
    advance(step, nullptr);
    return step.finish();
  }
  const auto why = result.failure
                       ? *result.failure
                       : failure("autoperf.no_result", "the job ended without the result it was asked for",
                                 result.job, "");
  events::JobFailedT failed;
  failed.job = result.job;
  failed.failure = std::make_unique<events::FailureT>(why);
  step.record(std::move(failed));
  advance(step, &why);
  return step.finish();
}

Result<Decision> roll_back(const State& state, const events::RollBackT& said, const Context& context) {
  auto found = std::find_if(state.successions.rbegin(), state.successions.rend(),
                            [&](const auto& line) { return said.goal.empty() || line->goal == said.goal; });
  if (found == state.successions.rend() || (*found)->champions.size() < 2)
    return fail("autoperf.nothing_to_roll_back",
                "no champion before the present one" + (said.goal.empty() ? "" : " of " + said.goal),
                "autoperf", "a roll-back needs at least two promotions");
  const auto& champions = (*found)->champions;
  const events::ModelRefT from = *champions.back();
  const events::ModelRefT model = *champions[champions.size() - 2];
  const std::string goal = (*found)->goal;
  PerfStep step(state, context, goal);
  events::ModelRolledBackT rolled;
  rolled.from = from.id;
  rolled.model = std::make_unique<events::ModelRefT>(model);
  rolled.reason = said.reason;
  rolled.goal = goal;
  const events::DataRefT data = *(*found)->data;
  step.record(std::move(rolled));
  serve(step, model, goal, data);
  events::WorkFinishedT finished;
  finished.work = "rollback-" + std::to_string(step.state().rollbacks);
  finished.candidates.push_back(std::make_unique<events::ModelRefT>(from));
  finished.promoted = std::make_unique<events::ModelRefT>(model);
  finished.conclusion = from.id + " was taken back, " + model.id + " serves again: " + said.reason;
  report(step, std::move(finished));
  return step.finish(model.id);
}

}  // namespace

Result<Decision> AutoPerf::decide(const State& state, const events::CommandT& command,
                                  const Context& context) {
  const auto& body = command.body;
  switch (body.type) {
    case CommandBody::RequestProposals:
      return offer(state, *body.AsRequestProposals(), context);
    case CommandBody::AssignWork:
      return take(state, *body.AsAssignWork(), context);
    case CommandBody::CancelWork:
      return cancel(state, *body.AsCancelWork(), context);
    case CommandBody::RollBack:
      return roll_back(state, *body.AsRollBack(), context);
    case CommandBody::JobFinished:
      return body.AsJobFinished()->result ? hear_job(state, *body.AsJobFinished()->result, context)
                                          : Result<Decision>(Decision{});
    case CommandBody::JobProgressed:
    case CommandBody::TimePassed:
      return Decision{};  // nothing here goes by epochs or by the clock
    default:
      return fail("autoperf.unknown_command",
                  std::string("AutoPerf does not understand ") + events::EnumNameCommandBody(body.type),
                  "autoperf", "it is another agent's command");
  }
}

}  // namespace automodel::actors
