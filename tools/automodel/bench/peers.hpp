// Other stores beside ours, where the machine has them: PostgreSQL over libpq (the connection string in
// $PGCONN) and Redis Streams over hiredis ($REDIS_URL, redis://HOST:PORT). A library that was absent when the
// program was built, a variable that is not set or a server that does not answer gives `absent`, with the
// reason.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace automodel::tools {

/// Code of the error of a peer that cannot be measured here.
inline constexpr const char* peer_absent = "bench.peer_absent";

/// Events a second of 200 bytes, `batch` in each durable commit, from `clients` connections at once. Into the
/// table `automodel_bench`, which is made anew and dropped.
Result<double> postgres_appends(std::size_t clients, std::size_t batch, double seconds);
/// The server's version. Errors: bench.peer_absent.
Result<std::string> postgres_version();

/// The same into the stream `automodel_bench`; the server decides whether a reply means durable
/// (`appendfsync always`: anything else is refused, for it would be something easier).
Result<double> redis_appends(std::size_t clients, std::size_t batch, double seconds);
Result<std::string> redis_version();

}  // namespace automodel::tools
