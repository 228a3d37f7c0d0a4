// How long operations on a store show where they are, and end at Ctrl-C.
#pragma once

#include <chrono>
#include <string>

#include "storage/operations/progress.hpp"
#include "tools/automodel/interrupt.hpp"

namespace automodel::tools {

/// Quiet for two seconds; then a line on stderr that changes on a terminal, and one every five seconds
/// elsewhere.
class ProgressLine {
 public:
  ProgressLine() = default;
  ~ProgressLine();  // removes the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// For the operation; must not outlive this object. Ends it once the user asked to stop.
  storage::Watch watch();

 private:
  void show(const storage::Progress& progress);
  using Clock = std::chrono::steady_clock;
  Interrupt interrupt_;
  Clock::time_point next_ = Clock::now() + std::chrono::seconds(2);
  bool shown_ = false;
};

/// "512 bytes", "1.4 MB" (1 MB is 1,000,000 bytes).
std::string bytes_text(std::uint64_t bytes);

}  // namespace automodel::tools
