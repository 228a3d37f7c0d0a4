// The transaction that takes another store's events. Private to storage/.
#pragma once

#include <vector>

#include "storage/heads.hpp"
#include "storage/moves/moved_records.hpp"

namespace automodel::storage {

/// In `meta`: the identity of the store that this one is a replica of.
inline constexpr std::string_view origin_key = "origin";

/// Writes events `after` + 1 and so on, each of which proves itself (`check_record`); moves `heads` along. An
/// error is that of the transaction: none of it may stay, and `heads` must forget.
Result<void> write_replica(WriteTransaction& transaction, std::uint64_t after,
                           const std::vector<MovedRecord>& records, Heads& heads);

/// Makes an empty store a replica of the store with this identity, or finds that it is. Errors:
/// storage.bad_request, storage.diverged.
Result<void> write_origin(WriteTransaction& transaction, const std::string& identity, Heads& heads);

}  // namespace automodel::storage
