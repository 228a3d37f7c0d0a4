// Private to recsys: what its inner loops are made of. Included by files that are compiled with all loops
// vectorised.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

// Each function is there once for every generation of vector instructions, and the loader takes the one that
// the processor has; by levels of the instruction set, since a processor's name holds for its own maker only.
// Sanitizers run before the loader's choice can.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif
#define INLINE inline __attribute__((always_inline))

namespace automodel::recsys::kernels {

constexpr std::size_t kTileRows = 4, kTileColumns = 16;
/// Numbers that are computed together, as GCC's vectors: what the compiler makes of loops over them it cannot
/// miss.
template <class T>
using Lanes [[gnu::vector_size(kTileColumns * sizeof(T))]] = T;

template <class T, class Vector>
INLINE void load(const T* from, Vector& to) {
  std::memcpy(&to, from, sizeof to);
}
template <class T, class Vector>
INLINE void store(const Vector& from, T* to) {
  std::memcpy(to, &from, sizeof from);
}
template <class T>
INLINE T sum_of(const Lanes<T>& lanes) {
  T sum = 0;
  for (std::size_t i = 0; i < kTileColumns; ++i) sum += lanes[i];
  return sum;
}

/// c, a tile of rows `stride_c` apart, = the sum over j from `first` to below `last` of a's [row, j] times
/// b's [j, column]. Numbers of `a` are `row` and `along` apart.
template <class T>
INLINE void tile(const T* a, std::size_t row, std::size_t along, const T* b, std::size_t stride_b,
                 std::size_t first, std::size_t last, T* c, std::size_t stride_c) {
  Lanes<T> sums[kTileRows] = {}, numbers;
  for (std::size_t j = first; j < last; ++j) {
    load(b + j * stride_b, numbers);
    const T* const from = a + j * along;
    for (std::size_t r = 0; r < kTileRows; ++r) sums[r] += from[r * row] * numbers;
  }
  for (std::size_t r = 0; r < kTileRows; ++r) store(sums[r], c + r * stride_c);
}

/// x becomes e^(x - most), of x - most up to 88; to 2 units in the last place, and zero below -87. A power of
/// two times Taylor's series over half an octave.
INLINE void exponentials_of(Lanes<float>& x, float most) {
  using Whole [[gnu::vector_size(kTileColumns * sizeof(std::int32_t))]] = std::int32_t;
  constexpr float kLog2E = 1.44269504F, kHigh = 0.693359375F, kLow = -2.12194440e-4F, kLeast = -87;
  constexpr float kRounds = 12582912;  // 1.5 * 2^23: what is added to it becomes a whole number
  x -= most;
  const Whole too_low = x < kLeast;  // not of what is no number
  const Lanes<float> least = Lanes<float>{} + kLeast, at = too_low ? least : x;
  const Lanes<float> octaves = (at * kLog2E + kRounds) - kRounds;
  const Lanes<float> r = (at - octaves * kHigh) - octaves * kLow;
  Lanes<float> sum = r * (1.0F / 5040) + 1.0F / 720;
  sum = sum * r + 1.0F / 120;
  sum = sum * r + 1.0F / 24;
  sum = sum * r + 1.0F / 6;
  sum = sum * r + 0.5F;
  sum = sum * r + 1.0F;
  sum = sum * r + 1.0F;
  const Whole power = (__builtin_convertvector(octaves, Whole) + 127) << 23;
  Lanes<float> factor;
  std::memcpy(&factor, &power, sizeof factor);
  x = too_low ? Lanes<float>{} : sum * factor;
}
INLINE void exponentials_of(Lanes<double>& x, double most) {
  for (std::size_t i = 0; i < kTileColumns; ++i) x[i] = std::exp(x[i] - most);
}

/// x becomes e^(x - most), whose sum is given.
template <class T>
INLINE T exponentials(T* x, std::size_t count, T most) {
  Lanes<T> sums = {}, numbers;
  std::size_t i = 0;
  for (; i + kTileColumns <= count; i += kTileColumns) {
    load(x + i, numbers);
    exponentials_of(numbers, most);
    store(numbers, x + i);
    sums += numbers;
  }
  if (i < count) {
    numbers = Lanes<T>{} - std::numeric_limits<T>::max();
    std::memcpy(&numbers, x + i, (count - i) * sizeof(T));
    exponentials_of(numbers, most);
    std::memcpy(x + i, &numbers, (count - i) * sizeof(T));
    sums += numbers;
  }
  return sum_of<T>(sums);
}

}  // namespace automodel::recsys::kernels
