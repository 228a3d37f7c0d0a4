// `automodel bench migrate`: what commands wait because their agent moves to another node.
#pragma once

#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

struct MigrateBenchOptions {
  BenchOptions bench;
  std::vector<std::size_t> state_mib = {1, 64};
  unsigned moves = 200;  // of an agent with 1 MiB; of a larger one a tenth
};

/// The agent goes back and forth between two nodes on loopback under 2,000 commands a second; each command is
/// timed from when it was due. Errors: those of the nodes, bench.interrupted, bench.lost (a command that was
/// refused, lost or doubled).
Result<void> bench_migrate(const MigrateBenchOptions& options, BenchReport& report);

}  // namespace automodel::tools
