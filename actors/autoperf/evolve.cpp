#include <algorithm>

#include "actors/autoperf/promotion.hpp"
#include "actors/autoperf/steps.hpp"
#include "actors/decisions/record.hpp"
#include "actors/decisions/trial.hpp"

namespace automodel::actors {
namespace autoperf {

using State = events::AutoPerfStateT;

const events::SuccessionT* succession(const State& state, const events::DataRefT& data) {
  for (const auto& one : state.successions)
    if (same_data(*one->data, data)) return one.get();
  return nullptr;
}

const events::ModelRefT* champion_of(const State& state, const events::PerfWorkT& work) {
  const auto* found = succession(state, *work.work->context->goal->data);
  return found && !found->champions.empty() ? found->champions.back().get() : nullptr;
}

bool is_int8(const events::PerfWorkT& work) { return work.work->proposal->action == int8_action; }

Next next_step(const State& state, const events::PerfWorkT& work) {
  if (work.attempt >= step_tries) return Next::Fail;
  if (!work.model) return Next::Quantize;
  if (!work.serving) return Next::Measure;
  if (!broken_bound(*work.work->context->goal, *work.serving).empty()) return Next::Judge;
  const auto* champion = champion_of(state, work);
  // Also when another became champion since: the comparison must be with the one that serves.
  if (champion && can_reach(*work.work->context->goal, *champion) &&
      (!work.champion || work.champion->id != champion->id))
    return Next::Compare;
  return Next::Judge;
}

std::string job_id(const events::PerfWorkT& work, Next next) {
  const char* step = next == Next::Quantize ? "quantize" : next == Next::Measure ? "measure" : "compare";
  return "autoperf/" + work.work->id + "/" + step + "-" + std::to_string(work.attempt + 1);
}

events::JobT job_for(const State& state, const events::PerfWorkT& work, Next next) {
  const auto& goal = *work.work->context->goal;
  events::JobT job;
  job.id = job_id(work, next);
  job.goal = goal.id;
  job.data = copy_of(goal.data);
  job.metric = goal.metric;
  if (next == Next::Quantize) {
    events::QuantizeJobT quantize;
    quantize.model = copy_of(work.work->proposal->model);
    job.body.Set(std::move(quantize));
  } else if (next == Next::Measure) {
    events::MeasureJobT measure;
    measure.model = copy_of(work.model);
    measure.requests = 300;
    measure.candidates = 200;
    measure.seed = goal.seed;
    job.body.Set(std::move(measure));
  } else {
    const auto* champion = champion_of(state, work);
    events::CompareJobT compare;
    compare.candidate = copy_of(work.model);
    compare.champion = std::make_unique<events::ModelRefT>(*champion);
    compare.seed = goal.seed;
    compare.slice = "promotion";
    job.id += "/" + champion->id;  // another champion makes it another comparison
    job.body.Set(std::move(compare));
  }
  return job;
}

const events::PerfWorkT* work_of_job(const State& state, const std::string& job) {
  for (const auto& work : state.works) {
    const auto next = next_step(state, *work);
    if (next == Next::Judge || next == Next::Fail) continue;
    if (job_for(state, *work, next).id == job) return work.get();
  }
  return nullptr;
}

Judgement judgement_of(const State& state, const events::PerfWorkT& work, const AutoPerfPolicy& policy) {
  return judge(*work.work->context->goal, *work.model, *work.serving, champion_of(state, work),
               work.compared.get(), is_int8(work), policy);
}

Question promotion_question(const State& state, const events::PerfWorkT& work, const std::string& stream,
                            const Judgement& judgement) {
  const auto* champion = champion_of(state, work);
  const auto evidence = [&](std::uint64_t version) {
    events::EventRefT ref;
    ref.stream = stream;
    ref.version = version;
    return ref;
  };
  Question asked;
  asked.by = "autoperf";
  asked.question = "Should " + work.model->id + " serve?";
  asked.subject = work.model->id;
  const double gain = work.compared && work.compared->difference ? work.compared->difference->value : 0;
  asked.options.push_back(
      option("promote", work.model->id + " serves from now on", judgement.probability, gain));
  asked.options.push_back(option("refuse", champion ? champion->id + " goes on serving" : "nothing serves",
                                 1 - judgement.probability));
  asked.choices = {judgement.promote ? 0u : 1u};
  asked.rationale = judgement.reason;
  asked.evidence.push_back(evidence(work.measured));
  if (champion && work.compared_at > 0) asked.evidence.push_back(evidence(work.compared_at));
  return asked;
}

}  // namespace autoperf

namespace {

using namespace autoperf;
using events::EventBody;

constexpr std::size_t remembered_works = 64;

void accept(State& state, const events::WorkAcceptedT& event, std::uint64_t version) {
  state.accepted.push_back(event.work->id);
  if (state.accepted.size() > remembered_works) state.accepted.erase(state.accepted.begin());
  const auto& model = event.work->proposal->model;
  if (!model) return;  // there is nothing to do; `take` accepts no such work
  auto work = std::make_unique<events::PerfWorkT>();
  work->work = copy_of(event.work);
  work->accepted = version;
  if (event.work->proposal->action == int8_action)
    state.quantized.push_back(model->checkpoint);
  else
    work->model = copy_of(model);
  state.works.push_back(std::move(work));
}

void quantized(State& state, const events::ModelQuantizedT& event) {
  for (auto& work : state.works)
    if (is_int8(*work) && !work->model && work->work->proposal->model->id == event.source) {
      work->model = copy_of(event.model);
      work->attempt = 0;
    }
}

void measured(State& state, const events::CandidateMeasuredT& event, std::uint64_t version) {
  for (auto& work : state.works)
    if (work->model && work->model->id == event.model->id && !work->serving) {
      work->serving = copy_of(event.serving);
      work->measured = version;
      work->attempt = 0;
    }
}

void compared(State& state, const events::CandidateComparedT& event, std::uint64_t version) {
  for (auto& work : state.works) {
    const auto* champion = champion_of(state, *work);
    if (!work->model || work->model->id != event.candidate || !champion || champion->id != event.champion)
      continue;
    work->champion = std::make_unique<events::ModelRefT>(*champion);
    work->compared = copy_of(event.result);
    work->compared_at = version;
    work->attempt = 0;
  }
}

void job_failed(State& state, const events::JobFailedT& event) {
  if (const auto* work = work_of_job(state, event.job)) const_cast<events::PerfWorkT*>(work)->attempt += 1;
}

void promote(State& state, const events::ModelPromotedT& event) {
  auto work = std::find_if(state.works.begin(), state.works.end(),
                           [&](const auto& one) { return one->model && one->model->id == event.model->id; });
  if (work == state.works.end()) return;
  const auto& data = (*work)->work->context->goal->data;
  auto found = std::find_if(state.successions.begin(), state.successions.end(),
                            [&](const auto& one) { return same_data(*one->data, *data); });
  std::unique_ptr<events::SuccessionT> line;
  if (found == state.successions.end()) {
    line = std::make_unique<events::SuccessionT>();
    line->data = copy_of(data);
  } else {
    line = std::move(*found);
    state.successions.erase(found);
  }
  line->goal = event.goal;
  line->champions.push_back(copy_of(event.model));
  state.successions.push_back(std::move(line));  // the latest last
}

void roll_back(State& state, const events::ModelRolledBackT& event) {
  state.rollbacks += 1;
  for (auto& line : state.successions)
    if (line->champions.size() > 1 && line->champions.back()->id == event.from) line->champions.pop_back();
}

}  // namespace

void AutoPerf::evolve(State& state, const events::Recorded& recorded) {
  state.version = recorded.version;
  const auto& body = recorded.event.body;
  switch (body.type) {
    case EventBody::WorkAccepted:
      return accept(state, *body.AsWorkAccepted(), recorded.version);
    case EventBody::ModelQuantized:
      return quantized(state, *body.AsModelQuantized());
    case EventBody::CandidateMeasured:
      return measured(state, *body.AsCandidateMeasured(), recorded.version);
    case EventBody::CandidateCompared:
      return compared(state, *body.AsCandidateCompared(), recorded.version);
    case EventBody::JobFailed:
      return job_failed(state, *body.AsJobFailed());
    case EventBody::ModelPromoted:
      return promote(state, *body.AsModelPromoted());
    case EventBody::ModelRolledBack:
      return roll_back(state, *body.AsModelRolledBack());
    case EventBody::WorkReported:
      std::erase_if(state.works,
                    [&](const auto& one) { return one->work->id == body.AsWorkReported()->finished->work; });
      return;
    default:
      return;  // decisions, outcomes and offers are for memory
  }
}

std::vector<events::JobT> AutoPerf::open_jobs(const State& state) {
  std::vector<events::JobT> jobs;
  for (const auto& work : state.works) {
    const auto next = next_step(state, *work);
    if (next != Next::Judge && next != Next::Fail) jobs.push_back(job_for(state, *work, next));
  }
  return jobs;
}

}  // namespace automodel::actors
