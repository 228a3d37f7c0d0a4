// A page of the history, as a node answers a console.
#pragma once

#include "storage/event_store.hpp"

namespace automodel::tools {

/// Events that pass, at most `limit` (and at most actors::max_page, and what fits an answer), and where the
/// next page begins; `from` 0 is from now on. The page carries a failure where a stream, kind or time is
/// none.
events::EventPageT read_page(const storage::EventStore& store, const events::ReadEventsT& wish);

}  // namespace automodel::tools
