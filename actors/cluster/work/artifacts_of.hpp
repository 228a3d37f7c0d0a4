// Which artifacts a job reads, and which its result names: they travel with it between nodes. Pure.
#pragma once

#include <set>
#include <string>

#include "events/codec.hpp"

namespace automodel::cluster {

/// Hashes of the checkpoints that a job begins with or measures.
std::set<std::string> artifacts_read(const events::JobT& job);
/// Hashes of the checkpoints that a result hands over.
std::set<std::string> artifacts_made(const events::JobResultT& result);

}  // namespace automodel::cluster
