#include "tools/automodel/bench/replay_bench.hpp"

#include <lmdb.h>

#include <chrono>
#include <cstring>
#include <mutex>

#include "storage/memory/memory.hpp"
#include "tools/automodel/bench/floors.hpp"
#include "tools/automodel/bench/synthetic_history.hpp"

namespace automodel::tools {

namespace {

using storage::EventStore;

constexpr std::uint64_t seed = 7;

class Clock {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

void tell(const BenchOptions& options, const std::string& what) {
  if (options.progress) options.progress(what);
}
bool stopped(const BenchOptions& options) { return options.stopped && options.stopped(); }
tl::unexpected<Error> interrupted() { return fail("bench.interrupted", "the benchmark was interrupted"); }

Result<void> fill(const BenchOptions& options, const std::filesystem::path& path) {
  auto store = EventStore::open(path);
  if (!store) return fail(store.error());
  SyntheticHistory history(seed);
  std::mutex mutex;
  Result<void> outcome;
  std::uint64_t events = 0, told = 0;
  while (events < options.events) {
    if (stopped(options)) return interrupted();
    for (auto& request : history.next_cycle()) {
      events += request.events.size();
      (*store)->append_async(std::move(request), [&](Result<storage::Appended> appended) {
        const std::lock_guard lock(mutex);
        if (!appended) outcome = fail(appended.error());
      });
    }
    if (events - told >= 100'000) {
      tell(options, "wrote " + std::to_string(events) + " of " + std::to_string(options.events) + " events");
      told = events;
    }
  }
  store->reset();  // waits for what is queued
  return outcome;
}

struct Scan {
  std::uint64_t records = 0;
  std::uint64_t sum = 0;  // of the words that were read
  double seconds = 0;
};

/// Reads every record of the file through LMDB alone, one word of each cache line: what any reader pays.
Result<Scan> raw_scan(const std::filesystem::path& store) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_cursor* cursor = nullptr;
  const Clock clock;
  Scan scan;
  int rc = mdb_env_create(&env);
  if (rc == 0) rc = mdb_env_set_maxdbs(env, 32);
  if (rc == 0) rc = mdb_env_open(env, (store / "events.mdb").c_str(), MDB_NOSUBDIR | MDB_RDONLY, 0600);
  if (rc == 0) rc = mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn);
  MDB_dbi dbi = 0;
  if (rc == 0) rc = mdb_dbi_open(txn, "events", 0, &dbi);
  if (rc == 0) rc = mdb_cursor_open(txn, dbi, &cursor);
  MDB_val key, value;
  while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    ++scan.records;
    for (std::size_t at = 0; at + 8 <= value.mv_size; at += 64) {
      std::uint64_t word;
      std::memcpy(&word, static_cast<const char*>(value.mv_data) + at, sizeof word);
      scan.sum += word;
    }
  }
  if (cursor) mdb_cursor_close(cursor);
  if (txn) mdb_txn_abort(txn);
  if (env) mdb_env_close(env);
  if (rc != MDB_NOTFOUND) return fail("bench.io", mdb_strerror(rc), store.string());
  scan.seconds = clock.seconds();
  return scan;
}

struct Rebuild {
  storage::FoldFigures fold;
  double seconds = 0;  // until nothing of the rebuild but its rows is left
  events::Hash256 digest{};
  double digesting = 0;
};

Result<Rebuild> rebuild(const std::filesystem::path& path) {
  storage::StoreOptions reading;
  reading.read_only = true;
  auto store = EventStore::open(path, reading);
  if (!store) return fail(store.error());
  const auto memory = storage::memory_projection();
  storage::MapRows rows;
  const Clock whole;
  auto folded = (*store)->rebuild(*memory, rows, 0);
  if (!folded) return fail(folded.error());
  const double seconds = whole.seconds();
  const Clock clock;
  const auto digested = storage::digest(*memory, rows);
  return Rebuild{*folded, seconds, digested, clock.seconds()};
}

BenchRow row(std::string name, double value, std::string unit) {
  BenchRow made;
  made.name = std::move(name);
  made.value = value;
  made.unit = std::move(unit);
  return made;
}

