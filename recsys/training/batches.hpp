// Private to training: the examples that an epoch goes over, and batches of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "recsys/features/inputs.hpp"
#include "recsys/models/method.hpp"
#include "recsys/models/program.hpp"
#include "recsys/training/losses.hpp"
#include "recsys/training/negatives.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {

/// The rows that a program learns from: all, or where it ranks the positive ones. Encodes them at once where
/// that takes under 256 MB, else each batch anew.
class Batches {
 public:
  /// `labels`: one a row of the data set. Everything referred to must outlive it.
  Batches(const InputEncoder& encoder, const Dataset& data, std::span<const float> labels,
          std::span<const std::uint32_t> train_rows, const Settings& settings, const Program& program);

  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  std::size_t size() const { return rows_.size(); }
  /// The examples at these positions, below size(), in this order. `random` hides ids and draws negatives.
  /// Stays until the next call.
  const Batch& gather(std::span<const std::uint32_t> positions, Random& random);
  /// What its logits are held against.
  Targets targets() const;

 private:
  void encode(std::span<const std::uint32_t> positions);
  void hide_ids(Random& random);
  void add_candidates(std::span<const std::uint32_t> positions, Random& random);

  const InputEncoder& encoder_;
  Dataset data_;
  std::span<const float> labels_;
  const Program& program_;
  double unknown_;
  std::vector<std::uint32_t> positive_rows_;  // where it ranks
  std::span<const std::uint32_t> rows_;       // all that were given, or these
  std::optional<Negatives> negatives_;

  struct Hidden {
    std::size_t position;  // among the singles
    std::int64_t unknown;  // the table's row of code 0
  };
  std::vector<Hidden> hidden_;
  bool whole_ = false;
  Batch all_, batch_;
  std::vector<std::int64_t> positives_;  // of a batch whose candidates are all items
};

}  // namespace automodel::recsys
