// A store made from files that export wrote.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "storage/operations/artifacts_of.hpp"

namespace automodel::storage {

struct ImportOptions {
  std::optional<std::filesystem::path> artifacts;  // a directory with artifacts, as export's
  Watch watch;
};

struct ImportResult {
  std::string node;
  std::uint64_t events = 0;
  events::Hash256 commit_hash{};
  std::string memory_digest;  // of the memory that was folded from the events
  CopiedArtifacts artifacts;
};

/// Makes the store `store` from `files`, which hold one history from its first event on, in order. Every
/// record is verified before it is written, the whole before it is visible: the store has its name only when
/// it is whole. The records are those of the exported store, byte for byte, an older version of its kind
/// included. `store` must not exist or be an empty directory. Errors: storage.malformed and storage.corrupt
/// (where: file and line, or offset), events.newer_kind, storage.exists, storage.no_such_directory,
/// storage.full, storage.io, storage.interrupted; on any error nothing is left.
Result<ImportResult> import_history(const std::vector<std::filesystem::path>& files,
                                    const std::filesystem::path& store, const ImportOptions& options = {});

}  // namespace automodel::storage
