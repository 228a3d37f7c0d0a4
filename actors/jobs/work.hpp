// What the kinds of jobs share: the data they work on, and the way between messages and values. Private to
// this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/jobs/executor.hpp"
#include "papers/methods.hpp"
#include "recsys/data/split.hpp"
#include "recsys/evaluation/metrics.hpp"
#include "recsys/serving/scorer.hpp"
#include "recsys/training/trainer.hpp"

namespace automodel::actors {

/// An opened data set, labelled and split as a job asks.
struct Prepared {
  recsys::Dataset data;
  std::string label;
  std::vector<float> labels;
  recsys::Split split;
};

struct Work {
  const events::JobT& job;
  const JobEnvironment& environment;
  const ProgressSink& progress;
  std::shared_ptr<const Prepared> data;
  storage::ArtifactStore artifacts;

  std::string metric() const { return job.metric.empty() ? "auc" : job.metric; }
};

Result<events::TrainResultT> run_train(const Work& work, const events::TrainJobT& job);
Result<events::ProfileResultT> run_profile(const Work& work);
Result<events::ScreenResultT> run_screen(const Work& work, const events::ScreenJobT& job);
Result<events::MeasureResultT> run_measure(const Work& work, const events::MeasureJobT& job);
Result<events::CompareResultT> run_compare(const Work& work, const events::CompareJobT& job);
Result<events::QuantizeResultT> run_quantize(const Work& work, const events::QuantizeJobT& job);
Result<events::ReportResultT> run_report(const Work& work, const events::ReportJobT& job);

/// Trains with what the configuration says; `cards`: of its method and those that it extends, where they are not of the
/// library; `resume` as in TrainOptions.
Result<recsys::Trained> train_config(const Work& work, const events::TrialConfigT& config,
                                     const papers::Cards& cards, recsys::TrainOptions options,
                                     const std::function<bool(const recsys::EpochReport&)>& on_epoch);

/// A model ready to score, and the bytes that it was loaded from.
struct LoadedModel {
  recsys::Scorer scorer;
  std::uint64_t checkpoint_bytes = 0;
};
/// A model without a checkpoint is trained here, on the training rows, with the settings of its
/// configuration.
Result<LoadedModel> load_model(const Work& work, const events::ModelRefT& model);

/// A model's scores on some rows, beside their labels and users. Where the job's metric is one of the whole
/// catalogue, also the rank of each row that is asked about (`recsys::rows_to_rank`) and its user.
struct Scored {
  std::vector<float> scores, labels;
  std::vector<std::uint32_t> users;
  std::vector<double> ranks;
  std::vector<std::uint32_t> asked;
};
/// Errors also jobs.does_not_rank, where the metric is the catalogue's and the model cannot have it.
Result<Scored> score(const Work& work, const events::ModelRefT& model,
                     const std::vector<std::uint32_t>& rows);

/// All metrics that the scores give.
recsys::Metrics metrics_of(const Scored& scored);
/// One metric with its interval.
events::MetricT measured(const std::string& metric, const Scored& scored, std::uint64_t seed);
/// a - b in a metric, turned so that positive is better, with its paired interval.
Result<events::MetricT> difference(const std::string& metric, const Scored& a, const Scored& b,
                                   std::uint64_t seed);

events::MetricT to_metric(const std::string& name, const recsys::Interval& interval);
std::vector<std::unique_ptr<events::MetricT>> to_metrics(const recsys::Metrics& metrics);
std::unique_ptr<events::EpochReportT> to_epoch(const recsys::EpochReport& report);
events::ByteView bytes_of(const std::string& text);

}  // namespace automodel::actors
