// What every `automodel bench` prints: rows of figures, each beside the floor that the machine sets, and the
// machine.
//
// A floor is what the same work costs without us (raw LMDB, a bare sync). It is measured right before and
// right after our figure, in the same run: see measure_against().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "storage/event_store.hpp"

namespace automodel::tools {

struct BenchRow {
  std::string name;
  double value = 0;
  std::string unit;
  std::string floor;       // what it is compared with; empty: nothing
  double floor_value = 0;  // in the same unit
  double ratio = 0;        // value / floor_value, the median of the repetitions' own; 0 without a floor
};

/// Where a benchmark ran: enough to know what its figures can be compared with.
struct BenchMachine {
  std::string cpu;
  unsigned cores = 0;
  std::uint64_t memory_bytes = 0;
  std::string kernel;
  std::string file_system;  // of the directory that was measured in
  double load = 0;  // average of one minute before the start: beyond 0.5 figures are of a busy machine
  std::vector<std::pair<std::string, std::string>> versions;
};

struct BenchReport {
  std::string bench;
  BenchMachine machine;
  std::vector<BenchRow> rows;
  std::vector<std::string> notes;  // what was left out, and why
};

BenchMachine describe_machine(const std::filesystem::path& directory);

/// Lines for people: the machine and what runs on it.
void print_machine(const BenchMachine& machine);
/// As a JSON object.
std::string machine_json(const BenchMachine& machine);

/// A table for people, or {bench, machine, rows, notes} in one line.
void print(const BenchReport& report, bool json);

/// How to measure; the same for every bench.
struct BenchOptions {
  std::filesystem::path directory = "var/bench";  // everything is written below it, and removed again
  double seconds = 1;                             // of each measurement
  unsigned repetitions = 5;
  storage::Durability durability = storage::Durability::durable;  // of our stores; floors are always durable
  std::uint64_t events = 1'000'000;                               // in stores that are filled first
  std::function<bool()> stopped;                                  // asked between measurements; may be absent
  std::function<void(const std::string&)> progress;               // what is measured now; may be absent
};

/// One measurement of something, in the row's unit.
using Measure = std::function<Result<double>()>;

/// Measures `floor, ours, floor, ours, …, floor`, `options.repetitions` times ours. The row has the median of
/// ours, and the median ratio of each to the mean of the two floors around it. Errors: theirs,
/// bench.interrupted.
Result<BenchRow> measure_against(const BenchOptions& options, std::string name, std::string unit,
                                 const Measure& ours, std::string floor, const Measure& floor_of);
/// Without a floor.
Result<BenchRow> measure(const BenchOptions& options, std::string name, std::string unit,
                         const Measure& ours);

double median(std::vector<double> values);

}  // namespace automodel::tools
