// The models of `automodel bench train` in plain eager PyTorch: tools/bench/eager.py in a process of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace automodel::tools {

/// What both sides are asked for: epochs of one model.
struct TrainingRequest {
  std::string model;
  std::uint32_t threads = 1;       // of LibTorch (of workers, on our side)
  std::uint32_t blas_threads = 1;  // of OpenBLAS; not read on our side
  std::uint64_t seed = 1;
  std::uint32_t epochs = 1;
  std::uint32_t batches = 0;  // only so many of an epoch; 0: all. Not read on our side
};

struct TrainingAnswer {
  std::vector<double> seconds;  // of each epoch
  std::uint64_t rows = 0;       // of an epoch
  std::uint64_t parameters = 0;
  std::vector<float> scores;  // of the test rows
};

class EagerReference {
 public:
  /// Starts Python on the inputs in `directory`. `python`: a program; empty: the first of python3 and
  /// /usr/bin/python3 that has PyTorch. Errors: bench.no_pytorch, which says what to install.
  static Result<EagerReference> start(const std::string& python, const std::filesystem::path& directory);
  EagerReference(EagerReference&& other) noexcept;
  EagerReference& operator=(EagerReference&&) = delete;
  ~EagerReference();  // ends the process

  /// "PyTorch 1.13.0a0".
  const std::string& version() const { return version_; }
  /// Errors: bench.reference_failed.
  Result<TrainingAnswer> run(const TrainingRequest& request);

 private:
  EagerReference() = default;
  Result<std::string> read_line();

  std::filesystem::path directory_;
  std::string version_, rest_;
  int pid_ = -1, to_ = -1, from_ = -1;
};

}  // namespace automodel::tools
