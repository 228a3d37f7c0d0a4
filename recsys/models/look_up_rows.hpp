// Private to recsys: the rows that a look-up gives for a batch, and their gradients back into its tables,
// over plain arrays. The same as the TorchScript that `assemble` writes for it.
#pragma once

#include <cstddef>
#include <span>

#include "recsys/models/net.hpp"

namespace automodel::recsys {

/// Fields of a look-up in the order singles, bags, denses. Without `with_denses` there are none of these.
struct LookUpShape {
  std::size_t width = 1;
  bool with_denses = true;

  std::size_t fields(const Rows& rows) const {
    return rows.singles + rows.bags + (with_denses ? rows.denses : 0);
  }
};

/// `out` [rows, fields, width] becomes rows of `table` [table rows, width] for single values, means of them
/// for bags (zeros for an empty one), and rows of `dense` [denses, width] times the value.
void gather_rows(const LookUpShape& shape, const Rows& rows, std::span<const float> table,
                 std::span<const float> dense, std::span<float> out);
/// Adds the gradients of `gather_rows` by table and dense, from that by `out`.
void scatter_rows(const LookUpShape& shape, const Rows& rows, std::span<const float> out,
                  std::span<float> table, std::span<float> dense);

}  // namespace automodel::recsys
