// Private to training: threads that work out a batch's gradient, each for its part of the rows, and take the
// step.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "recsys/models/net.hpp"
#include "recsys/training/adam.hpp"
#include "recsys/training/collective.hpp"
#include "recsys/training/losses.hpp"

namespace automodel::recsys {

/// Of a net's program. Parts of a batch, and of the weights, depend on the number of threads alone, and what
/// the threads find is added in their order: the same batches give the same weights, bit for bit.
class Workers {
 public:
  /// The calling thread is one of the `threads`. `program`, `inputs` and `net` must outlive it. Errors:
  /// models.*.
  /// Tables of at least `lazy_from` rows are stepped lazily (lazy_rows.hpp) where the step of a row that no
  /// batch touches depends on its moments alone: without l2 and penalties.
  /// With `group` the threads are those of one of several processes, each with as many: all go through the
  /// same batches and steps, each thread differentiates its part of a batch, and what they find is added in
  /// the order of ranks and threads. So the weights are those of one process with as many threads as all have.
  static Result<Workers> make(const Program& program, const InputSpec& inputs, Net& net,
                              std::uint32_t threads, float l2, std::size_t lazy_from = kLazyFrom,
                              Collective* group = nullptr);
  static constexpr std::size_t kLazyFrom = 100'000;
  Workers(Workers&&) noexcept;
  Workers& operator=(Workers&&) noexcept;
  ~Workers();

  /// Before steps after `steps`, and after them: then the net's weights and the moments are as plain Adam
  /// leaves them.
  void begin(std::uint64_t steps);
  void end(std::vector<AdamState>& moments, std::uint64_t steps, float rate);

  /// Noise is that of `seed` and `step`. Gives the sum of the rows' losses, and keeps the gradient
  /// of their mean. Errors: models.*, of any process; training.worker_lost.
  Result<double> differentiate(const Batch& batch, const Targets& targets, std::vector<AdamState>& moments,
                               std::uint64_t seed, std::uint64_t step, float rate);
  /// Adam's step number `step` with the gradient of the last `differentiate`.
  void take_step(std::vector<AdamState>& moments, std::uint64_t step, float rate, float l2);

 private:
  struct Impl;
  explicit Workers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::recsys
