// How long operations tell how far they are, and how they are ended early.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.hpp"

namespace automodel::storage {

struct Progress {
  std::string_view what;  // "copying", "verifying", "reading" …
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0 where it is not known
  std::string_view unit;    // "bytes", "events", "artifacts"
};

/// Called now and then, on the thread that called the operation. False ends the operation with
/// storage.interrupted, and leaves things as they were before it.
using Watch = std::function<bool(const Progress&)>;

inline Result<void> go_on(const Watch& watch, const Progress& progress) {
  if (!watch || watch(progress)) return {};
  return fail("storage.interrupted", "interrupted while " + std::string(progress.what), {},
              "nothing of it was kept; start it again");
}

}  // namespace automodel::storage
