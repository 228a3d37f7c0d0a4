#include "recsys/models/look_up_rows.hpp"

#include <algorithm>

namespace automodel::recsys {
namespace {

/// Values come first in a bag, padding (-1) after them or between.
std::size_t values_in(const std::int64_t* bag, std::size_t longest) {
  return static_cast<std::size_t>(
      std::count_if(bag, bag + longest, [](std::int64_t code) { return code >= 0; }));
}

/// Widths that are common are constants for the compiler.
template <class F>
void with_width(std::size_t width, F&& work) {
  switch (width) {
    case 1:
      return work(std::integral_constant<std::size_t, 1>{});
    case 8:
      return work(std::integral_constant<std::size_t, 8>{});
    case 10:
      return work(std::integral_constant<std::size_t, 10>{});
    case 16:
      return work(std::integral_constant<std::size_t, 16>{});
    default:
      return work(width);
  }
}

}  // namespace

void gather_rows(const LookUpShape& shape, const Rows& rows, std::span<const float> table,
                 std::span<const float> dense, std::span<float> out) {
  with_width(shape.width, [&](const auto width) {
    float* to = out.data();
    for (std::size_t r = 0; r < rows.rows; ++r) {
      const auto* codes = rows.single_codes + r * rows.singles;
      for (std::size_t f = 0; f < rows.singles; ++f, to += width) {
        const float* from = table.data() + static_cast<std::size_t>(codes[f]) * width;
        for (std::size_t i = 0; i < width; ++i) to[i] = from[i];
      }
      const auto* bag = rows.bag_codes + r * rows.bags * rows.max_bag;
      for (std::size_t f = 0; f < rows.bags; ++f, bag += rows.max_bag, to += width) {
        for (std::size_t i = 0; i < width; ++i) to[i] = 0;
        const float share = 1.0F / static_cast<float>(std::max<std::size_t>(1, values_in(bag, rows.max_bag)));
        for (std::size_t v = 0; v < rows.max_bag; ++v) {
          if (bag[v] < 0) continue;
          const float* from = table.data() + static_cast<std::size_t>(bag[v]) * width;
          for (std::size_t i = 0; i < width; ++i) to[i] += from[i] * share;
        }
      }
      if (!shape.with_denses) continue;
      const float* values = rows.dense + r * rows.denses;
      for (std::size_t f = 0; f < rows.denses; ++f, to += width) {
        const float* from = dense.data() + f * width;
        for (std::size_t i = 0; i < width; ++i) to[i] = values[f] * from[i];
      }
    }
  });
}

void scatter_rows(const LookUpShape& shape, const Rows& rows, std::span<const float> out,
                  std::span<float> table, std::span<float> dense) {
  with_width(shape.width, [&](const auto width) {
    const float* from = out.data();
    for (std::size_t r = 0; r < rows.rows; ++r) {
      const auto* codes = rows.single_codes + r * rows.singles;
      for (std::size_t f = 0; f < rows.singles; ++f, from += width) {
        float* to = table.data() + static_cast<std::size_t>(codes[f]) * width;
        for (std::size_t i = 0; i < width; ++i) to[i] += from[i];
      }
      const auto* bag = rows.bag_codes + r * rows.bags * rows.max_bag;
      for (std::size_t f = 0; f < rows.bags; ++f, bag += rows.max_bag, from += width) {
        const float share = 1.0F / static_cast<float>(std::max<std::size_t>(1, values_in(bag, rows.max_bag)));
        for (std::size_t v = 0; v < rows.max_bag; ++v) {
          if (bag[v] < 0) continue;
          float* to = table.data() + static_cast<std::size_t>(bag[v]) * width;
          for (std::size_t i = 0; i < width; ++i) to[i] += from[i] * share;
        }
      }
      if (!shape.with_denses) continue;
      const float* values = rows.dense + r * rows.denses;
      for (std::size_t f = 0; f < rows.denses; ++f, from += width) {
        float* to = dense.data() + f * width;
        for (std::size_t i = 0; i < width; ++i) to[i] += values[f] * from[i];
      }
    }
  });
}

}  // namespace automodel::recsys
