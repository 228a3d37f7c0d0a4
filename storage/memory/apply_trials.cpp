#include "storage/memory/apply.hpp"
#include "storage/memory/rows.hpp"

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

/// A trial goes on over several rungs, and a job that was started again repeats epochs: by number, the newest
/// wins.
void add_epoch(TrialRowT& row, const events::EpochReportT& report) {
  auto at = std::find_if(row.epochs.begin(), row.epochs.end(),
                         [&](const auto& known) { return known && known->epoch >= report.epoch; });
  if (at != row.epochs.end() && (*at)->epoch == report.epoch)
    **at = report;
  else
    row.epochs.insert(at, std::make_unique<events::EpochReportT>(report));
}

/// Recomputed from its trials, so that a trial that ends twice (a rung, then the next) counts once.
void refresh_fingerprint(RowWriter& rows, const std::string& fingerprint) {
  change<FingerprintRowT>(rows, "fingerprints", fingerprint, [&](FingerprintRowT& row) {
    row.finished = row.failed = 0;
    row.mean = row.best = 0;
    for (const auto& id : row.trials) {
      auto trial = get<TrialRowT>(rows, "trials", id);
      if (!trial) continue;
      if (trial->status == "failed") ++row.failed;
      if (!trial->has_value) continue;
      bool better = lower_is_better(row.metric) ? trial->value < row.best : trial->value > row.best;
      if (row.finished == 0 || better) row.best = trial->value;
      row.mean += (trial->value - row.mean) / ++row.finished;
    }
  });
}

template <class Change>
void ended(RowWriter& rows, const std::string& trial, const Recorded& event, Change change_row) {
  std::string fingerprint;
  update<TrialRowT>(rows, "trials", trial, [&](TrialRowT& row) {
    row.trial = trial;
    if (row.goal.empty()) row.goal = event.correlation;
    row.ended = reference(event);
    row.ended_time = event.time;
    change_row(row);
    if (row.config) fingerprint = row.config->fingerprint;
  });
  if (!fingerprint.empty()) refresh_fingerprint(rows, fingerprint);
}

void note_fingerprint(RowWriter& rows, const TrialRowT& trial) {
  if (!trial.config || trial.config->fingerprint.empty()) return;
  update<FingerprintRowT>(rows, "fingerprints", trial.config->fingerprint, [&](FingerprintRowT& row) {
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
  });
}

}  // namespace

void apply(RowWriter& rows, const events::TrialStartedT& body, const Recorded& event) {
  auto known = get<TrialRowT>(rows, "trials", body.trial);
  TrialRowT row = known.value_or(TrialRowT{});
  row.trial = body.trial;
  row.status = "running";
  row.purpose = body.purpose;
  row.goal = goal_of(body.goal, event);
  row.agent = agent_of(event);
  row.config = copy_of(body.config);
  row.rung = body.rung;
  row.max_epochs = body.max_epochs;
  row.metric = metric_of(rows, row.goal);
  row.data = body.data ? body.data->hash : data_of(rows, row.goal);
  if (!body.work.empty()) row.work = body.work;
  row.reason.clear();
  row.failure.reset();
  if (!known || known->started.empty()) row.started = reference(event), row.time = event.time;
  put(rows, "trials", row.trial, row);
  note_fingerprint(rows, row);
  index(rows, "trials_by_goal", row.goal, row.trial);
  if (!row.work.empty())
    change<WorkRowT>(rows, "works", row.work, [&](WorkRowT& work) { add_once(work.trials, row.trial); });
  if (!known) change<GoalRowT>(rows, "goals", row.goal, [](GoalRowT& goal) { ++goal.trials; });
}

void apply(RowWriter& rows, const events::EpochFinishedT& body, const Recorded&) {
  if (!body.report) return;
  update<TrialRowT>(rows, "trials", body.trial, [&](TrialRowT& row) {
    row.trial = body.trial;
    add_epoch(row, *body.report);
  });
}

void apply(RowWriter& rows, const events::TrialFinishedT& body, const Recorded& event) {
  ended(rows, body.trial, event, [&](TrialRowT& row) {
    // A trial that was given up keeps that mark: its figures are of the moment when it stopped.
    if (row.status != "stopped") row.status = "finished";
    if (!body.result) return;
    for (const auto& report : body.result->epochs)
      if (report) add_epoch(row, *report);
    row.metrics = copies_of(body.result->metrics);
    set_value(row);
    row.seconds += body.result->seconds;
    row.rows += body.result->rows;
    row.parameters = body.result->parameters;
    row.bytes = body.result->bytes;
    row.checkpoint = body.result->checkpoint;
    row.resume = body.result->resume;
  });
  if (body.model) note_model(rows, *body.model, "trained", event.correlation, event);
}

void apply(RowWriter& rows, const events::TrialFailedT& body, const Recorded& event) {
  ended(rows, body.trial, event, [&](TrialRowT& row) {
    row.status = "failed";
    row.failure = copy_of(body.failure);
    change<GoalRowT>(rows, "goals", row.goal, [](GoalRowT& goal) { ++goal.trials_failed; });
  });
}

void apply(RowWriter& rows, const events::TrialStoppedT& body, const Recorded& event) {
  ended(rows, body.trial, event, [&](TrialRowT& row) {
    row.status = "stopped";
    row.reason = body.reason;
    if (row.has_value) return;
    // Without a result the figures of its last epoch are what is known.
    for (const auto& report : row.epochs)
      if (report && report->epoch <= body.epoch) row.metrics = copies_of(report->metrics);
    set_value(row);
  });
}

}  // namespace automodel::storage::memory_rows
