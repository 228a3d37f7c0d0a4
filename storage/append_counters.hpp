// How appends were answered. Private to storage/.
#pragma once

#include <atomic>

#include "storage/activity.hpp"

namespace automodel::storage {

/// Counted by whoever writes, read by anybody.
class AppendCounters {
 public:
  void count(const Result<void>& committed, const Result<Appended>& outcome) {
    if (!committed) {
      ++failed_;
    } else if (!outcome) {
      ++refused_;
    } else if (outcome->repeated) {
      ++repeated_;
    } else {
      ++appends_;
      if (outcome->first_sequence > 0) events_ += outcome->last_sequence - outcome->first_sequence + 1;
    }
  }
  void fill(StoreActivity& activity) const {
    activity.appends = appends_;
    activity.events = events_;
    activity.repeated = repeated_;
    activity.refused = refused_;
    activity.failed = failed_;
  }

 private:
  std::atomic<std::uint64_t> appends_{0}, events_{0}, repeated_{0}, refused_{0}, failed_{0};
};

}  // namespace automodel::storage
