// A projection over the whole history at once. Private to storage/.
#pragma once

#include "storage/event_store.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/projection.hpp"

namespace automodel::storage {

/// EventStore::rebuild over an environment; `until` is an event that there is, 0 for none.
Result<FoldFigures> fold_history(const Environment& environment, const Projection& projection,
                                 RowWriter& rows, std::uint64_t until);

}  // namespace automodel::storage
