// Private to training: a step's gradients of all processes, added up.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "recsys/training/collective.hpp"

namespace automodel::recsys {

/// A tensor of which a step's gradient is zero but for the rows that the batch touches.
struct SparseTable {
  std::size_t index = 0, width = 1;  // among the tensors; numbers in a row
};

class Exchange {
 public:
  explicit Exchange(Collective& group) : group_(group) {}
  const Collective& group() const { return group_; }

  /// `loss`: the sum of this process's rows' losses, or what went wrong there. `found`: 1 for each tensor of
  /// which this process has a gradient, else 0; `sizes`: how many numbers one has, the same everywhere. Gives
  /// the sum of all processes' losses, added by rank. Errors: that of any process, training.worker_lost.
  Result<double> begin(const Result<double>& loss, std::string_view found,
                       std::span<const std::size_t> sizes);
  /// Where this process puts its gradient of a tensor (zeros where it has none), between the two calls. Empty
  /// where no process has one.
  std::span<float> own(std::size_t index);
  /// Of `tables`, in the order of their indices, only `rows` are sent: what all processes' rows of the batch
  /// touch, in the same order everywhere.
  Result<void> finish(std::span<const SparseTable> tables, std::span<const std::uint32_t> rows);
  /// After `finish`: the sum. Empty where no process has one.
  std::span<const float> gradient(std::size_t index) const;

 private:
  /// Calls `work`(first, count) for each stretch of the numbers that is sent, in order.
  template <class F>
  void for_each_sent(std::span<const SparseTable> tables, std::span<const std::uint32_t> rows,
                     F&& work) const;

  Collective& group_;
  std::vector<std::size_t> first_ = {0};  // [tensors + 1], among the numbers
  std::vector<float> numbers_, sent_;
};

}  // namespace automodel::recsys
