// What `automodel bench messages` compares with: the same messages without us. Each measures by itself,
// between two threads that share nothing, over TCP on this machine.
#pragma once

#include <cstddef>
#include <vector>

#include "base/error.hpp"

namespace automodel::tools {

/// Messages a second from a DEALER to a ROUTER, each a part of its own, sent for so long. Errors: bench.peer.
Result<double> raw_zeromq_rate(double seconds, std::size_t bytes, bool encrypted);
/// Microseconds of each of so many round trips. Errors: bench.peer.
Result<std::vector<double>> raw_zeromq_round_trips(std::size_t count, std::size_t bytes, bool encrypted);

/// The same between two CAF actors in two systems (BASP over TCP): a message of a string.
Result<double> caf_remote_rate(double seconds, std::size_t bytes);
Result<std::vector<double>> caf_remote_round_trips(std::size_t count, std::size_t bytes);

}  // namespace automodel::tools
