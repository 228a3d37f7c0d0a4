// Which kinds of events, in which versions, a store may hold: its `meta` says so, for programs that are older
// than the one that wrote it. Private to storage/.
#pragma once

#include "storage/lmdb/environment.hpp"

namespace automodel::storage {

/// Errors: events.newer_kind, `where` is the store.
Result<void> check_vocabulary(const Environment& environment, const Transaction& transaction);

/// Adds this program's kinds and versions, before it appends anything; writes only where some are new.
Result<void> extend_vocabulary(Environment& environment);

}  // namespace automodel::storage
