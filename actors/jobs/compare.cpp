#include "actors/jobs/work.hpp"

namespace automodel::actors {

Result<events::CompareResultT> run_compare(const Work& work, const events::CompareJobT& job) {
  if (!job.candidate || !job.champion) return fail("jobs.failed", "comparing needs two models", work.job.id);
  const recsys::Split& split = work.data->split;
  if (job.slice != "tuning" && job.slice != "promotion")  // the test slice is for the report alone
    return fail("jobs.failed", "no slice '" + job.slice + "' to compare on", work.job.id,
                "Slices are tuning, promotion");
  const auto& rows = job.slice == "tuning" ? split.tuning : split.promotion;
  auto candidate = score(work, *job.candidate, rows);
  if (!candidate) return fail(candidate.error());
  auto champion = score(work, *job.champion, rows);
  if (!champion) return fail(champion.error());
  auto delta = difference(work.metric(), *candidate, *champion, job.seed);
  if (!delta) return fail(delta.error());
  events::CompareResultT out;
  out.candidate = to_metrics(metrics_of(*candidate));
  out.champion = to_metrics(metrics_of(*champion));
  out.difference = std::make_unique<events::MetricT>(std::move(*delta));
  return out;
}

}  // namespace automodel::actors
