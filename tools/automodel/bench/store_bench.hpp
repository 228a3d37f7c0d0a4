// `automodel bench store`: the event store against what the machine, LMDB and other stores can do.
#pragma once

#include <span>

#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

/// A part of the bench that can be run alone: adds its rows, and notes of what it left out.
struct BenchSection {
  const char* name;  // of --only
  const char* what;
  Result<void> (*run)(const BenchOptions& options, BenchReport& report);
};

/// In the order in which they run. To add one: a function of this shape in a file of its own, and a line in
/// store_bench.cpp.
std::span<const BenchSection> store_sections();

// The sections.
Result<void> bench_appends(const BenchOptions& options, BenchReport& report);
Result<void> bench_peers(const BenchOptions& options, BenchReport& report);
Result<void> bench_large_store(const BenchOptions& options, BenchReport& report);
Result<void> bench_reads(const BenchOptions& options, BenchReport& report);

}  // namespace automodel::tools
