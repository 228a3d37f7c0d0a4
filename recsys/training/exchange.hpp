// Private to training: a step's gradients of all processes, added up.
#pragma once

#include <cstdint>
#include <functional>
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
  /// After `begin`. `add` adds to `own` what each of this process's `threads` found, one after the other; so
  /// that all threads' gradients are added in the order of ranks and threads. Of `tables`, in the order of
  /// their indices, only `rows` are sent: what all processes' rows of the batch touch, in the same order
  /// everywhere.
  Result<void> add_up(std::span<const SparseTable> tables, std::span<const std::uint32_t> rows,
                      std::uint32_t threads, const std::function<void()>& add);
  /// Of a tensor. Empty where no process has a gradient.
  std::span<float> own(std::size_t index);
  /// After `add_up`: the sum. Empty where no process has one.
  std::span<const float> gradient(std::size_t index) const;

 private:
  /// Calls `work`(first, count) for each stretch of the numbers that is sent, in order.
  template <class F>
  void for_each_sent(F&& work) const;
  void write_sent();
  void read_sent();

  Collective& group_;
  std::vector<std::size_t> first_ = {0};  // [tensors + 1], among the numbers
  std::vector<float> numbers_, sent_;
  std::span<const SparseTable> tables_;
  std::span<const std::uint32_t> rows_;
};

}  // namespace automodel::recsys
