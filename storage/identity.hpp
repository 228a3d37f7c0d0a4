// The identity of a node: drawn when its store is first used, kept beside it, the same for ever.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace automodel::storage {

/// 32 hexadecimal digits from `directory`/identity, which is made with the directory where there is none.
/// Whoever copies the directory copies the identity: two nodes with one refuse each other. Errors:
/// storage.corrupt (the file holds something else), storage.io, storage.full.
Result<std::string> identity_of(const std::filesystem::path& directory);

}  // namespace automodel::storage
