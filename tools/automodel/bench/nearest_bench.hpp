// `automodel bench nearest`: nearest past configurations, from the index and by the plain scan.
#pragma once

#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

/// `options.events` trials, no two alike, of methods with numbers, lists, words and features among their
/// settings; questions about configurations that were never tried. Errors: bench.differs (the index and the
/// scan gave different answers), bench.interrupted.
Result<void> bench_nearest(const BenchOptions& options, BenchReport& report);

}  // namespace automodel::tools
