// `automodel bench replay`: memory rebuilt from a long history, against reading that history from LMDB alone.
#pragma once

#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

/// Fills a store under `options.directory` with `options.events` events like those of real goals, then
/// measures. What was written is removed. Errors: bench.io, bench.interrupted, storage.*.
Result<BenchReport> bench_replay(const BenchOptions& options);

}  // namespace automodel::tools
