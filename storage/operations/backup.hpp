// A copy of a whole store, made while it is written to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "storage/operations/artifacts_of.hpp"

namespace automodel::storage {

struct BackupOptions {
  /// Walk both chains, the index and the heads of the copy before it is called a backup, and take the
  /// artifacts that its events refer to. Without: the file as it is, even of a damaged store, and all
  /// artifacts.
  bool verify = true;
  Watch watch;
};

struct BackupResult {
  std::uint64_t events = 0;  // the copy holds events 1 … events
  events::Hash256 commit_hash{};
  std::uint64_t bytes = 0;     // of events.mdb, compacted
  std::uint64_t segments = 0;  // of the archive
  std::uint64_t segment_bytes = 0;
  std::vector<std::string> missing_segments;  // that the store needs and has not got; only without `verify`
  CopiedArtifacts artifacts;
  bool verified = false;
};

/// Copies the store in directory `store` to `to`, as it was at one moment: everything that was acknowledged
/// before the call, and nothing half. Writers, in this or other processes, go on meanwhile; what they free is
/// not reused while the copy is read, and an append that needs a larger map in this very process waits.
/// `to` must not exist or be an empty directory; it has its name only when it is whole, synced and verified.
/// A backup is a store: opening it is restoring it. Errors: storage.exists, storage.no_such_directory,
/// storage.not_a_store, storage.newer_format, storage.corrupt, storage.full, storage.io, storage.interrupted;
/// on any error nothing is left.
Result<BackupResult> backup(const std::filesystem::path& store, const std::filesystem::path& to,
                            const BackupOptions& options = {});

}  // namespace automodel::storage
