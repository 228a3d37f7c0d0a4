// Many runs, on several threads, until one fails; a failing plan made smaller; and the rules that can be
// broken.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace automodel::cluster::simulation {

struct Mutant {
  const char* name;
  bool Rules::*rule;
  const char* what;
};

/// Each breaks one rule of the protocol.
const std::vector<Mutant>& mutants();

struct Search {
  std::uint64_t first_seed = 1;
  std::uint64_t schedules = 100'000;
  std::chrono::milliseconds at_most{0};  // 0: as long as it takes
  int threads = 2;
  Rules rules = {};
  std::function<void(std::uint64_t done)> progress;  // about once a second
};

struct Found {
  std::uint64_t schedules = 0;  // that ran
  double seconds = 0;
  Counts counts;
  std::optional<std::uint64_t> seed;  // the lowest that failed among those that ran
  std::string fault;
};

/// Stops at the first fault.
Found search(const Search& what);

/// A plan that still fails, with as little in it as was found within `at_most` runs.
Plan shrink(Plan plan, const Rules& rules, int at_most = 3000);

}  // namespace automodel::cluster::simulation
