#include "tools/automodel/bench/migrate_bench.hpp"

#include <algorithm>
#include <thread>

#include "tools/automodel/bench/moving_nodes.hpp"

namespace automodel::tools {

namespace {

using namespace std::chrono_literals;
using Clock = CommandLoad::Clock;

constexpr auto pause = 150ms;  // between two moves: commands that waited for the one are answered
constexpr auto quiet = 2s;     // without moves, at either node, to compare with

/// The smallest that is at least as large as `share` of them; 0 without any.
double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

double longest(const std::vector<CommandLoad::Answered>& answered) {
  double most = 0;
  for (const auto& one : answered) most = std::max(most, one.seconds);
  return most;
}

struct Times {
  std::vector<double> moves;    // seconds from the order to the answer
  std::vector<double> longest;  // seconds that some command waited, of each move
  std::vector<double> quiet;    // longest waits in stretches as long as a move, without one
};

Result<Times> measure_moves(MovingNodes& nodes, unsigned moves, const BenchOptions& options) {
  Times times;
  std::vector<std::pair<Clock::time_point, Clock::time_point>> windows, others;
  for (unsigned i = 0; i < moves; ++i) {
    if (options.stopped && options.stopped())
      return fail("bench.interrupted", "the benchmark was interrupted");
    std::this_thread::sleep_for(pause);
    if (i < 2) {  // each node once
      others.emplace_back(Clock::now(), Clock::now() + quiet);
      std::this_thread::sleep_for(quiet);
    }
    const auto start = Clock::now();
    if (auto moved = nodes.move(); !moved) return fail(moved.error());
    times.moves.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    windows.emplace_back(start, Clock::now());
  }
  std::this_thread::sleep_for(pause);
  if (auto finished = nodes.load().finish(); !finished) return fail(finished.error());
  for (const auto& [from, until] : windows)
    times.longest.push_back(longest(nodes.load().between(from, until)));
  const auto length =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(median(times.moves)));
  for (const auto& [from, until] : others)
    for (auto at = from; at + length <= until; at += length)
      times.quiet.push_back(longest(nodes.load().between(at, at + length)));
  const auto counted = nodes.counted();
  if (!counted) return fail(counted.error());
  if (*counted != nodes.load().sent())
    return fail("bench.lost", std::to_string(nodes.load().sent()) +
                                  " commands were answered, the agent counted " + std::to_string(*counted));
  return times;
}

void add_rows(const std::string& state, const Times& times, BenchReport& report) {
  const auto row = [&](const std::string& name, double seconds) {
    BenchRow made;
    made.name = state + ": " + name;
    made.value = 1e3 * seconds;
    made.unit = "ms";
    report.rows.push_back(std::move(made));
  };
  row("a move, p50", quantile(times.moves, 0.5));
  row("a move, p99", quantile(times.moves, 0.99));
  row("longest wait of a command because of a move, p50", quantile(times.longest, 0.5));
  row("longest wait of a command because of a move, p99", quantile(times.longest, 0.99));
  row("longest wait in as long a time without a move, p50", quantile(times.quiet, 0.5));
  row("longest wait in as long a time without a move, p99", quantile(times.quiet, 0.99));
}

}  // namespace

Result<void> bench_migrate(const MigrateBenchOptions& options, BenchReport& report) {
  for (const auto mib : options.state_mib) {
    const auto directory = options.bench.directory / ("migrate-" + std::to_string(mib));
    const auto moves = mib == 1 ? options.moves : std::max(2u, options.moves / 10);
    const std::string state = std::to_string(mib) + " MiB of state";
    if (options.bench.progress) options.bench.progress(std::to_string(moves) + " moves with " + state);
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
    std::filesystem::create_directories(directory, ignored);
    auto times = [&]() -> Result<Times> {
      auto nodes = MovingNodes::open(directory, mib << 20U);
      if (!nodes) return fail(nodes.error());
      return measure_moves(**nodes, moves, options.bench);
    }();
    std::filesystem::remove_all(directory, ignored);
    if (!times) return fail(times.error());
    add_rows(state, *times, report);
  }
  report.notes.push_back(
      "2,000 commands a second from one node, in turn from 64 senders; each is timed from when it was due, "
      "and its "
      "event of about 200 bytes is durable before its answer; none was lost or doubled");
  return {};
}

}  // namespace automodel::tools
