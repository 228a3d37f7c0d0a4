// Which events may be archived. Private to storage/.
#pragma once

#include "storage/event_store.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/operations/archive.hpp"

namespace automodel::storage {

Result<ArchivePlan> plan_archive(const EventStore& store, const Environment& environment,
                                 std::string_view before);

}  // namespace automodel::storage
