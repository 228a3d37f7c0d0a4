// The index of configurations that a node keeps: built at the first question, kept up to date from the
// events.
#pragma once

#include <mutex>
#include <vector>

#include "storage/event_store.hpp"
#include "storage/memory/memory.hpp"
#include "storage/memory/nearest_index.hpp"

namespace automodel::actors {

/// Of one store. Thread-safe; questions wait for each other.
class NearTrials {
 public:
  /// The answer of storage::nearest (memory.hpp), for all that was committed when it was asked. The first
  /// question reads every trial's row: some seconds for a million. Later ones read the events since.
  /// Errors: storage.*.
  Result<std::vector<events::TrialRowT>> nearest(const storage::EventStore& store,
                                                 const storage::Memory& memory,
                                                 const events::TrialConfigT& config, std::size_t k);

 private:
  Result<void> catch_up(const storage::EventStore& store, const storage::Memory& memory);

  std::mutex mutex_;
  storage::NearestIndex index_;
  bool built_ = false;
  std::uint64_t seen_ = 0;  // events up to here are in the index
};

}  // namespace automodel::actors
