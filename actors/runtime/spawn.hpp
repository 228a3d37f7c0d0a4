// Child processes of this program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace automodel::actors {

struct SpawnOptions {
  std::filesystem::path program = "/proc/self/exe";  // run as: PROGRAM ARGUMENTS…
  std::vector<std::string> arguments;
  std::uint32_t threads = 1;  // OMP_NUM_THREADS; OPENBLAS_NUM_THREADS is 1
  /// What becomes the child's descriptors, in this order: (here, there). Its stdin is empty, all others that
  /// do not close themselves it has too.
  std::vector<std::pair<int, int>> descriptors;
};

/// In a process group of its own: Ctrl-C at the terminal is for the parent, which then asks its children to
/// stop. Signals are not blocked there, and SIGPIPE is not ignored. Errors: runtime.no_process.
Result<pid_t> spawn(const SpawnOptions& options);

/// Of waitpid's status: "signal 9 (Killed)", "exit status 1".
std::string how_it_ended(int status);

}  // namespace automodel::actors
