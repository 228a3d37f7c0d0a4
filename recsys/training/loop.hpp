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

namespace automodel::recsys {

class Loop {
 public:
  /// Everything referred to must outlive the loop.
  Loop(Net& net, const InputEncoder& encoder, Batches& batches, const Settings& settings,
       const Program& program, std::uint64_t seed);

  /// Epochs count from 1; what is random in one depends on the seed and its number alone. Gives the mean
  /// loss. Errors: training.nan, models.*.
  Result<double> epoch(std::uint32_t number);

  std::vector<AdamState>& moments() { return moments_; }
  std::uint64_t steps = 0;  // of Adam, taken so far

 private:
  void draw_masks(std::size_t rows, Random& random);
  Result<double> step(std::span<const std::uint32_t> positions, Random& random);

  Net& net_;
  const InputEncoder& encoder_;
  Batches& batches_;
  const Program& program_;
  std::uint64_t seed_;
  std::size_t batch_size_;
  float rate_, l2_;
  std::vector<AdamState> moments_;
  std::vector<float> logits_, gradient_;
};

}  // namespace automodel::recsys
