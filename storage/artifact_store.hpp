// Blobs by content: checkpoints, reports, generated code. Files named by the BLAKE2b-256 of their bytes.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

class ArtifactStore {
 public:
  /// Creates the directory where needed. Removes temporary files that a crash left.
  static Result<ArtifactStore> open(const std::filesystem::path& directory);

  /// Writes to a temporary name, syncs, renames, syncs the directory. Storing the same bytes again is free.
  /// Returns the hash in hex. Errors: storage.full, storage.io.
  Result<std::string> put(events::ByteView bytes) const;
  /// The same for a file that exists already; the source is left alone.
  Result<std::string> put_file(const std::filesystem::path& source) const;
  /// Reads and verifies. Errors: storage.no_such_artifact, storage.corrupt.
  Result<events::Bytes> get(const std::string& hash) const;
  bool has(const std::string& hash) const;
  std::filesystem::path path_of(const std::string& hash) const;

 private:
  explicit ArtifactStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path directory_;
};

}  // namespace automodel::storage
