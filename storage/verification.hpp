// What a check of the whole history found.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace automodel::storage {

/// One thing that is not as it was written. `sequence` is that of the record, or of the newest event where no
/// single record is at fault (a head, an index entry of no event).
struct Fault {
  std::uint64_t sequence = 0;
  std::string message;
};

struct Verification {
  std::uint64_t events = 0;  // that the store says it has
  double seconds = 0;
  unsigned threads = 1;
  std::uint64_t fault_count = 0;
  std::vector<Fault> faults;  // the first ones, in order of sequence; one for each sequence

  bool intact() const { return fault_count == 0; }
};

struct VerifyOptions {
  unsigned threads = 0;  // 0: one for each core
  std::size_t max_faults = 100;
  /// Called now and then, by the calling thread.
  std::function<void(std::uint64_t done, std::uint64_t all)> progress;
};

/// How many events there are; storage.corrupt with the first fault where there is one.
Result<std::uint64_t> require_intact(const Verification& verification);

}  // namespace automodel::storage
