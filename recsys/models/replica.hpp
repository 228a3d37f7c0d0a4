// Private to recsys: a program compiled for training, that shares its weights with a net and has gradients,
// masks and looked-up rows of its own. One a thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "recsys/models/net.hpp"

namespace automodel::recsys {

/// Not thread-safe, but replicas of one net work beside each other. Errors of all functions: those of Net.
class Replica {
 public:
  /// `net` is of the same program and inputs, and must outlive the replica.
  static Result<Replica> make(const Program& program, const InputSpec& inputs, Net& net);
  Replica(Replica&&) noexcept;
  Replica& operator=(Replica&&) noexcept;
  ~Replica();

  /// From now on `values` [rows, width] stand in for the table `index` of a look-up over fields: codes are
  /// rows of them, and gradient(index) is by them. They must stay; calls `clear`.
  void use_rows(std::size_t index, std::span<const float> values);

  /// How many operators of ours it has in the place of the script's.
  int fused() const;
  /// Number `index` of the program's noise for the next `forward` of `rows` rows: [rows, width].
  std::span<float> mask(std::size_t index, std::size_t rows);
  /// Logits [rows, candidates]; `rows` must stay until `backward`.
  Result<void> forward(const Rows& rows, std::span<float> logits);
  /// `gradient`: of the loss by the logits of the last `forward`; `of_row`: the weight of what each row adds
  /// to the loss. Adds to `gradient(index)`.
  Result<void> backward(std::span<const float> gradient, float of_row);
  /// Of the program's penalty, where it has one. Adds to `gradient(index)`.
  Result<void> penalise();
  /// Since the last `clear`, of tensor `index` of Net::parameters(); empty where there was none.
  std::span<const float> gradient(std::size_t index) const;
  void clear();

 private:
  struct Impl;
  explicit Replica(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::recsys
