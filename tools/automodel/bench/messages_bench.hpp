// `automodel bench messages`: typed messages between two nodes over TCP loopback, beside raw ZeroMQ and CAF's
// own remote actors.
#pragma once

#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

/// Bytes of a message, packed.
inline constexpr std::size_t bench_message_bytes = 200;

/// Ours packs each value, carries it by the reliable channel and verifies and unpacks it; ZeroMQ and CAF
/// carry bytes. Errors: those of the transports, bench.interrupted, bench.lost (not everything arrived in
/// time).
Result<void> bench_messages(const BenchOptions& options, BenchReport& report);

}  // namespace automodel::tools
