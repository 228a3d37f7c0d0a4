#include "recsys/training/losses.hpp"

#include <algorithm>
#include <cmath>

#include "recsys/models/inference.hpp"
#include "recsys/models/kernels.hpp"

namespace automodel::recsys {
namespace {

/// log(1 + e^x), without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// One row with one label a candidate: their mean. `numbers`: logits in the batch.
template <class Value, class Slope>
double pointwise(std::span<const float> z, float first, float numbers, std::span<float> gradient, Value value,
                 Slope slope) {
  double sum = 0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    const float y = c == 0 ? first : 0.0F;
    sum += value(z[c], y);
    gradient[c] = slope(z[c], y) / numbers;
  }
  return sum / static_cast<double>(z.size());
}

/// Rendle et al. 2009, section 4: -ln sigmoid(x) with x = z_0 - z_j, whose slope by x is -sigmoid(-x).
double bpr(std::span<const float> z, float weight, std::span<float> gradient) {
  const auto negatives = z.size() - 1;
  double sum = 0, of_first = 0;
  for (std::size_t j = 1; j <= negatives; ++j) {
    const double x = static_cast<double>(z[0]) - z[j];
    sum += softplus(-x);
    const double slope = 1 / (1 + std::exp(x)) / static_cast<double>(negatives);
    gradient[j] = static_cast<float>(slope) * weight;
    of_first -= slope;
  }
  gradient[0] = static_cast<float>(of_first) * weight;
  return sum / static_cast<double>(negatives);
}

/// Cross entropy with a single right answer (Bishop 2006, equations 4.108 and 4.109): ln sum_c e^{z_c} - z_p,
/// whose slope by z_c is softmax(z)_c - [c = p].
double softmax(std::span<const float> z, std::size_t positive, float weight, std::span<float> gradient) {
  const float largest = *std::max_element(z.begin(), z.end());
  std::copy(z.begin(), z.end(), gradient.begin());
  const double sum = kernels::exponentials(gradient, largest);
  const auto scale = static_cast<float>(weight / sum);
  for (auto& g : gradient) g *= scale;
  gradient[positive] -= weight;
  return std::log(sum) + static_cast<double>(largest) - z[positive];
}

}  // namespace

double loss_and_gradient(Loss loss, const Targets& targets, std::span<const float> logits,
                         std::span<float> gradient) {
  const auto weight = 1 / static_cast<float>(targets.rows), numbers = static_cast<float>(logits.size());
  double sum = 0;
  for (std::size_t r = 0; r < targets.rows; ++r) {
    const auto z = logits.subspan(r * targets.candidates, targets.candidates);
    const auto g = gradient.subspan(r * targets.candidates, targets.candidates);
    const float first = targets.labels.empty() ? 1.0F : targets.labels[r];
    switch (loss) {
      case Loss::logloss:
        sum += pointwise(z, first, numbers, g, log_loss, [](float x, float y) { return sigmoid(x) - y; });
        break;
      case Loss::mse:
        sum += pointwise(
            z, first, numbers, g, [](float x, float y) { return static_cast<double>(x - y) * (x - y); },
            [](float x, float y) { return 2 * (x - y); });
        break;
      case Loss::bpr:
        sum += bpr(z, weight, g);
        break;
      case Loss::softmax:
        sum += softmax(z, targets.positives.empty() ? 0 : static_cast<std::size_t>(targets.positives[r]),
                       weight, g);
        break;
    }
  }
  return sum;
}

}  // namespace automodel::recsys
