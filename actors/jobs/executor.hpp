// Runs one job on this thread: the join between the messages of `events` and the values of `recsys`.
// Called in worker processes (actors/jobs/worker_process) and, for tests and `automodel train`, directly.
#pragma once

#include <filesystem>
#include <functional>

#include "events/codec.hpp"
#include "storage/artifact_store.hpp"

namespace automodel::actors {

struct JobEnvironment {
  std::filesystem::path data_directory;  // holds imported data sets by name
  std::filesystem::path artifacts;       // the store's artifact directory
  std::uint32_t threads = 1;
  std::uint64_t max_parameters = 0;      // of a model that is trained; 0: no limit
};

/// Called after each epoch; false asks the job to stop there.
using ProgressSink = std::function<bool(const events::JobProgressT&)>;

/// Carries out `job`. Never throws: what goes wrong is in the result's `failure`
/// (jobs.failed, jobs.nan, jobs.out_of_memory, jobs.too_many_parameters, data.*).
events::JobResultT execute(const events::JobT& job, const JobEnvironment& environment, const ProgressSink& progress);

}  // namespace automodel::actors
