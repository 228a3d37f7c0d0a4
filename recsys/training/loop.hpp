// Private to training: epochs of one net over one set of examples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recsys/models/method.hpp"
#include "recsys/models/net.hpp"
#include "recsys/training/adam.hpp"
#include "recsys/training/batches.hpp"
#include "recsys/training/random.hpp"
#include "recsys/training/workers.hpp"

namespace automodel::recsys {

class Loop {
 public:
  /// Everything referred to must outlive the loop.
  Loop(Net& net, Workers& workers, Batches& batches, const Settings& settings, std::uint64_t seed);

  /// Epochs count from 1; what is random in one depends on the seed and its number alone. Gives the mean
  /// loss. Errors: training.nan, models.*.
  Result<double> epoch(std::uint32_t number);

  std::vector<AdamState>& moments() { return moments_; }
  std::uint64_t steps = 0;  // of Adam, taken so far

 private:
  Result<double> step(std::span<const std::uint32_t> positions, Random& random);

  Workers& workers_;
  Batches& batches_;
  std::uint64_t seed_;
  std::size_t batch_size_;
  float rate_, l2_;
  std::vector<AdamState> moments_;
};

}  // namespace automodel::recsys
