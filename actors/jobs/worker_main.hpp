// What a worker process does: `automodel worker --parent PID --data DIR --artifacts DIR --threads N --memory
// MB`, started by the node (actors/runtime/worker_process.hpp), never by people.
#pragma once

#include <sys/types.h>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "actors/jobs/executor.hpp"

namespace automodel::actors {

struct WorkerArguments {
  JobEnvironment environment;
  pid_t parent = 0;             // the node; when it is gone, so is the worker
  std::uint64_t memory_mb = 0;  // of data, 128 for each thread's buffer of OpenBLAS included; 0: no limit
};

/// The arguments after the program's name, `worker` first; `parse` reads what `format` wrote.
/// Errors: jobs.bad_arguments.
std::vector<std::string> format_worker_arguments(const WorkerArguments& arguments);
Result<WorkerArguments> parse_worker_arguments(std::span<const std::string> arguments);

/// Runs jobs that come in on `in_fd` until it closes. Returns the process's exit status: 0, or 1 after
/// garbage.
int worker_loop(int in_fd, int out_fd, const JobEnvironment& environment);

/// The whole process: limits, ties to the parent, then the loop on descriptors 3 and 4.
/// `arguments` as for `parse_worker_arguments`. In main():
/// `if (argc > 1 && std::string_view(argv[1]) == "worker") return actors::worker_main({argv + 1, argv +
/// argc});`
int worker_main(const std::vector<std::string>& arguments);

}  // namespace automodel::actors
