// How the data of a goal is cut: the same slices for jobs, for serving, and for whoever checks a goal.
#pragma once

#include "base/error.hpp"
#include "events/codec.hpp"
#include "recsys/data/split.hpp"

namespace automodel::actors {

/// One split for all seeds of a goal: their results are comparable. Without ratios: 0.8, 0.1, 0.1. Errors:
/// data.bad_split (of a kind from elsewhere), data.bad_ratios, data.no_time.
Result<recsys::Split> slices_of(const recsys::Dataset& data, const events::DataRefT& ref);

}  // namespace automodel::actors
