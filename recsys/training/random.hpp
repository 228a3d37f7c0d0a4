// Private to recsys: random numbers that are the same on every machine and standard library. A stream is
// named by the seed and what it is for, so that an interrupted training draws the same in each epoch.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

namespace automodel::recsys {

/// xoshiro256** (Blackman & Vigna 2018), seeded by SplitMix64.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::uint64_t mix = seed * 0xd1342543de82ef95U + stream;
    for (auto& word : state_) {
      std::uint64_t z = (mix += 0x9e3779b97f4a7c15U);
      z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
      word = z ^ (z >> 31U);
    }
  }

  std::uint64_t next() {
    const auto rotate = [](std::uint64_t x, unsigned k) { return (x << k) | (x >> (64U - k)); };
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9, t = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Below `bound` > 0, by multiplication (Lemire 2019) without its rejection: the bias is under bound /
  /// 2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32U) * static_cast<std::uint64_t>(bound)) >> 32U);
  }
  double uniform() { return (static_cast<double>(next() >> 11U) + 0.5) * 0x1.0p-53; }  // (0, 1)
  double normal() {                                                                    // Box & Muller 1958
    return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// The numbers below `count` in a random order (Fisher & Yates).
inline std::vector<std::uint32_t> shuffled(std::size_t count, Random& random) {
  std::vector<std::uint32_t> out(count);
  std::iota(out.begin(), out.end(), 0U);
  for (std::size_t i = count; i > 1; --i)
    std::swap(out[i - 1], out[random.below(static_cast<std::uint32_t>(i))]);
  return out;
}

}  // namespace automodel::recsys
