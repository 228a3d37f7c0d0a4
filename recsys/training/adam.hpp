// Private to recsys: Adam (Kingma & Ba, ICLR 2015, algorithm 1) over plain arrays.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace automodel::recsys {

struct AdamState {
  std::vector<float> first, second;  // moments, like the weights
};

/// What all weights have in common at a step; `step` counts from 1. `l2` * weight is added to the gradient.
struct AdamStep {
  float rescale = 1, size = 0, l2 = 0;  // corrections of the second moment's root and of the first moment
  static AdamStep of(std::uint64_t step, float rate, float l2);
};

void adam_step(std::span<float> weights, std::span<const float> gradient, std::span<float> first,
               std::span<float> second, const AdamStep& step);
void adam_step(std::span<float> weights, std::span<const float> gradient, AdamState& state,
               std::uint64_t step, float rate, float l2);

}  // namespace automodel::recsys
