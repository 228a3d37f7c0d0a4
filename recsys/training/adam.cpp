#include "recsys/training/adam.hpp"

#include <cmath>

namespace automodel::recsys {

void adam_step(std::span<float> weights, std::span<const float> gradient, AdamState& state,
               std::uint64_t step, float rate, float l2) {
  constexpr float kBeta1 = 0.9F, kBeta2 = 0.999F, kEpsilon = 1e-8F;
  const auto t = static_cast<double>(step);
  const auto rescale = static_cast<float>(std::sqrt(1 - std::pow(static_cast<double>(kBeta2), t)));
  const auto size = static_cast<float>(rate / (1 - std::pow(static_cast<double>(kBeta1), t)));
  float* const w = weights.data();
  const float* const gradients = gradient.data();
  float* const first = state.first.data();
  float* const second = state.second.data();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float g = gradients[i] + l2 * w[i];
    first[i] = kBeta1 * first[i] + (1 - kBeta1) * g;
    second[i] = kBeta2 * second[i] + (1 - kBeta2) * g * g;
    w[i] -= size * first[i] / (std::sqrt(second[i]) / rescale + kEpsilon);
  }
}

}  // namespace automodel::recsys
