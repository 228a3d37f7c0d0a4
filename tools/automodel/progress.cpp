#include "tools/automodel/progress.hpp"

#include <unistd.h>

#include <iostream>

#include "tools/automodel/text.hpp"

namespace automodel::tools {

ProgressLine::~ProgressLine() {
  if (shown_ && ::isatty(STDERR_FILENO)) std::cerr << "\r\x1b[K" << std::flush;
}

storage::Watch ProgressLine::watch() {
  return [this](const storage::Progress& progress) {
    if (Clock::now() >= next_) show(progress);
    return interrupt_.count() == 0;
  };
}

void ProgressLine::show(const storage::Progress& progress) {
  const bool terminal = ::isatty(STDERR_FILENO);
  next_ = Clock::now() + (terminal ? std::chrono::milliseconds(200) : std::chrono::seconds(5));
  const bool bytes = progress.unit == "bytes";
  const auto amount = [&](std::uint64_t n) { return bytes ? bytes_text(n) : grouped(n); };
  std::string line(progress.what);
  if (progress.total > 0) line += " " + amount(progress.done) + " of " + amount(progress.total);
  if (progress.total == 0 && progress.done > 0) line += " " + amount(progress.done);
  if ((progress.total > 0 || progress.done > 0) && !bytes) line += " " + std::string(progress.unit);
  std::cerr << (terminal ? "\r\x1b[K" + line : line + "\n") << std::flush;
  shown_ = true;
}

std::string bytes_text(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  if (bytes < 1'000'000) return fixed(value / 1e3, 1) + " kB";
  if (bytes < 1'000'000'000) return fixed(value / 1e6, 1) + " MB";
  return fixed(value / 1e9, 1) + " GB";
}

}  // namespace automodel::tools
