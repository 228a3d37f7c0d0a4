// `automodel bench train`: training against the same models in plain eager PyTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"
#include "recsys/training/work.hpp"
#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

constexpr std::uint32_t train_batch = 2048;  // rows

struct TrainBenchOptions {
  std::string label = "rating>=4";
  std::vector<std::string> models;  // empty: all
  std::uint32_t seeds = 5, epochs = 3;
  std::string python;  // empty: the first that has PyTorch
  bool alone = false;  // without the reference
  std::function<bool()> stopped;
  std::function<void(const std::string&)> progress;
};

/// One side of a comparison.
struct TrainSide {
  double rows_per_second = 0;                   // of training alone, the median of all epochs of all seeds
  double quality = 0;                           // of the test slice, the mean over seeds
  std::uint32_t threads = 1, blas_threads = 1;  // the fastest
};

struct TrainRow {
  std::string model;
  std::string metric;     // of its quality
  TrainSide ours, eager;  // eager: zeros where `alone`
  std::uint64_t parameters = 0;
  recsys::Work work;
  double share = 0;  // of the machine's rate of matrix products that our rows per second come to
  double ratio() const {
    return eager.rows_per_second > 0 ? ours.rows_per_second / eager.rows_per_second : 0;
  }
};

struct TrainBench {
  BenchMachine machine;
  std::vector<std::pair<std::uint32_t, double>> product_rates;  // by threads
  std::uint64_t rows = 0, test_rows = 0;
  std::vector<TrainRow> models;
  double geometric_mean = 0;  // of the ratios; 0 where `alone`
};

/// The names of the models that it can compare.
const std::vector<std::string>& train_bench_models();

/// Errors: bench.no_pytorch, bench.differs (the two sides have different numbers of parameters),
/// bench.interrupted; those of data and of training.
Result<TrainBench> bench_train(const recsys::Dataset& data, const TrainBenchOptions& options);

void print(const TrainBench& bench, const TrainBenchOptions& options, bool json);

}  // namespace automodel::tools