/// Rebuilding in memory, and the parts of it.
Result<void> measure_rebuild(const BenchOptions& options, const std::filesystem::path& path,
                             BenchReport& report) {
  std::vector<Rebuild> all;
  Scan scanned;
  const auto ours = [&]() -> Result<double> {
    tell(options, "rebuilding memory");
    auto one = rebuild(path);
    if (!one) return fail(one.error());
    all.push_back(*one);
    if (one->digest != all.front().digest)
      return fail("bench.io", "two rebuilds gave different rows", path.string());
    return static_cast<double>(one->fold.events) / one->seconds;
  };
  const auto floor = [&]() -> Result<double> {
    tell(options, "reading the records from LMDB alone");
    auto scan = raw_scan(path);
    if (!scan) return fail(scan.error());
    if (scanned.records > 0 && scan->sum != scanned.sum)
      return fail("bench.io", "two scans read different bytes", path.string());
    scanned = *scan;
    return static_cast<double>(scan->records) / scan->seconds;
  };
  auto measured = measure_against(options, "memory rebuilt from the events", "events/s", ours,
                                  "LMDB alone, every record touched", floor);
  if (!measured) return fail(measured.error());
  report.rows.push_back(std::move(*measured));
  if (all.empty() || all.front().fold.events != scanned.records)
    return fail("bench.io", "the rebuild did not read every record", path.string());
  const auto part = [&](const std::string& name, auto seconds_of) {
    std::vector<double> each;
    for (const auto& one : all) each.push_back(1e9 * seconds_of(one) / static_cast<double>(one.fold.events));
    report.rows.push_back(row(name, median(each), "ns/event"));
  };
  part("  reading, verifying, hashing (all threads)", [](const Rebuild& one) { return one.fold.checking; });
  part("  applying (one thread)", [](const Rebuild& one) { return one.fold.applying; });
  part("  packing and putting the rows", [](const Rebuild& one) { return one.fold.writing; });
  part("digest of the rows, not in the above", [](const Rebuild& one) { return one.digesting; });
  const auto& fold = all.front().fold;
  report.rows.push_back(
      row("record size, mean", static_cast<double>(fold.bytes) / static_cast<double>(fold.events), "bytes"));
  return {};
}

/// The stored projection: built from the first event, then attached again.
Result<void> measure_stored(const BenchOptions& options, const std::filesystem::path& path,
                            BenchReport& report) {
  tell(options, "building the stored memory");
  double built = 0;
  std::uint64_t events = 0;
  {
    auto store = EventStore::open(path);
    if (!store) return fail(store.error());
    events = (*store)->last_sequence();
    const Clock clock;
    if (auto attached = (*store)->attach(storage::memory_projection()); !attached) return attached;
    built = clock.seconds();
  }
  report.rows.push_back(row("stored memory built beside appends, batch by batch",
                            static_cast<double>(events) / built, "events/s"));
  std::vector<double> starts;
  for (unsigned i = 0; i < std::max(1u, options.repetitions); ++i) {
    const Clock clock;
    auto store = EventStore::open(path);
    if (!store) return fail(store.error());
    if (auto attached = (*store)->attach(storage::memory_projection()); !attached) return attached;
    starts.push_back(1e3 * clock.seconds());
  }
  report.rows.push_back(row("store opened and memory attached, up to date", median(starts), "ms"));
  return {};
}

}  // namespace

Result<BenchReport> bench_replay(const BenchOptions& options) {
  auto scratch = ScratchDirectory::make(options.directory);
  if (!scratch) return fail(scratch.error());
  BenchReport report;
  report.bench = "replay";
  report.machine = describe_machine(options.directory);
  const auto path = scratch->path() / "store";
  if (auto filled = fill(options, path); !filled) return fail(filled.error());
  if (auto measured = measure_rebuild(options, path, report); !measured) return fail(measured.error());
  if (stopped(options)) return interrupted();
  if (auto measured = measure_stored(options, path, report); !measured) return fail(measured.error());
  return report;
}

}  // namespace automodel::tools
