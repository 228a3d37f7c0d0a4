#include "tools/automodel/bench/store_bench.hpp"

#include "tools/automodel/bench/appends.hpp"
#include "tools/automodel/bench/floors.hpp"
#include "tools/automodel/bench/peers.hpp"

namespace automodel::tools {

namespace {

constexpr BenchSection sections[] = {
    {"append", "appends through agents against raw LMDB", bench_appends},
    {"peers", "the same against PostgreSQL and Redis, where they are", bench_peers},
    {"large", "size and start of a large store", bench_large_store},
    {"reads", "scans against raw LMDB, filters, the check of the whole history", bench_reads},
};

constexpr const char* rate = "events/s";

/// Ours, as a measurement.
Measure through_agents(const BenchOptions& options, std::size_t writers, std::size_t events,
                       bool memory = false) {
  return [&options, writers, events, memory]() -> Result<double> {
    storage::StoreOptions store;
    store.durability = options.durability;
    auto figures = append_through_agents(options.directory, writers, events, options.seconds, memory, store);
    if (!figures) return fail(figures.error());
    return figures->events_per_second;
  };
}

/// Adds a row, and its floor as a row of its own where that has none yet.
Result<void> add(BenchReport& report, Result<BenchRow> row) {
  if (!row) return fail(row.error());
  if (!row->floor.empty()) {
    const auto known = [&](const BenchRow& one) { return one.name == row->floor; };
    if (std::none_of(report.rows.begin(), report.rows.end(), known))
      report.rows.push_back({row->floor, row->floor_value, row->unit, {}, 0, 0});
  }
  report.rows.push_back(std::move(*row));
  return {};
}

std::string writers_text(std::size_t writers) {
  return "append, " + std::to_string(writers) + (writers == 1 ? " writer" : " writers");
}

/// The number of clients at which PostgreSQL is fastest; those that it does not admit are noted.
Result<std::size_t> best_postgres(const BenchOptions& options, BenchReport& report) {
  std::size_t best = 16;
  double fastest = 0;
  for (const std::size_t clients : {16, 64, 256}) {
    const auto figure = postgres_appends(clients, 1, options.seconds);
    if (!figure && figure.error().code == peer_absent) {
      report.notes.push_back(std::to_string(clients) + " clients: " + figure.error().message);
      continue;
    }
    if (!figure) return fail(figure.error());
    if (*figure > fastest) best = clients;
    fastest = std::max(fastest, *figure);
  }
  return best;
}

Result<void> against_postgres(const BenchOptions& options, BenchReport& report) {
  const auto best = best_postgres(options, report);
  if (!best) return fail(best.error());
  struct Pair {
    std::size_t writers, clients, batch;
  };
  for (const auto [writers, clients, batch] :
       {Pair{1, 1, 1}, Pair{16, 16, 1}, Pair{256, *best, 1}, Pair{1, 1, 100}}) {
    const std::string floor = "PostgreSQL, " + std::to_string(clients) +
                              (clients == 1 ? " client" : " clients") +
                              (batch > 1 ? ", batches of " + std::to_string(batch) : "");
    const std::string name = writers_text(writers) + (batch > 1 ? ", batches of 100" : "");
    auto row =
        measure_against(options, name, rate, through_agents(options, writers, batch), floor,
                        [&, c = clients, b = batch] { return postgres_appends(c, b, options.seconds); });
    if (auto added = add(report, std::move(row)); !added) return added;
  }
  return {};
}

Result<void> against_redis(const BenchOptions& options, BenchReport& report) {
  struct Pair {
    std::size_t writers, batch;
  };
  for (const auto [writers, batch] : {Pair{1, 1}, Pair{16, 1}, Pair{1, 100}}) {
    const std::string floor = "Redis Streams, " + std::to_string(writers) +
                              (writers == 1 ? " client" : " clients") +
                              (batch > 1 ? ", batches of " + std::to_string(batch) : "");
    const std::string name = writers_text(writers) + (batch > 1 ? ", batches of 100" : "");
    auto row = measure_against(options, name, rate, through_agents(options, writers, batch), floor,
                               [&, c = writers, b = batch] { return redis_appends(c, b, options.seconds); });
    if (auto added = add(report, std::move(row)); !added) return added;
  }
  return {};
}

}  // namespace

std::span<const BenchSection> store_sections() { return sections; }

Result<void> bench_appends(const BenchOptions& options, BenchReport& report) {
  const auto sync = [&] { return page_sync_microseconds(options.directory, options.seconds); };
  if (auto row = add(report, measure(options, "one synced page, median", "µs", sync)); !row) return row;
  const auto lmdb = [&](std::size_t batch) {
    return [&options, batch] { return raw_lmdb(options.directory, batch, options.seconds); };
  };
  const auto group = [&] { return raw_group_commit(options.directory, 16, options.seconds); };
  const std::string one = "raw LMDB, 1 event a commit", many = "raw LMDB, 100 events a commit",
                    grouped = "bare group commit, 16 writers";
  struct Line {
    std::size_t writers, events;
    bool memory;
    const std::string& floor;
    Measure floor_of;
  };
  for (const Line& line : {Line{1, 1, false, one, lmdb(1)}, Line{16, 1, false, grouped, group},
                           Line{16, 1, true, grouped, group}, Line{64, 1, false, grouped, group},
                           Line{256, 1, false, grouped, group}, Line{1, 100, false, many, lmdb(100)}}) {
    const std::string name = writers_text(line.writers) + (line.events > 1 ? ", batches of 100" : "") +
                             (line.memory ? ", memory behind it" : "");
    auto row =
        measure_against(options, name, rate, through_agents(options, line.writers, line.events, line.memory),
                        line.floor, line.floor_of);
    if (auto added = add(report, std::move(row)); !added) return added;
  }
  if (options.durability == storage::Durability::relaxed)
    report.notes.push_back("RELAXED: our store, and it alone, is synced each 50 ms; the floors are durable.");
  report.notes.push_back(
      "append: an actor for each writer sends a command to an agent of its own, which decides, appends "
      "events "
      "of 200 bytes under the command's name, and replies after the commit.");
  return {};
}

Result<void> bench_peers(const BenchOptions& options, BenchReport& report) {
  if (const auto version = postgres_version()) {
    report.machine.versions.emplace_back("postgresql", *version);
    if (auto measured = against_postgres(options, report); !measured) return measured;
  } else if (version.error().code == peer_absent) {
    report.notes.push_back(version.error().message);
  } else {
    return fail(version.error());
  }
  if (const auto version = redis_version()) {
    report.machine.versions.emplace_back("redis", *version);
    return against_redis(options, report);
  } else if (version.error().code == peer_absent) {
    report.notes.push_back(version.error().message);
  } else {
    return fail(version.error());
  }
  return {};
}

}  // namespace automodel::tools
