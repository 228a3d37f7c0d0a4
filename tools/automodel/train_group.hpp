// `automodel train --workers N`: a parent starts the processes that train together, and starts them all again
// from the last finished epoch when one of them dies.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "recsys/training/collective.hpp"

namespace automodel::tools {

/// HOST:PORT. Errors: usage.meet.
Result<recsys::Meeting> parse_meeting(const std::string& text);

/// What the parent and its workers share: a directory with what a worker leaves there.
class Workplace {
 public:
  explicit Workplace(std::filesystem::path directory) : directory_(std::move(directory)) {}

  const std::filesystem::path& directory() const { return directory_; }
  /// The last epoch's `Trained::resume`; empty at first. Errors: train.no_state.
  Result<std::string> state() const;
  Result<void> keep(const std::string& state) const;
  /// The last epoch that was finished, 0 at first: whether a training gets on.
  std::uint32_t epoch() const;
  Result<void> finished(std::uint32_t epoch) const;
  /// Why a worker ended; a worker that says nothing has died.
  std::optional<Error> failure(std::uint32_t rank) const;
  Result<void> failed(std::uint32_t rank, const Error& error) const;
  void forget_failures() const;

 private:
  Result<void> write(const std::string& name, const std::string& bytes) const;
  std::filesystem::path directory_;
};

struct GroupOptions {
  std::vector<std::string> arguments;  // of the command line; each worker has them and `worker_flags`
  std::uint32_t size = 1, threads = 1;
  std::optional<std::uint32_t> rank;  // only this one is started here, the others on other computers
  recsys::Meeting meeting;            // then: where they meet
  std::chrono::seconds wait{300};     // for the others
};

/// How a worker is told what it is, after the flags of the command.
std::vector<std::string> worker_flags(std::uint32_t rank, std::uint64_t round,
                                      const std::filesystem::path& directory);

/// Until all workers have finished: gives the exit status. Ctrl-C ends the training after the epoch, a second
/// one at once. Errors: those that a worker ended with, train.workers_die (three rounds in a row in which
/// none finished an epoch), train.interrupted, training.no_meeting, runtime.no_process.
Result<int> supervise(const GroupOptions& options);

}  // namespace automodel::tools
