// The artifacts that events refer to, and taking them along.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "events/codec.hpp"
#include "storage/operations/progress.hpp"

namespace automodel::storage {

/// Adds the names of the artifacts that an event refers to: what its fields `checkpoint`, `resume` and
/// `resume_from` hold, at any depth.
void add_artifacts_of(const events::EventT& event, std::set<std::string>& names);

struct CopiedArtifacts {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> missing;  // named by events, and not there
};

/// Copies artifacts from one directory to another, which is made where there is none; each is checked against
/// its name on the way, synced, and appears whole. Those that are there already stay. Errors: storage.corrupt
/// (with the artifact), storage.full, storage.io, storage.interrupted.
Result<CopiedArtifacts> copy_artifacts(const std::set<std::string>& names, const std::filesystem::path& from,
                                       const std::filesystem::path& to, const Watch& watch);

}  // namespace automodel::storage
