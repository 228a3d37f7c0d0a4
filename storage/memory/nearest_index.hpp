// Nearest past configurations among millions of trials, in memory: the answer of `nearest` (memory.hpp), from
// columns instead of rows.
//
// Trials with the same configuration are one point. Points with the same method and the same names of
// settings form a group; a group's points lie in trees that halve them along the part in which they differ
// most, each node with bounds of every part: the range of positive numbers on the logarithmic scale, which
// other values and which features occur. A question visits nodes by falling promise and stops where no node's
// bound is below the distance of the k nearest found. Bounds are below the true distances by construction,
// and distances are computed by the functions of the plain scan, in the same order: so the answer is exact,
// ties included.
//
// New points wait in a short list that is scanned; when it is full they become a tree, merged with trees that
// are not larger (Bentley & Saxe, J. Algorithms 1980).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/generated.hpp"

namespace automodel::storage {

/// Not thread-safe.
class NearestIndex {
 public:
  NearestIndex();
  ~NearestIndex();
  NearestIndex(NearestIndex&&) noexcept;
  NearestIndex& operator=(NearestIndex&&) noexcept;

  /// Adds a trial by its row's key, or changes its configuration.
  void put(std::string_view key, const events::TrialConfigT& config);
  /// A trial that has no configuration any more.
  void erase(std::string_view key);

  std::size_t trials() const;
  std::size_t points() const;  // different configurations

  struct Found {
    std::string key;
    double distance = 0;
    friend bool operator==(const Found&, const Found&) = default;
  };
  /// The `k` nearest, nearest first, ties in order of keys. The first question after many `put`s builds
  /// trees: some seconds for a million.
  std::vector<Found> nearest(const events::TrialConfigT& config, std::size_t k);

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace automodel::storage
