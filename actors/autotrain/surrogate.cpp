#include "actors/autotrain/surrogate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace automodel::actors::autotrain {
namespace {
constexpr double length = 0.5;
}

Surrogate::Surrogate(double prior, double deviation, double noise)
    : prior_(prior), variance_(deviation * deviation), noise_variance_(std::max(noise * noise, 1e-12)) {}

double Surrogate::kernel(const std::vector<double>& a, const std::vector<double>& b) const {
  double square = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) square += (a[i] - b[i]) * (a[i] - b[i]);
  return variance_ * std::exp(-square / (2 * length * length));
}

std::vector<double> Surrogate::solve_lower(std::vector<double> b) const {
  for (std::size_t i = 0; i < b.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) b[i] -= lower_[i][j] * b[j];
    b[i] /= lower_[i][i];
  }
  return b;
}

void Surrogate::observe(Observation observation) {
  std::vector<double> column;
  for (const auto& other : seen_) column.push_back(kernel(observation.at, other.at));
  auto row = solve_lower(std::move(column));  // the factor grows by one row
  double rest = variance_ + noise_variance_;
  for (const double value : row) rest -= value * value;
  row.push_back(std::sqrt(std::max(rest, noise_variance_)));
  lower_.push_back(std::move(row));
  seen_.push_back(std::move(observation));
}

Prediction Surrogate::predict(const std::vector<double>& at) const {
  std::vector<double> cross, centred;
  for (const auto& other : seen_) {
    cross.push_back(kernel(at, other.at));
    centred.push_back(other.value - prior_);
  }
  const auto left = solve_lower(std::move(cross));
  const auto right = solve_lower(std::move(centred));
  double mean = prior_, variance = variance_;
  for (std::size_t i = 0; i < left.size(); ++i) {
    mean += left[i] * right[i];
    variance -= left[i] * left[i];
  }
  return {mean, std::sqrt(std::max(variance, 0.0))};
}

double expected_improvement(const Prediction& prediction, double best) {
  const double gain = prediction.mean - best;
  if (prediction.deviation < 1e-12) return std::max(gain, 0.0);
  const double z = gain / prediction.deviation;
  const double below = 0.5 * std::erfc(-z / std::numbers::sqrt2);
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
  return gain * below + prediction.deviation * density;
}

}  // namespace automodel::actors::autotrain
