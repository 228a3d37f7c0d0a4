// A job runner whose jobs run in a child process of this program: what goes wrong there (a crash, exhausted
// memory) is a job's outcome, and the node lives on. The child is started at the first job, kept for the next
// ones, and replaced when it died.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/job_pool.hpp"

namespace automodel::actors {

struct WorkerOptions {
  std::filesystem::path program = "/proc/self/exe";  // run as: PROGRAM ARGUMENTS…
  /// What comes after the program's name. The child's end of the pipes are descriptors 3 (in) and 4 (out):
  /// see actors/jobs/worker_main.hpp for the arguments of `automodel worker`.
  std::vector<std::string> arguments;
  std::uint32_t threads = 1;              // OMP_NUM_THREADS; OPENBLAS_NUM_THREADS is 1
  std::chrono::milliseconds grace{2000};  // between asking a cancelled job to stop and killing its process
};

inline constexpr int worker_in = 3;
inline constexpr int worker_out = 4;

/// Failures of its results: jobs.worker_died (with the signal or exit status), jobs.no_worker (could not be
/// started). SIGPIPE is ignored in this process from here on.
std::unique_ptr<JobRunner> process_runner(WorkerOptions options);

}  // namespace automodel::actors
