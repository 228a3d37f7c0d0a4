// How much there is to do in training a model, and how fast this machine could.
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/models/program.hpp"

namespace automodel::recsys {

/// Of one training row: forward and backward pass of the program as it is written, one operator after the
/// other. The optimiser is not counted.
struct Work {
  double products = 0;  // arithmetic of matrix products, two for each multiply and add
  double others = 0;    // one for each number that another operator computes
  double bytes = 0;     // that the operators read and write
};
/// Counts by running it on made-up rows of a batch of 2048. Errors: models.*.
Result<Work> count_work(const Program& program, const InputSpec& inputs);

/// Multiplies and adds a second (two for each pair) of a large float matrix product with so many threads: the
/// best of a few.
double matrix_product_rate(std::uint32_t threads);

}  // namespace automodel::recsys
