// A store with many events: what it takes on disk, and how long it takes to start on it.
#include <caf/actor_system.hpp>
#include <chrono>

#include "storage/memory/memory.hpp"
#include "tools/automodel/bench/appends.hpp"
#include "tools/automodel/bench/floors.hpp"
#include "tools/automodel/bench/store_bench.hpp"

namespace automodel::tools {

Result<void> bench_large_store(const BenchOptions& options, BenchReport& report) {
  auto scratch = ScratchDirectory::make(options.directory);
  if (!scratch) return fail(scratch.error());
  if (options.progress)
    options.progress("a store with " + std::to_string(options.events) + " events in " +
                     std::to_string(large_store_streams) + " streams");
  const auto sizes = fill_store(scratch->path() / "store", options.events);
  if (!sizes) return fail(sizes.error());
  report.rows.push_back({"bytes on disk, an event", sizes->disk, "bytes", "its record alone", sizes->record,
                         sizes->disk / sizes->record});
  auto start = measure(options, "start to the first command answered", "ms",
                       [&] { return start_milliseconds(scratch->path() / "store"); });
  if (!start) return fail(start.error());
  report.rows.push_back(std::move(*start));
  report.notes.push_back("large: " + std::to_string(options.events) + " events by named commands in " +
                         std::to_string(large_store_streams) +
                         " streams; bytes on disk are the file's, a record is the envelope as appended. "
                         "Start: opening, memory attached, an agent restored from its snapshot, a command "
                         "decided and committed; in a process that runs already, the file in the cache.");
  return {};
}

}  // namespace automodel::tools
