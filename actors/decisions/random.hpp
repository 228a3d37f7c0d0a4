// Seeded chance for deciders: the same words give the same numbers on every machine, so that a history can be
// repeated.
#pragma once

#include <cstdint>
#include <string_view>

namespace automodel::actors {

/// splitmix64 (Steele, Lea & Flood, OOPSLA 2014). Copyable; no state outside itself.
///
///   Random random(goal.seed, context.cycle, "autofeature");
///   double gain = random.normal(belief.mean, belief.deviation);
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// A stream of its own for each (seed, number, purpose): asking for one more number here changes nothing
  /// there.
  Random(std::uint64_t seed, std::uint64_t number, std::string_view purpose);

  std::uint64_t next();
  /// In [0, 1).
  double uniform();
  /// In [0, bound); `bound` must be positive.
  std::uint64_t below(std::uint64_t bound);
  /// Box-Muller; one of the pair is thrown away, which keeps the state one number.
  double normal(double mean = 0, double deviation = 1);

 private:
  std::uint64_t state_;
};

}  // namespace automodel::actors
