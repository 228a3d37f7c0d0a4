// What a store did since this process opened it for writing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/event_store.hpp"

namespace automodel::storage {

/// How often a number was how large.
class Distribution {
 public:
  /// `bounds`: the upper bounds of the buckets, each itself included, ascending; one more bucket has none.
  explicit Distribution(std::vector<double> bounds)
      : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  void add(double value);
  const std::vector<double>& bounds() const { return bounds_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }  // one more than bounds
  std::uint64_t count() const;
  double sum() const { return sum_; }

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

/// Appends, snapshots, acknowledgements and epochs are writes; those of projections are not counted.
struct WriterActivity {
  Distribution writes{{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}};  // in a commit
  /// LMDB's commit of them: the pages written and synced, and the page that names them (of a relaxed store
  /// without the last wait for the disk).
  Distribution seconds{{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1}};
  std::uint64_t failed = 0;  // commits that did not hold: storage.full, storage.io
  std::uint64_t queued = 0;  // writes that wait now
};

struct StoreActivity {
  std::uint64_t appends = 0;   // that hold
  std::uint64_t events = 0;    // of these
  std::uint64_t repeated = 0;  // known commands, answered with what was stored
  std::uint64_t refused = 0;   // conflict, fenced, malformed
  std::uint64_t failed = 0;    // of commits that did not hold
  WriterActivity writer;
  std::uint64_t subscribers = 0;      // who is told of commits now
  double longest_reader_seconds = 0;  // of any process: for which a read transaction has been seen
};

/// Nothing where it was opened for reading only. Errors: storage.io.
Result<std::optional<StoreActivity>> activity_of(const EventStore& store);

}  // namespace automodel::storage
