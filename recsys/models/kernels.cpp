#include "recsys/models/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "recsys/models/vectorised.hpp"

namespace automodel::recsys::kernels {
namespace {

/// The finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
INLINE std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

template <class T>
INLINE void bias_relu_mask_of(T* __restrict z, const T* __restrict bias, const T* __restrict mask,
                              std::size_t rows, std::size_t width) {
  for (std::size_t r = 0; r < rows; ++r, z += width) {
    if (mask) {
      const T* const of_row = mask + r * width;
      for (std::size_t i = 0; i < width; ++i) {
        const T sum = z[i] + bias[i];
        z[i] = (sum < 0 ? T(0) : sum) * of_row[i];
      }
    } else {
      for (std::size_t i = 0; i < width; ++i) {
        const T sum = z[i] + bias[i];
        z[i] = sum < 0 ? T(0) : sum;
      }
    }
  }
}

/// y is positive exactly where the unit was kept and the rectifier let it through.
template <class T>
INLINE void bias_relu_mask_backward_of(const T* __restrict dy, const T* __restrict y,
                                       const T* __restrict mask, T* __restrict dz, T* __restrict dbias,
                                       std::size_t rows, std::size_t width) {
  std::fill_n(dbias, width, T(0));
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t at = r * width;
    if (mask) {
      for (std::size_t i = 0; i < width; ++i) {
        const T kept = dy[at + i] * mask[at + i], d = y[at + i] > 0 ? kept : T(0);
        dz[at + i] = d;
        dbias[i] += d;
      }
    } else {
      for (std::size_t i = 0; i < width; ++i) {
        const T d = y[at + i] > 0 ? dy[at + i] : T(0);
        dz[at + i] = d;
        dbias[i] += d;
      }
    }
  }
}

template <class T>
INLINE void outer_of(const T* __restrict x, const T* __restrict y, T* __restrict p, std::size_t rows,
                     std::size_t a, std::size_t b) {
  for (std::size_t r = 0; r < rows; ++r, x += a, y += b) {
    for (std::size_t i = 0; i < a; ++i, p += b) {
      for (std::size_t j = 0; j < b; ++j) p[j] = x[i] * y[j];
    }
  }
}

template <class T>
INLINE void outer_backward_of(const T* __restrict dp, const T* __restrict x, const T* __restrict y,
                              T* __restrict dx, T* __restrict dy, std::size_t rows, std::size_t a,
                              std::size_t b) {
  for (std::size_t r = 0; r < rows; ++r, x += a, y += b, dx += a, dy += b) {
    std::fill_n(dy, b, T(0));
    for (std::size_t i = 0; i < a; ++i, dp += b) {
      const T factor = x[i];
      for (std::size_t j = 0; j < b; ++j) dy[j] += factor * dp[j];
      T sum = 0;
      for (std::size_t j = 0; j < b; ++j) sum += dp[j] * y[j];
      dx[i] = sum;
    }
  }
}

bool side_by_side(const std::vector<std::int64_t>& places) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

constexpr std::size_t kVector = 8, kRowsAtOnce = 4;

/// `Count` rows of a result, in columns from `first`: their sums do not wait for each other.
template <std::size_t Count, class T>
INLINE void rows_of_product(const T* az, const std::int64_t* rows, const std::int64_t* columns, const T* __restrict b,
                            std::size_t k, std::size_t wide, T (*__restrict sums)[kVector]) {
  const T* from[Count];
  for (std::size_t r = 0; r < Count; ++r) from[r] = az + rows[r];
  T own[Count][kVector] = {};
  for (std::size_t j = 0; j < k; ++j, b += wide) {
    for (std::size_t r = 0; r < Count; ++r) {
      const T factor = from[r][columns[j]];
      for (std::size_t i = 0; i < kVector; ++i) own[r][i] += factor * b[i];
    }
  }
  for (std::size_t r = 0; r < Count; ++r) {
    for (std::size_t i = 0; i < kVector; ++i) sums[r][i] = own[r][i];
  }
}

/// The second factor is copied side by side, columns padded to whole vectors, so that the innermost loop is one.
template <class T>
INLINE void small_products_of(const T* a, const Places& of_a, const T* b, const Places& of_b, T* c, const Places& of_c) {
  const std::size_t m = of_a.rows.size(), k = of_b.rows.size(), n = of_b.columns.size();
  const std::size_t wide = (n + kVector - 1) / kVector * kVector;
  const bool whole_rows = side_by_side(of_b.columns), whole_out = side_by_side(of_c.columns);
  std::vector<T> packed(k * wide, T(0));
  for (std::size_t z = 0; z < of_a.matrices.size(); ++z) {
    const T* const az = a + of_a.matrices[z];
    const T* const bz = b + of_b.matrices[z];
    T* const cz = c + of_c.matrices[z];
    for (std::size_t j = 0; j < k; ++j) {
      const T* const from = bz + of_b.rows[j];
      T* const to = packed.data() + j * wide;
      if (whole_rows) {
        std::copy_n(from, n, to);
      } else {
        for (std::size_t i = 0; i < n; ++i) to[i] = from[of_b.columns[i]];
      }
    }
    for (std::size_t r = 0; r < m; r += kRowsAtOnce) {
      const std::size_t rows = std::min(kRowsAtOnce, m - r);
      for (std::size_t first = 0; first < wide; first += kVector) {
        T sums[kRowsAtOnce][kVector];
        const auto* const places = of_a.rows.data() + r;
        if (rows == kRowsAtOnce) {
          rows_of_product<kRowsAtOnce>(az, places, of_a.columns.data(), packed.data() + first, k, wide, sums);
        } else {
          for (std::size_t i = 0; i < rows; ++i)
            rows_of_product<1>(az, places + i, of_a.columns.data(), packed.data() + first, k, wide, sums + i);
        }
        const std::size_t count = std::min(kVector, n - first);
        for (std::size_t i = 0; i < rows; ++i) {
          T* const out = cz + of_c.rows[r + i];
          if (whole_out) {
            for (std::size_t j = 0; j < count; ++j) out[first + j] = sums[i][j];
          } else {
            for (std::size_t j = 0; j < count; ++j) out[of_c.columns[first + j]] = sums[i][j];
          }
        }
      }
    }
  }
}

}  // namespace

