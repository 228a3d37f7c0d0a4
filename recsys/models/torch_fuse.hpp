// Private to recsys: a compiled script made faster for training.
#pragma once

#include <torch/script.h>

#include <vector>

#include "recsys/models/program.hpp"

namespace automodel::recsys {

/// Puts our operators into `forward` where it computes what they do, with its noise on: it is of no use for
/// scoring afterwards. To be called before it first runs. Gives how many were put in.
int fuse_for_training(torch::jit::Module& module, const std::vector<NoiseSpec>& noise);

}  // namespace automodel::recsys
