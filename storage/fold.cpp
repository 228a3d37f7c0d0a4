#include "storage/fold.hpp"

#include <chrono>
#include <exception>

#include "storage/checked_events.hpp"

namespace automodel::storage {

namespace {

class Stopwatch {
 public:
  /// Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - since_).count();
    since_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

Error not_applied(const Projection& projection, std::uint64_t sequence, const std::string& why) {
  return {"storage.projection_failed", "projection '" + projection.name() + "' cannot apply an event: " + why,
          "sequence " + std::to_string(sequence), "its rows are not complete"};
}

}  // namespace

Result<FoldFigures> fold_history(const Environment& environment, const Projection& projection,
                                 RowWriter& rows, std::uint64_t until) {
  FoldFigures figures;
  Stopwatch whole;
  CheckedEvents history(environment, 1, until);
  const auto fold = projection.fold(rows);
  std::uint64_t at = 0;
  try {
    for (;;) {
      const auto run = history.next();
      if (!run) return fail(run.error());
      if (*run == nullptr) break;
      Stopwatch applying;
      for (const auto& event : (*run)->events()) {
        at = event.sequence;
        fold->apply(event);
        figures.bytes += event.record.size();
      }
      figures.applying += applying.lap();
    }
    Stopwatch writing;
    fold->finish();
    figures.writing = writing.lap();
  } catch (const std::exception& thrown) {
    return fail(not_applied(projection, at, thrown.what()));
  }
  figures.events = until;
  figures.checking = history.seconds();
  figures.seconds = whole.lap();
  return figures;
}

// --- for stores that have no environment: tests' doubles ---------------------------------------------

Result<FoldFigures> EventStore::rebuild(const Projection& projection, RowWriter& rows,
                                        std::uint64_t until) const {
  const auto last = last_sequence();
  const auto end = until == 0 ? last : std::min(until, last);
  FoldFigures figures;
  Stopwatch whole;
  auto read = read_all(1, [&](const events::Recorded& event) {
    if (event.sequence > end) return false;
    projection.apply(rows, event);
    ++figures.events;
    return event.sequence < end;
  });
  if (!read) return fail(read.error());
  figures.applying = figures.seconds = whole.lap();
  return figures;
}

Result<ProjectionState> EventStore::projection_state(const std::string& projection) const {
  return fail("storage.no_such_projection", "nothing is known of projection '" + projection + "'");
}

}  // namespace automodel::storage
