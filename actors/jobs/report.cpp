#include "actors/jobs/work.hpp"

namespace automodel::actors {

namespace {

/// Every metric; with an interval for those that the report shows.
std::vector<std::unique_ptr<events::MetricT>> report_metrics(const Scored& scored, const std::string& metric,
                                                             std::uint64_t seed) {
  auto out = to_metrics(metrics_of(scored));
  for (auto& one : out)
    if (one->name == metric || one->name == "auc" || one->name == "logloss" || one->name == "ndcg10")
      *one = measured(one->name, scored, seed);
  return out;
}

}  // namespace

Result<events::ReportResultT> run_report(const Work& work, const events::ReportJobT& job) {
  if (!job.champion) return fail("jobs.failed", "a report needs a champion", work.job.id);
  const auto& rows = work.data->split.test;
  auto champion = score(work, *job.champion, rows);
  if (!champion) return fail(champion.error());
  events::ReportResultT out;
  const auto add = [&](const events::ModelRefT& model, const Scored& scored, const std::string& name) {
    auto row = std::make_unique<events::ReportRowT>();
    row->name = name;
    row->model = model.id;
    row->metrics = report_metrics(scored, work.metric(), job.seed);
    out.rows.push_back(std::move(row));
  };
  add(*job.champion, *champion, "champion");
  for (const auto& baseline : job.baselines) {
    if (!baseline) continue;
    auto scored = score(work, *baseline, rows);
    if (!scored) return fail(scored.error());
    auto delta = difference(work.metric(), *champion, *scored, job.seed);
    if (!delta) return fail(delta.error());
    add(*baseline, *scored, baseline->config ? baseline->config->method : baseline->id);
    out.rows.back()->difference = std::make_unique<events::MetricT>(std::move(*delta));
  }
  return out;
}

}  // namespace automodel::actors
