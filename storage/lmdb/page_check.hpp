// The page structure of an LMDB file, checked before LMDB trusts it: LMDB follows page numbers and offsets as
// it finds them, and a damaged one kills the process or leads it to other data. Private to storage/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace automodel::storage {

/// The two meta pages, which LMDB reads when it opens the file: before `mdb_env_open`. A file that does not
/// exist or is empty is sound. `settled`: nobody writes to it, so both must be of neighbouring commits.
/// Errors: storage.corrupt; storage.not_a_store for what is no LMDB file.
Result<void> check_meta_pages(const std::filesystem::path& file, bool settled);

/// Removes a file whose creation was cut off: LMDB has not written both of its first pages, so nothing was
/// ever committed. Leaves every other file alone. The caller holds the lock of the one who writes.
Result<void> clear_unborn(const std::filesystem::path& file);

/// The code of a check that came too late for its commit: try again with a new transaction. Never leaves
/// storage/lmdb.
inline constexpr std::string_view commits_went_on = "storage.commits_went_on";

/// Every page that commit `transaction` reaches, by the way LMDB would take: page numbers and kinds, offsets,
/// keys in order, counts, no page used twice, and that what is not used is on the list of free pages. Reads
/// all but the content of large values. The caller has a read transaction of that number open, so that the
/// pages stay. Errors: storage.corrupt, `where` names the page; storage.io.
Result<void> check_pages(const std::filesystem::path& file, std::uint64_t transaction);

}  // namespace automodel::storage
