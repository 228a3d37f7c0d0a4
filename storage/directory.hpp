// Making names durable. Private to storage/.
#pragma once

#include <filesystem>

#include "base/error.hpp"

namespace automodel::storage {

/// What was created, renamed or removed in a directory is durable once the directory is synced. Errors:
/// storage.full, storage.io.
Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace automodel::storage
