// Private to recsys: a program compiled by LibTorch, behind plain arrays, so that few files pay for its
// headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/models/program.hpp"

namespace automodel::recsys {

/// Rows of inputs that someone else owns; row-major as in `Batch`.
struct Rows {
  std::size_t rows = 0, singles = 0, bags = 0, max_bag = 0, denses = 0;
  const std::int64_t* single_codes = nullptr;
  const std::int64_t* bag_codes = nullptr;
  const float* dense = nullptr;
  // Where the inputs have them; of what they have not, null or none.
  std::size_t candidates = 1, history = 0;
  bool shared_items = false;
  const std::int64_t* users = nullptr;
  const std::int64_t* items = nullptr;
  const std::int64_t* past = nullptr;  // Batch::history
  const float* ages = nullptr;

  /// `count` rows from `first`.
  Rows part(std::size_t first, std::size_t count) const;
};
/// All rows of a batch, or `count` from `first`.
Rows view(const Batch& batch, const InputSpec& spec, std::size_t first, std::size_t count);

/// Not thread-safe, but for `infer`. Errors of all functions: models.out_of_memory, models.failed (LibTorch's
/// own words).
class Net {
 public:
  /// Compiles; all parameters are zero. Sets the process's number of LibTorch and BLAS threads: two pools
  /// that both use every core wait for each other. Errors also those of `assemble`.
  static Result<Net> compile(const Program& program, const InputSpec& inputs, std::uint32_t threads);
  Net(Net&&) noexcept;
  Net& operator=(Net&&) noexcept;
  ~Net();

  /// All tensors of the model, those of look-ups first: `Assembled::tensors`.
  const std::vector<TensorSpec>& parameters() const;
  /// The memory of parameter `index`: [product of its shape] of float or int8.
  std::span<std::byte> data(std::size_t index);
  std::span<const std::byte> data(std::size_t index) const;
  std::span<float> values(std::size_t index);
  /// After `backward`; empty where the output does not depend on the parameter.
  std::span<const float> gradient(std::size_t index) const;
  /// Number `index` of the program's noise for the next `forward` of `rows` rows: [rows, width].
  std::span<float> mask(std::size_t index, std::size_t rows);

  /// Logits of a training batch: [rows, candidates]. Keeps what `backward` needs; `rows` must stay until
  /// then.
  Result<void> forward(const Rows& rows, std::span<float> logits);
  enum class Penalty : std::uint8_t { with, without };
  /// `gradient`: of the loss by the logits of the last `forward`. The gradients of the program's penalty and
  /// of the mean of what it adds to the rows' losses, where it has them, are added to that of the loss.
  Result<void> backward(std::span<const float> gradient, Penalty penalty = Penalty::with);
  /// Logits [rows, candidates] without noise or gradients.
  Result<void> infer(const Rows& rows, std::span<float> logits) const;

 private:
  struct Impl;
  explicit Net(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::recsys
