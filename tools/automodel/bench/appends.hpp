// Appends through the whole path: actors that ask, event-sourced agents that decide, and the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "storage/event_store.hpp"

namespace automodel::tools {

struct AppendFigures {
  double events_per_second = 0;
  double p50_us = 0;  // of a command: from sending it to having its reply
  double p99_us = 0;
};

/// `writers` actors, each with an agent (and stream) of its own: sends a command, the agent decides, appends
/// `events` events of 200 bytes under the command's name, and replies after the commit; then the next. With
/// `memory` the memory projection runs behind it. In a new store under `directory`. Every command must be
/// carried out.
Result<AppendFigures> append_through_agents(const std::filesystem::path& directory, std::size_t writers,
                                            std::size_t events, double seconds, bool memory,
                                            const storage::StoreOptions& options);

/// An event whose packed form has 200 bytes.
events::EventT bench_event();

inline constexpr std::size_t large_store_streams = 1000;

struct StoreSizes {
  double disk = 0;    // bytes of the file for each event
  double record = 0;  // mean bytes of a record alone
};
/// A new store with `count` events, each appended by a named command, in turn into each of
/// `large_store_streams` streams; a snapshot of each stream, memory up to date.
Result<StoreSizes> fill_store(const std::filesystem::path& store, std::size_t count);

/// Opens a store that fill_store() made, and has an agent of one of its streams carry out a command.
Result<double> start_milliseconds(const std::filesystem::path& store);

}  // namespace automodel::tools
