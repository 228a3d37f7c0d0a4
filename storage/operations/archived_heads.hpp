// What the next append to a stream needs of its last event, kept where no segment is needed for it. Private
// to storage/operations.
#pragma once

#include <string>
#include <vector>

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// Writes version, epoch and hash of each stream whose last event is `until` or an earlier one to `heads`.
/// Streams whose last event cannot be read are left as they are: `verify` names them.
Result<void> keep_heads(Environment& environment, const std::vector<std::string>& streams,
                        std::uint64_t until);

}  // namespace automodel::storage
