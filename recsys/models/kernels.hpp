// Private to recsys: the inner loops of training over plain arrays, compiled for the vector instructions of
// the processor that runs them. The same input gives the same bits on the same machine. Arrays of different
// arguments do not overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace automodel::recsys::kernels {

/// A step of Adam; see adam.hpp. `rescale` and `size` are the corrections of the moments for this step.
void adam(float* weights, const float* gradient, float* first, float* second, std::size_t count,
          float rescale, float size, float l2);
void add(float* sum, const float* more, std::size_t count);

/// x becomes e^(x - most), to 2 units in the last place and zero below e^-87; gives their sum, in double. `most` is at
/// most 88 below all of x.
double exponentials(std::span<float> x, float most);

/// z [rows, width] -> max(0, z + bias) * mask, in place; without `mask` (null): all ones.
void bias_relu_mask(float* z, const float* bias, const float* mask, std::size_t rows, std::size_t width);
void bias_relu_mask(double* z, const double* bias, const double* mask, std::size_t rows, std::size_t width);
/// The gradient by z of the former, from that by its result y: dz [rows, width]; dbias [width] is its sum
/// over the rows.
void bias_relu_mask_backward(const float* dy, const float* y, const float* mask, float* dz, float* dbias,
                             std::size_t rows, std::size_t width);
void bias_relu_mask_backward(const double* dy, const double* y, const double* mask, double* dz, double* dbias,
                             std::size_t rows, std::size_t width);

/// p [rows, a, b] = x [rows, a] * y [rows, b].
void outer(const float* x, const float* y, float* p, std::size_t rows, std::size_t a, std::size_t b);
void outer(const double* x, const double* y, double* p, std::size_t rows, std::size_t a, std::size_t b);
/// Gradients of the former: dx and dy are written.
void outer_backward(const float* dp, const float* x, const float* y, float* dx, float* dy, std::size_t rows,
                    std::size_t a, std::size_t b);
void outer_backward(const double* dp, const double* x, const double* y, double* dx, double* dy,
                    std::size_t rows, std::size_t a, std::size_t b);

/// Where the numbers of many small matrices lie: offsets of each matrix, row and column from the first
/// number.
struct Places {
  std::vector<std::int64_t> matrices, rows, columns;
};
/// c = a b for each matrix: a [m, k], b [k, n], c [m, n]. Numbers of c are written, not added to.
void small_products(const float* a, const Places& of_a, const float* b, const Places& of_b, float* c,
                    const Places& of_c);
void small_products(const double* a, const Places& of_a, const double* b, const Places& of_b, double* c,
                    const Places& of_c);

/// Which units a mask keeps: out [rows, width] becomes 0 with probability cut / 256, cut below 256, else
/// 256 / (256 - cut). A unit has a byte of SplitMix64's numbers from a state of its row: it depends on the
/// key, on `step`, `stream`, its row (counted from `first_row`) and its column alone.
void draw_mask(float* out, std::size_t first_row, std::size_t rows, std::size_t width, std::uint32_t cut,
               std::uint64_t key, std::uint32_t step, std::uint32_t stream);
/// out [rows, width] of the standard normal distribution (Box & Muller 1958), by the same rule.
void draw_normal(float* out, std::size_t first_row, std::size_t rows, std::size_t width, std::uint64_t key,
                 std::uint32_t step, std::uint32_t stream);

/// So many problems of attention: queries [problems, queries, width], keys [problems, keys, width], values
/// [problems, keys, value_width], each side by side.
struct AttentionShape {
  std::size_t problems, queries, keys, width, value_width;
  /// What is hidden of a query's keys: how far apart it is of problems, queries and keys.
  std::ptrdiff_t hidden_problem, hidden_query, hidden_key;
};
template <class T>
struct AttentionInputs {
  T *queries, *keys, *values;
};
/// out [problems, queries, value_width]: values weighted by the softmax of scale * <query, key> over the keys that
/// are not hidden; zeros where all are. `sums` [problems, queries]: logarithms of the softmax's denominators.
void attend(const AttentionShape& shape, const AttentionInputs<const float>& in, const bool* hidden, float scale,
            float* out, float* sums);
void attend(const AttentionShape& shape, const AttentionInputs<const double>& in, const bool* hidden, double scale,
            double* out, double* sums);
/// The gradients of the former, from that by `out`; they are written.
void attend_backward(const AttentionShape& shape, const AttentionInputs<const float>& in, const bool* hidden,
                     float scale, const float* sums, const float* dout, const AttentionInputs<float>& gradients);
void attend_backward(const AttentionShape& shape, const AttentionInputs<const double>& in, const bool* hidden,
                     double scale, const double* sums, const double* dout, const AttentionInputs<double>& gradients);

}  // namespace automodel::recsys::kernels
