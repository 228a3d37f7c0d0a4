// The inner loops of attention over short sequences. All products are of tiles of 4 rows and 16 columns, from
// copies that are padded to whole tiles with zeros.
#include <algorithm>
#include <cmath>
#include <limits>

#include "recsys/models/kernels.hpp"
#include "recsys/models/vectorised.hpp"

namespace automodel::recsys::kernels {
namespace {

std::size_t padded(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

/// The numbers of a matrix where they are wanted: rows padded, as they are or turned.
template <class T>
INLINE void copy_padded(const T* from, std::size_t rows, std::size_t width, std::size_t wide, T* to) {
  for (std::size_t r = 0; r < rows; ++r, from += width, to += wide) std::copy_n(from, width, to);
}
template <class T>
INLINE void copy_turned(const T* from, std::size_t rows, std::size_t width, std::size_t wide, T* to) {
  for (std::size_t r = 0; r < rows; ++r, from += width) {
    for (std::size_t i = 0; i < width; ++i) to[i * wide + r] = from[i];
  }
}

template <class T>
struct Attention {
  const AttentionShape& shape;
  T scale;
  std::size_t d, e, m, n, columns;  // padded: width of queries and of values, queries, keys; keys as columns
  std::vector<T> q, k, v, kt, vt, p, dp, dout, wide;
  std::vector<std::size_t> low, high;  // of a query: keys from low to below high are not all hidden

  Attention(const AttentionShape& given, T factor, bool back)
      : shape(given),
        scale(factor),
        d(padded(given.width, kTileColumns)),
        e(padded(given.value_width, kTileColumns)),
        m(padded(given.queries, kTileRows)),
        n(padded(given.keys, kTileRows)),
        columns(padded(given.keys, kTileColumns)),
        q(m * d),
        v(n * e),
        kt(given.width * columns),
        p(m * columns),
        wide(std::max(m, n) * std::max(d, e)),
        low(m),
        high(m) {
    if (!back) return;
    k.resize(n * d);
    vt.resize(given.value_width * columns);
    dp.resize(m * columns);
    dout.resize(m * e);
  }

  /// Where each query looks.
  INLINE void bound(const bool* hidden) {
    for (std::size_t r = 0; r < shape.queries; ++r) {
      const bool* const row = hidden + static_cast<std::ptrdiff_t>(r) * shape.hidden_query;
      const auto is_hidden = [&](std::size_t c) {
        return row[static_cast<std::ptrdiff_t>(c) * shape.hidden_key];
      };
      std::size_t first = 0, last = shape.keys;
      while (first < last && is_hidden(first)) ++first;
      while (last > first && is_hidden(last - 1)) --last;
      low[r] = first;
      high[r] = last;
    }
  }

  /// Where the columns begin that query `r` looks at.
  INLINE std::size_t panel(std::size_t r) const { return low[r] / kTileColumns * kTileColumns; }

  /// Those of `kTileRows` queries from `r` together.
  INLINE std::pair<std::size_t, std::size_t> bounds(std::size_t r) const {
    std::size_t first = shape.keys, last = 0;
    for (std::size_t i = r; i < std::min(r + kTileRows, shape.queries); ++i) {
      if (low[i] >= high[i]) continue;
      first = std::min(first, low[i]);
      last = std::max(last, high[i]);
    }
    return {std::min(first, last), last};
  }

  /// out [m, columns] = a [m, depth] times b [depth, columns], in the columns where queries look.
  INLINE void scores(const T* a, std::size_t stride, std::size_t depth, const T* b, T* out) const {
    for (std::size_t r = 0; r < m; r += kTileRows) {
      const auto [first, last] = bounds(r);
      for (std::size_t c = first / kTileColumns * kTileColumns; c < last; c += kTileColumns)
        tile(a + r * stride, stride, 1, b + c, columns, 0, depth, out + r * columns + c, columns);
    }
  }
  /// out [m, width] = a [m, columns] times b [n, width], over the keys where queries look.
  INLINE void sums_over_keys(const T* a, const T* b, std::size_t width, T* out) const {
    for (std::size_t r = 0; r < m; r += kTileRows) {
      const auto [first, last] = bounds(r);
      for (std::size_t c = 0; c < width; c += kTileColumns)
        tile(a + r * columns, columns, 1, b + c, width, first, last, out + r * width + c, width);
    }
  }
  /// out [n, width] = a [m, columns] turned, times b [m, width].
  INLINE void sums_over_queries(const T* a, const T* b, std::size_t width, T* out) const {
    for (std::size_t r = 0; r < n; r += kTileRows) {
      std::size_t first =
          0;  // queries that look at none of these keys stand first where only earlier ones count
      while (first < shape.queries && (high[first] <= r || low[first] >= r + kTileRows)) ++first;
      for (std::size_t c = 0; c < width; c += kTileColumns)
        tile(a + r, 1, columns, b + c, width, first, shape.queries, out + r * width + c, width);
    }
  }

  INLINE void keep(const T* from, std::size_t rows, std::size_t stride, std::size_t width, T factor,
                   T* to) const {
    for (std::size_t r = 0; r < rows; ++r, from += stride, to += width) {
      for (std::size_t i = 0; i < width; ++i) to[i] = factor * from[i];
    }
  }

  /// Fills `p` with the scores' exponentials over their sum: of the sums given, or of those that it finds.
  INLINE void soften(const bool* hidden, T* sums, bool known) {
    for (std::size_t r = 0; r < m; ++r) {
      T* const row = p.data() + r * columns;
      if (r >= shape.queries || low[r] >= high[r]) {
        std::fill_n(row, columns, T(0));
        if (r < shape.queries) sums[r] = 0;
        continue;
      }
      constexpr T kNever = -std::numeric_limits<T>::max();
      const std::size_t first = panel(r), count = std::min(columns, padded(high[r], kTileColumns)) - first;
      const bool* const of_row = hidden + static_cast<std::ptrdiff_t>(r) * shape.hidden_query;
      std::fill_n(row, first, T(0));
      std::fill(row + first, row + low[r], kNever);
      std::fill(row + high[r], row + first + count, kNever);
      std::fill(row + first + count, row + columns, T(0));
      for (std::size_t c = low[r]; c < high[r]; ++c)
        row[c] = of_row[static_cast<std::ptrdiff_t>(c) * shape.hidden_key] ? kNever : row[c] * scale;
      if (known) {
        exponentials(row + first, count, sums[r]);
        continue;
      }
      T most = kNever;
      for (std::size_t c = low[r]; c < high[r]; ++c) most = std::max(most, row[c]);
      const T sum = exponentials(row + first, count, most), share = 1 / sum;
      for (std::size_t c = first; c < first + count; ++c) row[c] *= share;
      sums[r] = most + std::log(sum);
    }
  }
};

template <class T>
INLINE void attend_of(const AttentionShape& shape, const AttentionInputs<const T>& in, const bool* hidden,
                      T scale, T* out, T* sums) {
  Attention<T> a(shape, scale, false);
  for (std::size_t z = 0; z < shape.problems; ++z) {
    const bool* const own = hidden + static_cast<std::ptrdiff_t>(z) * shape.hidden_problem;
    T* const own_sums = sums + z * shape.queries;
    a.bound(own);
    copy_padded(in.queries + z * shape.queries * shape.width, shape.queries, shape.width, a.d, a.q.data());
    copy_turned(in.keys + z * shape.keys * shape.width, shape.keys, shape.width, a.columns, a.kt.data());
    copy_padded(in.values + z * shape.keys * shape.value_width, shape.keys, shape.value_width, a.e,
                a.v.data());
    a.scores(a.q.data(), a.d, shape.width, a.kt.data(), a.p.data());
    a.soften(own, own_sums, false);
    a.sums_over_keys(a.p.data(), a.v.data(), a.e, a.wide.data());
    a.keep(a.wide.data(), shape.queries, a.e, shape.value_width, 1,
           out + z * shape.queries * shape.value_width);
  }
}

template <class T>
INLINE void attend_backward_of(const AttentionShape& shape, const AttentionInputs<const T>& in,
                               const bool* hidden, T scale, const T* sums, const T* dout,
                               const AttentionInputs<T>& gradients) {
  Attention<T> a(shape, scale, true);
  for (std::size_t z = 0; z < shape.problems; ++z) {
    const bool* const own = hidden + static_cast<std::ptrdiff_t>(z) * shape.hidden_problem;
    const std::size_t query = z * shape.queries, key = z * shape.keys;
    a.bound(own);
    copy_padded(in.queries + query * shape.width, shape.queries, shape.width, a.d, a.q.data());
    copy_padded(in.keys + key * shape.width, shape.keys, shape.width, a.d, a.k.data());
    copy_turned(in.keys + key * shape.width, shape.keys, shape.width, a.columns, a.kt.data());
    copy_turned(in.values + key * shape.value_width, shape.keys, shape.value_width, a.columns, a.vt.data());
    copy_padded(dout + query * shape.value_width, shape.queries, shape.value_width, a.e, a.dout.data());
    a.scores(a.q.data(), a.d, shape.width, a.kt.data(), a.p.data());
    a.soften(own, const_cast<T*>(sums) + query, true);
    a.scores(a.dout.data(), a.e, shape.value_width, a.vt.data(), a.dp.data());
    a.sums_over_queries(a.p.data(), a.dout.data(), a.e, a.wide.data());
    a.keep(a.wide.data(), shape.keys, a.e, shape.value_width, 1, gradients.values + key * shape.value_width);
    // The softmax's slope: p (dp - the sum of p dp). Where p is zero dp may be that of another query.
    for (std::size_t r = 0; r < shape.queries; ++r) {
      T* const p = a.p.data() + r * a.columns;
      const T* const dp = a.dp.data() + r * a.columns;
      Lanes<T> products = {}, of_p, of_dp;
      for (std::size_t c = a.panel(r); c < a.high[r]; c += kTileColumns) {
        load(p + c, of_p);
        load(dp + c, of_dp);
        products += of_p * of_dp;
      }
      const T mean = sum_of<T>(products);
      for (std::size_t c = a.panel(r); c < a.high[r]; c += kTileColumns) {
        load(p + c, of_p);
        load(dp + c, of_dp);
        store(of_p * (of_dp - mean), p + c);
      }
    }
    a.sums_over_keys(a.p.data(), a.k.data(), a.d, a.wide.data());
    a.keep(a.wide.data(), shape.queries, a.d, shape.width, scale, gradients.queries + query * shape.width);
    a.sums_over_queries(a.p.data(), a.q.data(), a.d, a.wide.data());
    a.keep(a.wide.data(), shape.keys, a.d, shape.width, scale, gradients.keys + key * shape.width);
  }
}

}  // namespace

VECTORISED void attend(const AttentionShape& shape, const AttentionInputs<const float>& in,
                       const bool* hidden, float scale, float* out, float* sums) {
  attend_of(shape, in, hidden, scale, out, sums);
}
void attend(const AttentionShape& shape, const AttentionInputs<const double>& in, const bool* hidden,
            double scale, double* out, double* sums) {
  attend_of(shape, in, hidden, scale, out, sums);
}
VECTORISED void attend_backward(const AttentionShape& shape, const AttentionInputs<const float>& in,
                                const bool* hidden, float scale, const float* sums, const float* dout,
                                const AttentionInputs<float>& gradients) {
  attend_backward_of(shape, in, hidden, scale, sums, dout, gradients);
}
void attend_backward(const AttentionShape& shape, const AttentionInputs<const double>& in, const bool* hidden,
                     double scale, const double* sums, const double* dout,
                     const AttentionInputs<double>& gradients) {
  attend_backward_of(shape, in, hidden, scale, sums, dout, gradients);
}

}  // namespace automodel::recsys::kernels