VECTORISED void adam(float* weights, const float* gradient, float* first, float* second, std::size_t count,
                     float rescale, float size, float l2) {
  constexpr float kBeta1 = 0.9F, kBeta2 = 0.999F, kEpsilon = 1e-8F;
  float* const __restrict w = weights;
  float* const __restrict m = first;
  float* const __restrict v = second;
  const float* const __restrict from = gradient;
  for (std::size_t i = 0; i < count; ++i) {
    const float g = from[i] + l2 * w[i];
    m[i] = kBeta1 * m[i] + (1 - kBeta1) * g;
    v[i] = kBeta2 * v[i] + (1 - kBeta2) * g * g;
    w[i] -= size * m[i] / (std::sqrt(v[i]) / rescale + kEpsilon);
  }
}

VECTORISED void add(float* sum, const float* more, std::size_t count) {
  float* const __restrict to = sum;
  const float* const __restrict from = more;
  for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
}

VECTORISED double exponentials(std::span<float> x, float most) {
  constexpr std::size_t kPart = 256;  // summed in float
  double sum = 0;
  for (std::size_t first = 0; first < x.size(); first += kPart)
    sum += static_cast<double>(exponentials(x.data() + first, std::min(kPart, x.size() - first), most));
  return sum;
}

VECTORISED void bias_relu_mask(float* z, const float* bias, const float* mask, std::size_t rows,
                               std::size_t width) {
  bias_relu_mask_of(z, bias, mask, rows, width);
}
void bias_relu_mask(double* z, const double* bias, const double* mask, std::size_t rows, std::size_t width) {
  bias_relu_mask_of(z, bias, mask, rows, width);
}
VECTORISED void bias_relu_mask_backward(const float* dy, const float* y, const float* mask, float* dz,
                                        float* dbias, std::size_t rows, std::size_t width) {
  bias_relu_mask_backward_of(dy, y, mask, dz, dbias, rows, width);
}
void bias_relu_mask_backward(const double* dy, const double* y, const double* mask, double* dz, double* dbias,
                             std::size_t rows, std::size_t width) {
  bias_relu_mask_backward_of(dy, y, mask, dz, dbias, rows, width);
}
VECTORISED void outer(const float* x, const float* y, float* p, std::size_t rows, std::size_t a,
                      std::size_t b) {
  outer_of(x, y, p, rows, a, b);
}
void outer(const double* x, const double* y, double* p, std::size_t rows, std::size_t a, std::size_t b) {
  outer_of(x, y, p, rows, a, b);
}
VECTORISED void outer_backward(const float* dp, const float* x, const float* y, float* dx, float* dy,
                               std::size_t rows, std::size_t a, std::size_t b) {
  outer_backward_of(dp, x, y, dx, dy, rows, a, b);
}
void outer_backward(const double* dp, const double* x, const double* y, double* dx, double* dy,
                    std::size_t rows, std::size_t a, std::size_t b) {
  outer_backward_of(dp, x, y, dx, dy, rows, a, b);
}
VECTORISED void small_products(const float* a, const Places& of_a, const float* b, const Places& of_b,
                               float* c, const Places& of_c) {
  small_products_of(a, of_a, b, of_b, c, of_c);
}
void small_products(const double* a, const Places& of_a, const double* b, const Places& of_b, double* c,
                    const Places& of_c) {
  small_products_of(a, of_a, b, of_b, c, of_c);
}

