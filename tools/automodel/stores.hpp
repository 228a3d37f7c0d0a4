// The store that a command reads.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "storage/event_store.hpp"
#include "storage/memory/memory.hpp"

namespace automodel::tools {

/// Opens an existing store for reading, beside a running node where there is one. Nothing is created.
/// Errors: storage.no_such_store, and those of EventStore::open.
Result<std::unique_ptr<storage::EventStore>> open_for_reading(const std::filesystem::path& path);

/// "durable" or "relaxed". Errors: usage.durability.
Result<storage::Durability> durability_of(const std::string& word);

/// `wanted`, or the newest goal where that is empty. Errors: memory.no_goal.
Result<std::string> goal_of(const storage::Memory& memory, const std::string& wanted);

}  // namespace automodel::tools
