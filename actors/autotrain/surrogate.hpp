// A guess at the metric of configurations never tried: Gaussian process regression over the ladder positions
// of settings (Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, algorithm 2.1).
#pragma once

#include <vector>

namespace automodel::actors::autotrain {

struct Observation {
  std::vector<double> at;  // a point of the unit cube
  double value = 0;        // larger is better
};

struct Prediction {
  double mean = 0;
  double deviation = 0;
};

class Surrogate {
 public:
  /// Squared-exponential kernel of length 0.5, amplitude `deviation`, noise `noise` (both standard
  /// deviations); the mean far from every observation is `prior`.
  Surrogate(double prior, double deviation, double noise);
  void observe(Observation observation);
  Prediction predict(const std::vector<double>& at) const;

 private:
  double kernel(const std::vector<double>& a, const std::vector<double>& b) const;
  std::vector<double> solve_lower(std::vector<double> b) const;

  double prior_, variance_, noise_variance_;
  std::vector<Observation> seen_;
  std::vector<std::vector<double>> lower_;  // Cholesky factor of K + noise, row by row
};

/// Jones, Schonlau & Welch, J. Global Optimization 1998, equation 15.
double expected_improvement(const Prediction& prediction, double best);

}  // namespace automodel::actors::autotrain
