// The stored projections of a store, and how one goes that nobody attaches any more.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "storage/operations/progress.hpp"

namespace automodel::storage {

struct StoredProjection {
  std::string name;
  std::string schema;          // of the rows that answer; empty: none do
  std::uint64_t sequence = 0;  // the last event that its rows have applied; of a rebuild, the rebuild's
  bool is_rebuilding = false;
  bool is_of_nodes = false;  // every node attaches it
};

/// By name. Errors: those of opening and reading.
Result<std::vector<StoredProjection>> stored_projections(const std::filesystem::path& store);

/// Removes a projection's rows and its checkpoint; returns how many rows. Events stay, so whoever attaches it
/// again rebuilds it. It must not run (storage.locked): the store is written to. Interrupted, or killed, it
/// leaves a projection without rows that is still to be dropped. Errors: storage.no_such_projection (with the
/// nearest), storage.projection_in_use (that of nodes), storage.interrupted, those of opening and writing.
Result<std::uint64_t> drop_projection(const std::filesystem::path& store, const std::string& name,
                                      const Watch& watch = {});

}  // namespace automodel::storage
