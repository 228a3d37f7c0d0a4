// Work under which a store is interrupted, and who judges afterwards whether it kept its word. The content of
// everything follows from a number, so that the judge needs nothing but the store and the acknowledgements.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "storage/event_store.hpp"

namespace automodel::storage::testing {

/// One line for each thing that was acknowledged (or is about to be asked for, where the outcome may be
/// either). From several threads.
using Say = std::function<void(const std::string& line)>;

inline constexpr unsigned worker_count = 4;

/// Command `number` of a worker, as it is sent every time.
AppendRequest command(unsigned worker, std::uint64_t number, std::uint64_t epoch);
std::string stream_of(unsigned worker);

/// Appends under load from several threads: batches, numbered commands (each again after a restart), outbox,
/// snapshots, epochs, a projection, artifacts. `commands` for each worker; 0: for ever. Throws where the
/// store refuses something.
void work(const std::filesystem::path& directory, std::uint64_t commands, const Say& say);

/// What is wrong with the store in `directory` after `acknowledged`; empty: nothing. Opens it for writing and
/// appends one event of its own to a stream of its own.
std::vector<std::string> judge(const std::filesystem::path& directory,
                               const std::vector<std::string>& acknowledged);

}  // namespace automodel::storage::testing
