// Private to training: a step's gradients of all processes, added up.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "recsys/training/collective.hpp"

namespace automodel::recsys {

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
  Result<void> finish() { return group_.sum(numbers_); }
  /// After `finish`: the sum. Empty where no process has one.
  std::span<const float> gradient(std::size_t index) const;

 private:
  Collective& group_;
  std::vector<std::size_t> first_ = {0};  // [tensors + 1], among the numbers
  std::vector<float> numbers_;
};

}  // namespace automodel::recsys
