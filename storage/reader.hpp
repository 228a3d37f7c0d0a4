// Reading events back. Nothing here calls a visitor inside a transaction. Private to storage/.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

using Visit = std::function<bool(const events::Recorded&)>;

/// One event by its sequence, checked against its own hash. Errors: storage.corrupt.
Result<events::Recorded> read_event(const Transaction& transaction, std::uint64_t sequence);

Result<void> visit_all(const Environment& environment, std::uint64_t from, const Visit& visit);
Result<void> visit_stream(const Environment& environment, const std::string& stream,
                          std::uint64_t from_version, const Visit& visit);

/// The whole history checked; how many events there are. Errors: storage.corrupt, `where` is the sequence.
Result<std::uint64_t> verify_history(const Environment& environment);

}  // namespace automodel::storage
