#include "actors/jobs/executor.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <new>

#include "actors/jobs/slices.hpp"
#include "actors/jobs/work.hpp"

namespace automodel::actors {

namespace {

/// The data sets of the last few jobs stay open: the jobs of one goal all use the same.
class PreparedCache {
 public:
  Result<std::shared_ptr<const Prepared>> find(const events::DataRefT& ref,
                                               const std::filesystem::path& directory);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Prepared> value;
  };
  std::mutex mutex_;
  std::deque<Entry> entries_;
};

Result<std::shared_ptr<const Prepared>> prepare(recsys::Dataset data, const events::DataRefT& ref) {
  if (!ref.hash.empty() && ref.hash != data.hash())
    return fail("data.changed", "data set '" + ref.name + "' is not the one that the job was planned on",
                ref.name, "Import the original again, or begin a new goal");
  auto split = slices_of(data, ref);
  if (!split) return fail(split.error());
  auto labels = recsys::labels(data, ref.label);
  if (!labels) return fail(labels.error());
  return std::make_shared<const Prepared>(
      Prepared{std::move(data), ref.label, std::move(*labels), std::move(*split)});
}

Result<std::shared_ptr<const Prepared>> PreparedCache::find(const events::DataRefT& ref,
                                                            const std::filesystem::path& directory) {
  // A name comes from a message: it must not lead out of the directory.
  if (ref.name.empty() || ref.name[0] == '.' || ref.name.find('/') != std::string::npos)
    return fail("data.bad_name", "'" + ref.name + "' cannot name a data set");
  auto data = recsys::Dataset::open(directory / ref.name);
  if (!data) return fail(data.error());
  std::string key = directory.string() + '\n' + data->hash() + '\n' + ref.hash + '\n' + ref.label + '\n' +
                    std::to_string(static_cast<int>(ref.split));
  for (const double ratio : ref.ratios) key += ' ' + std::to_string(ratio);
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.key == key) return entry.value;
  auto prepared = prepare(std::move(*data), ref);
  if (!prepared) return prepared;
  entries_.push_back({std::move(key), *prepared});
  if (entries_.size() > 2) entries_.pop_front();
  return prepared;
}

PreparedCache& cache() {
  static PreparedCache instance;
  return instance;
}

std::unique_ptr<events::FailureT> to_failure(const Error& error) {
  auto failure = std::make_unique<events::FailureT>();
  const bool exhausted = error.code == "training.out_of_memory" || error.code == "models.out_of_memory";
  failure->code = exhausted                                      ? "jobs.out_of_memory"
                  : error.code == "training.nan"                 ? "jobs.nan"
                  : error.code == "training.too_many_parameters" ? "jobs.too_many_parameters"
                                                                 : error.code;
  failure->message = error.message;
  failure->where = error.where;
  failure->hint = error.hint;
  return failure;
}

template <class T>
Result<void> keep(Result<T> result, events::JobResultT& out) {
  if (!result) return fail(result.error());
  out.body.Set(std::move(*result));
  return {};
}

Result<void> dispatch(const Work& work, events::JobResultT& out) {
  const auto& body = work.job.body;
  switch (body.type) {
    case events::JobBody::TrainJob:
      return keep(run_train(work, *body.AsTrainJob()), out);
    case events::JobBody::ProfileJob:
      return keep(run_profile(work), out);
    case events::JobBody::ScreenJob:
      return keep(run_screen(work, *body.AsScreenJob()), out);
    case events::JobBody::MeasureJob:
      return keep(run_measure(work, *body.AsMeasureJob()), out);
    case events::JobBody::CompareJob:
      return keep(run_compare(work, *body.AsCompareJob()), out);
    case events::JobBody::QuantizeJob:
      return keep(run_quantize(work, *body.AsQuantizeJob()), out);
    case events::JobBody::ReportJob:
      return keep(run_report(work, *body.AsReportJob()), out);
    case events::JobBody::NONE:
      break;
  }
  return fail("jobs.failed", "the job says not what to do", work.job.id);
}

Result<void> run(const events::JobT& job, const JobEnvironment& environment, const ProgressSink& progress,
                 events::JobResultT& out) {
  if (!job.data) return fail("jobs.failed", "the job names no data", job.id);
  auto data = cache().find(*job.data, environment.data_directory);
  if (!data) return fail(data.error());
  auto artifacts = storage::ArtifactStore::open(environment.artifacts);
  if (!artifacts) return fail(artifacts.error());
  return dispatch(Work{job, environment, progress, *data, std::move(*artifacts)}, out);
}

}  // namespace

events::JobResultT execute(const events::JobT& job, const JobEnvironment& environment,
                           const ProgressSink& progress) {
  events::JobResultT out;
  out.job = job.id;
  Result<void> done;
  try {
    done = run(job, environment, progress, out);
  } catch (const std::bad_alloc&) {
    done = fail("jobs.out_of_memory", "the job needs more memory than it may have", job.id,
                "Use a smaller model or batch");
  } catch (const std::exception& error) {
    done = fail("jobs.failed", error.what(), job.id);
  }
  if (!done) {
    out.body.Reset();
    out.failure = to_failure(done.error());
  }
  return out;
}

}  // namespace automodel::actors
