// Private to training: epochs of one net over one set of rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recsys/models/method.hpp"
#include "recsys/models/net.hpp"
#include "recsys/training/adam.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {

class Loop {
 public:
  /// `labels`: one a row of the data set. Everything referred to must outlive the loop. Encodes all rows at
  /// once where that takes under 256 MB, else each batch anew.
  Loop(Net& net, const InputEncoder& encoder, std::span<const float> labels,
       std::span<const std::uint32_t> rows, const Settings& settings, const Program& program,
       std::uint64_t seed);

  /// Epochs count from 1; what is random in one depends on the seed and its number alone. Gives the mean loss. Errors: training.nan, models.*.
  Result<double> epoch(std::uint32_t number);

  std::vector<AdamState>& moments() { return moments_; }
  std::uint64_t steps = 0;  // of Adam, taken so far

 private:
  void gather(std::span<const std::uint32_t> positions);
  void hide_ids(Random& random);
  void draw_masks(std::size_t rows, Random& random);
  Result<double> step(std::span<const std::uint32_t> positions, Random& random);

  Net& net_;
  const InputEncoder& encoder_;
  std::span<const float> labels_;
  std::span<const std::uint32_t> rows_;
  const Program& program_;
  std::uint64_t seed_;
  std::size_t batch_size_;
  float rate_, l2_;
  double unknown_;

  struct Hidden {
    std::size_t position;  // among the singles
    std::int64_t unknown;  // the table's row of code 0
  };
  std::vector<Hidden> hidden_;
  std::vector<AdamState> moments_;
  bool whole_ = false;
  Batch all_, batch_;
  std::vector<float> logits_, gradient_;
};

}  // namespace automodel::recsys
