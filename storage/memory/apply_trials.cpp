#include "storage/memory/apply.hpp"

namespace automodel::storage::memory_rows {

using events::FingerprintRowT;
using events::GoalRowT;
using events::TrialRowT;
using events::WorkRowT;

namespace {

void set_value(TrialRowT& row) {
  row.has_value = false;
  for (const auto& metric : row.metrics) {
    if (!metric) continue;
    bool wanted = row.metric.empty() ? !row.has_value : metric->name == row.metric;
    if (wanted) row.has_value = true, row.value = metric->value;
  }
}

/// Reports are the most frequent of all: those known already are overwritten where they stand.
void assign(events::EpochReportT& known, const events::EpochReport& report) {
  known.epoch = report.epoch();
  known.train_loss = report.train_loss();
  known.seconds = report.seconds();
  const auto* metrics = report.metrics();
  known.metrics.resize(metrics ? metrics->size() : 0);
  for (std::size_t i = 0; i < known.metrics.size(); ++i) {
    auto& metric = known.metrics[i];
    if (!metric) metric = std::make_unique<events::MetricT>();
    const auto* said = metrics->Get(static_cast<flatbuffers::uoffset_t>(i));
    metric->name = view(said->name());
    metric->value = said->value();
    metric->has_interval = said->has_interval();
    metric->low = said->low();
    metric->high = said->high();
  }
}

/// A trial goes on over several rungs, and a job that was started again repeats epochs: by number, the newest
/// wins.
void add_epoch(TrialRowT& row, const events::EpochReport& report) {
  // Nearly always it is the next one, or the last one again.
  auto at = row.epochs.end();
  while (at != row.epochs.begin() && (*std::prev(at))->epoch >= report.epoch()) --at;
  if (at == row.epochs.end() || (*at)->epoch != report.epoch())
    at = row.epochs.insert(at, std::make_unique<events::EpochReportT>());
  assign(**at, report);
}

/// Recomputed from its trials, so that a trial that ends twice (a rung, then the next) counts once.
void refresh_fingerprint(MemoryRows& rows, std::string_view fingerprint) {
  auto* row = rows.change<FingerprintRowT>(fingerprint);
  if (!row) return;
  row->finished = row->failed = 0;
  row->mean = row->best = 0;
  for (const auto& id : row->trials) {
    const auto* trial = rows.find<TrialRowT>(id);
    if (!trial) continue;
    if (trial->status == "failed") ++row->failed;
    if (!trial->has_value) continue;
    bool better = lower_is_better(row->metric) ? trial->value < row->best : trial->value > row->best;
    if (row->finished == 0 || better) row->best = trial->value;
    row->mean += (trial->value - row->mean) / ++row->finished;
  }
}

template <class Change>
void ended(MemoryRows& rows, std::string_view trial, const EventView& event, Change change_row) {
  auto& row = rows.update<TrialRowT>(trial);
  row.trial = trial;
  if (row.goal.empty()) row.goal = event.correlation;
  row.ended = reference(event);
  row.ended_time = event.time;
  change_row(row);
  note_value(rows, row);
  if (row.config && !row.config->fingerprint.empty()) refresh_fingerprint(rows, row.config->fingerprint);
}

void note_fingerprint(MemoryRows& rows, const TrialRowT& trial) {
  if (!trial.config || trial.config->fingerprint.empty()) return;
  auto& row = rows.update<FingerprintRowT>(trial.config->fingerprint);
  if (row.trials.empty()) {
    row.fingerprint = trial.config->fingerprint;
    row.config = copy_of(trial.config);
    row.data = trial.data;
    row.metric = trial.metric;
    row.time = trial.time;
  }
  add_once(row.trials, trial.trial);
  if (std::find(row.seeds.begin(), row.seeds.end(), trial.config->seed) == row.seeds.end())
    row.seeds.push_back(trial.config->seed);
}

/// A trial counts for the agent in whose stream it lies.
void note_agent(MemoryRows& rows, const std::string& agent) {
  auto& row = rows.update<events::AgentRowT>(agent);
  row.agent = agent;
  ++row.trials;
}

}  // namespace

void apply(MemoryRows& rows, const events::TrialStarted& body, const EventView& event) {
  const auto trial = view(body.trial());
  const bool known = rows.find<TrialRowT>(trial) != nullptr;
  auto& row = rows.update<TrialRowT>(trial);
  row.trial = trial;
  row.status = "running";
  row.purpose = view(body.purpose());
  row.goal = goal_of(body.goal(), event);
  if (row.agent.empty()) note_agent(rows, std::string(agent_of(event)));
  row.agent = agent_of(event);
  row.config = unpacked(body.config());
  row.rung = body.rung();
  row.max_epochs = body.max_epochs();
  row.metric = metric_of(rows, row.goal);
  row.data = body.data() ? view(body.data()->hash()) : data_of(rows, row.goal);
  if (!view(body.work()).empty()) row.work = view(body.work());
  row.reason.clear();
  row.failure.reset();
  if (row.started.empty()) row.started = reference(event), row.time = event.time;
  note_fingerprint(rows, row);
  rows.index(Index::trials_by_goal, row.goal, row.trial);
  if (!row.work.empty())
    if (auto* work = rows.change<WorkRowT>(row.work)) add_once(work->trials, row.trial);
  if (known) return;
  count_trial(rows, row);
  if (auto* goal = rows.change<GoalRowT>(row.goal)) ++goal->trials;
}

void apply(MemoryRows& rows, const events::EpochFinished& body, const EventView&) {
  if (!body.report()) return;
  auto& row = rows.update<TrialRowT>(view(body.trial()));
  row.trial = view(body.trial());
  add_epoch(row, *body.report());
}

void apply(MemoryRows& rows, const events::TrialFinished& body, const EventView& event) {
  ended(rows, view(body.trial()), event, [&](TrialRowT& row) {
    // A trial that was given up keeps that mark: its figures are of the moment when it stopped.
    if (row.status != "stopped") row.status = "finished";
    const auto* result = body.result();
    if (!result) return;
    if (const auto* epochs = result->epochs())
      for (const auto* report : *epochs) add_epoch(row, *report);
    row.metrics = unpacked(result->metrics());
    set_value(row);
    row.seconds += result->seconds();
    row.rows += result->rows();
    row.parameters = result->parameters();
    row.bytes = result->bytes();
    row.checkpoint = view(result->checkpoint());
    row.resume = view(result->resume());
  });
  if (body.model()) note_model(rows, *body.model(), "trained", event.correlation, event);
}

void apply(MemoryRows& rows, const events::TrialFailed& body, const EventView& event) {
  ended(rows, view(body.trial()), event, [&](TrialRowT& row) {
    row.status = "failed";
    row.failure = unpacked(body.failure());
    if (auto* goal = rows.change<GoalRowT>(row.goal)) ++goal->trials_failed;
  });
}

void apply(MemoryRows& rows, const events::TrialStopped& body, const EventView& event) {
  ended(rows, view(body.trial()), event, [&](TrialRowT& row) {
    row.status = "stopped";
    row.reason = view(body.reason());
    if (row.has_value) return;
    // Without a result the figures of its last epoch are what is known.
    for (const auto& report : row.epochs)
      if (report->epoch <= body.epoch()) row.metrics = copies_of(report->metrics);
    set_value(row);
  });
}

}  // namespace automodel::storage::memory_rows