VECTORISED void draw_mask(float* out, std::size_t first_row, std::size_t rows, std::size_t width,
                          std::uint32_t cut, std::uint64_t key, std::uint32_t step, std::uint32_t stream) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;
  constexpr std::size_t kWord = 8;
  const float kept = 256.0F / static_cast<float>(256 - cut);
  const auto threshold = static_cast<std::uint8_t>(cut);  // of rates below 1
  std::vector<std::uint64_t> words((width + kWord - 1) / kWord);
  const std::uint64_t of_step = mixed(mixed(key) + (std::uint64_t{step} << 32U) + stream);
  for (std::size_t r = 0; r < rows; ++r, out += width) {
    const std::uint64_t base = mixed(of_step + first_row + r);
    for (std::size_t w = 0; w < words.size(); ++w) words[w] = mixed(base + (w + 1) * kGolden);
    const auto* const __restrict bytes = reinterpret_cast<const std::uint8_t*>(words.data());
    float* const __restrict to = out;
    for (std::size_t i = 0; i < width; ++i) to[i] = bytes[i] < threshold ? 0.0F : kept;
  }
}

void draw_normal(float* out, std::size_t first_row, std::size_t rows, std::size_t width, std::uint64_t key,
                 std::uint32_t step, std::uint32_t stream) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;
  // In (0, 1]: the logarithm is finite.
  const auto share = [](std::uint64_t bits) { return (static_cast<double>(bits >> 11U) + 1) * 0x1.0p-53; };
  const std::uint64_t of_step = mixed(mixed(key) + (std::uint64_t{step} << 32U) + stream);
  for (std::size_t r = 0; r < rows; ++r, out += width) {
    const std::uint64_t base = mixed(of_step + first_row + r);
    for (std::size_t i = 0; i < width; i += 2) {
      const double radius = std::sqrt(-2 * std::log(share(mixed(base + (i + 1) * kGolden))));
      const double angle = 2 * std::numbers::pi * share(mixed(base + (i + 2) * kGolden));
      out[i] = static_cast<float>(radius * std::cos(angle));
      if (i + 1 < width) out[i + 1] = static_cast<float>(radius * std::sin(angle));
    }
  }
}

}  // namespace automodel::recsys::kernels
