// Reading many events: scans beside raw LMDB's, reading by filter, the check of the whole history.
#include <lmdb.h>

#include <chrono>
#include <numeric>
#include <thread>

#include "storage/filter.hpp"
#include "storage/verification.hpp"
#include "tools/automodel/bench/appends.hpp"
#include "tools/automodel/bench/floors.hpp"
#include "tools/automodel/bench/store_bench.hpp"

namespace automodel::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t streams = 16;

double rate(std::uint64_t events, Clock::time_point start) {
  return static_cast<double>(events) / std::chrono::duration<double>(Clock::now() - start).count();
}

/// Every byte is touched: a scan that only counts is nobody's use of a scan.
std::uint64_t sum_of(const std::uint8_t* bytes, std::size_t size) {
  return std::accumulate(bytes, bytes + size, std::uint64_t{0});
}

/// LMDB as plain as it gets: one table of 200-byte values.
class RawTable {
 public:
  ~RawTable() {
    if (env_) mdb_env_close(env_);
  }
  Result<void> fill(const std::filesystem::path& directory, std::uint64_t events) {
    std::array<std::uint8_t, bench_payload_bytes> payload{};
    std::iota(payload.begin(), payload.end(), std::uint8_t{7});
    MDB_txn* txn = nullptr;
    int rc = mdb_env_create(&env_);
    if (rc == 0) rc = mdb_env_set_mapsize(env_, std::size_t{1} << 34);
    if (rc == 0) rc = mdb_env_open(env_, directory.c_str(), MDB_NOSYNC, 0600);
    if (rc == 0) rc = mdb_txn_begin(env_, nullptr, 0, &txn);
    if (rc == 0) rc = mdb_dbi_open(txn, nullptr, MDB_INTEGERKEY, &table_);
    for (std::uint64_t i = 1; rc == 0 && i <= events; ++i) {
      MDB_val key{sizeof i, &i}, value{payload.size(), payload.data()};
      rc = mdb_put(txn, table_, &key, &value, MDB_APPEND);
    }
    if (rc == 0) rc = mdb_txn_commit(txn);
    return check(rc);
  }
  Result<double> scan(std::uint64_t events) const {
    const auto start = Clock::now();
    MDB_txn* txn = nullptr;
    MDB_cursor* cursor = nullptr;
    int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
    if (rc == 0) rc = mdb_cursor_open(txn, table_, &cursor);
    std::uint64_t seen = 0, sum = 0;
    MDB_val key{}, value{};
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
      sum += sum_of(static_cast<const std::uint8_t*>(value.mv_data), value.mv_size);
      ++seen;
    }
    if (cursor) mdb_cursor_close(cursor);
    if (txn) mdb_txn_abort(txn);
    if (rc != MDB_NOTFOUND) return fail(check(rc).error());
    if (seen != events || sum == 0) return fail("bench.wrong", "raw LMDB has other events than were put in");
    return rate(seen, start);
  }

 private:
  static Result<void> check(int rc) {
    if (rc == 0) return {};
    return fail("bench.io", std::string("raw LMDB: ") + mdb_strerror(rc));
  }
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};

Result<void> fill(storage::EventStore& store, std::uint64_t events) {
  constexpr std::uint64_t batch = 100;
  Result<void> status;  // the writer thread's, until the last append has returned
  const events::EventT event = bench_event();
  for (std::uint64_t i = 0; i < events; i += batch) {
    storage::AppendRequest request;
    request.stream = "autotrain/" + std::to_string(i / batch % streams);
    request.correlation = "goal-" + std::to_string(i / 100'000 + 1);
    request.causation = "coordinator/main#17";
    request.time = 1'764'000'000'000'000'000 + static_cast<std::int64_t>(i) * 1'000'000;
    request.events.assign(std::min(batch, events - i), event);
    store.append_async(std::move(request), [&status](const Result<storage::Appended>& appended) {
      if (!appended) status = fail(appended.error());
    });
  }
  // An append of nothing comes back when everything before it is durable.
  storage::AppendRequest last;
  last.stream = "autotrain/0";
  if (auto appended = store.append(std::move(last)); !appended) return fail(appended.error());
  return status;
}

Result<double> scan(const storage::EventStore& store) {
  const auto start = Clock::now();
  std::uint64_t seen = 0, sum = 0;
  const auto scanned = store.scan(1, store.last_sequence(), [&](const events::EnvelopeView& event) {
    sum += sum_of(event.payload.data(), event.payload.size());
    ++seen;
    return true;
  });
  if (!scanned) return fail(scanned.error());
  if (seen != store.last_sequence() || sum == 0) return fail("bench.wrong", "the scan missed events");
  return rate(seen, start);
}

/// No event passes: all of them are looked at.
Result<double> filter(const storage::EventStore& store) {
  storage::EventFilter none;
  none.correlation = "goal-0";
  none.since = 0;
  const auto start = Clock::now();
  std::uint64_t seen = 0;
  const auto read = store.read(none, [&](const events::Recorded&) { return ++seen > 0; });
  if (!read) return fail(read.error());
  if (seen > 0) return fail("bench.wrong", "an event passed that should not");
  return rate(store.last_sequence(), start);
}

Result<double> verify(const storage::EventStore& store, unsigned threads) {
  storage::VerifyOptions options;
  options.threads = threads;
  const auto found = store.verify(options);
  if (!found) return fail(found.error());
  if (!found->intact()) return fail("bench.wrong", "verify finds faults in what was just written");
  return static_cast<double>(found->events) / found->seconds;
}

}  // namespace

Result<void> bench_reads(const BenchOptions& options, BenchReport& report) {
  auto scratch = ScratchDirectory::make(options.directory);
  if (!scratch) return fail(scratch.error());
  if (options.progress)
    options.progress("a store to read, with " + std::to_string(options.events) + " events");
  std::filesystem::create_directories(scratch->path() / "raw");
  RawTable raw;
  if (auto filled = raw.fill(scratch->path() / "raw", options.events); !filled) return filled;
  auto store = storage::EventStore::open(scratch->path() / "store");
  if (!store) return fail(store.error());
  if (auto filled = fill(**store, options.events); !filled) return filled;
  auto scanned = measure_against(
      options, "scan with envelope view", "events/s", [&] { return scan(**store); }, "raw LMDB, scan",
      [&] { return raw.scan(options.events); });
  if (!scanned) return fail(scanned.error());
  report.rows.push_back(std::move(*scanned));
  auto filtered =
      measure(options, "read by a filter that nothing passes", "events/s", [&] { return filter(**store); });
  if (!filtered) return fail(filtered.error());
  report.rows.push_back(std::move(*filtered));
  std::vector<unsigned> counts = {1};
  if (const unsigned cores = std::thread::hardware_concurrency(); cores > 1) counts.push_back(cores);
  for (const unsigned threads : counts) {
    auto verified = measure(
        options,
        "verify of the hash chain, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"),
        "events/s", [&] { return verify(**store, threads); });
    if (!verified) return fail(verified.error());
    report.rows.push_back(std::move(*verified));
  }
  report.notes.push_back(
      "reads: " + std::to_string(options.events) +
      " events of 200 bytes in 16 streams, the file in the cache, one thread unless it says "
      "otherwise. Both scans sum every byte of every payload.");
  return {};
}

}  // namespace automodel::tools
