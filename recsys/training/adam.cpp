#include "recsys/training/adam.hpp"

#include <cmath>

#include "recsys/models/kernels.hpp"

namespace automodel::recsys {

AdamStep AdamStep::of(std::uint64_t step, float rate, float l2) {
  constexpr double kBeta1 = 0.9F, kBeta2 = 0.999F;
  const auto t = static_cast<double>(step);
  return {static_cast<float>(std::sqrt(1 - std::pow(kBeta2, t))),
          static_cast<float>(rate / (1 - std::pow(kBeta1, t))), l2};
}

void adam_step(std::span<float> weights, std::span<const float> gradient, std::span<float> first,
               std::span<float> second, const AdamStep& step) {
  kernels::adam(weights.data(), gradient.data(), first.data(), second.data(), weights.size(), step.rescale,
                step.size, step.l2);
}

void adam_step(std::span<float> weights, std::span<const float> gradient, AdamState& state,
               std::uint64_t step, float rate, float l2) {
  adam_step(weights, gradient, state.first, state.second, AdamStep::of(step, rate, l2));
}

}  // namespace automodel::recsys
