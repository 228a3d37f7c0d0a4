// Private to recsys: Adam (Kingma & Ba, ICLR 2015, algorithm 1) over plain arrays.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace automodel::recsys {

struct AdamState {
  std::vector<float> first, second;  // moments, like the weights
};

/// One step, `step` counts from 1. `l2` * weight is added to the gradient.
void adam_step(std::span<float> weights, std::span<const float> gradient, AdamState& state,
               std::uint64_t step, float rate, float l2);

}  // namespace automodel::recsys
