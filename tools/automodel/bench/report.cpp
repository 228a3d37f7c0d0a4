#include "tools/automodel/bench/report.hpp"

#include <flatbuffers/base.h>
#include <lmdb.h>
#include <sodium.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <caf/config.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tools/automodel/text.hpp"

namespace automodel::tools {

namespace {

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

/// The type of the mount that holds `directory`.
std::string file_system_of(const std::filesystem::path& directory) {
  std::error_code failed;
  const std::string path = std::filesystem::weakly_canonical(directory, failed).string();
  std::ifstream in("/proc/self/mounts");
  std::string best, type = "unknown";
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string device, place, kind;
    words >> device >> place >> kind;
    const bool holds =
        path.starts_with(place) && (place == "/" || path.size() == place.size() || path[place.size()] == '/');
    if (!holds || place.size() < best.size()) continue;
    best = place;
    type = kind;
  }
  return type;
}

std::string number(double value) {
  if (value >= 1000) return grouped(static_cast<std::uint64_t>(value + 0.5));
  return fixed(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

nlohmann::json json_of(const BenchMachine& machine) {
  nlohmann::json versions = nlohmann::json::object();
  for (const auto& [name, version] : machine.versions) versions[name] = version;
  return {{"cpu", machine.cpu},
          {"cores", machine.cores},
          {"memory_bytes", machine.memory_bytes},
          {"kernel", machine.kernel},
          {"file_system", machine.file_system},
          {"load", machine.load},
          {"versions", std::move(versions)}};
}

nlohmann::json json_of(const BenchReport& report) {
  nlohmann::json rows = nlohmann::json::array();
  for (const BenchRow& row : report.rows) {
    nlohmann::json one = {{"name", row.name}, {"value", row.value}, {"unit", row.unit}};
    if (!row.floor.empty()) {
      one["floor"] = row.floor;
      one["floor_value"] = row.floor_value;
      one["ratio"] = row.ratio;
    }
    rows.push_back(std::move(one));
  }
  return {{"bench", report.bench},
          {"machine", json_of(report.machine)},
          {"rows", std::move(rows)},
          {"notes", report.notes}};
}

void announce(const BenchOptions& options, const std::string& what) {
  if (options.progress) options.progress(what);
}

Result<void> go_on(const BenchOptions& options) {
  if (options.stopped && options.stopped()) return fail("bench.interrupted", "stopped before the end");
  return {};
}

}  // namespace

BenchMachine describe_machine(const std::filesystem::path& directory) {
  BenchMachine machine;
  machine.cpu = cpu_model();
  machine.cores = std::thread::hardware_concurrency();
  machine.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  utsname system{};
  if (::uname(&system) == 0) machine.kernel = std::string(system.sysname) + " " + system.release;
  machine.file_system = file_system_of(directory);
  double load[1] = {0};
  if (::getloadavg(load, 1) == 1) machine.load = load[0];
  const std::string caf = std::to_string(CAF_VERSION / 10000) + "." +
                          std::to_string(CAF_VERSION / 100 % 100) + "." + std::to_string(CAF_VERSION % 100);
  const std::string flat = std::to_string(FLATBUFFERS_VERSION_MAJOR) + "." +
                           std::to_string(FLATBUFFERS_VERSION_MINOR) + "." +
                           std::to_string(FLATBUFFERS_VERSION_REVISION);
  const std::string lmdb = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
                           std::to_string(MDB_VERSION_PATCH);
  machine.versions = {{"lmdb", lmdb},
                      {"caf", caf},
                      {"flatbuffers", flat},
                      {"libsodium", sodium_version_string()},
                      {"compiler", "g++ " __VERSION__}};
  return machine;
}

std::string machine_json(const BenchMachine& machine) { return json_of(machine).dump(); }

void print_machine(const BenchMachine& machine) {
  std::cout << machine.cpu << ", " << machine.cores << " cores, " << (machine.memory_bytes >> 30) << " GiB, "
            << machine.file_system << ", " << machine.kernel << ", load " << fixed(machine.load, 2) << '\n';
  std::string versions;
  for (const auto& [name, version] : machine.versions)
    versions += (versions.empty() ? "" : ", ") + name + " " + version;
  std::cout << versions << '\n';
}

void print(const BenchReport& report, bool json) {
  if (json) {
    std::cout << json_of(report).dump() << '\n';
    return;
  }
  print_machine(report.machine);
  std::cout << '\n';
  std::vector<std::vector<std::string>> rows = {{"what", "figure", "unit", "floor", "its figure", "ratio"}};
  for (const BenchRow& row : report.rows) {
    const bool floor = !row.floor.empty();
    rows.push_back({row.name, number(row.value), row.unit, row.floor, floor ? number(row.floor_value) : "",
                    floor ? fixed(row.ratio, 2) : ""});
  }
  std::cout << table_text(rows);
  for (const std::string& note : report.notes) std::cout << "\n" << note;
  if (!report.notes.empty()) std::cout << '\n';
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

Result<BenchRow> measure_against(const BenchOptions& options, std::string name, std::string unit,
                                 const Measure& ours, std::string floor, const Measure& floor_of) {
  announce(options, name + " against " + floor);
  std::vector<double> values, floors, ratios;
  auto before = floor_of();
  if (!before) return fail(before.error());
  for (unsigned i = 0; i < options.repetitions; ++i) {
    if (auto on = go_on(options); !on) return fail(on.error());
    const auto value = ours();
    if (!value) return fail(value.error());
    const auto after = floor_of();
    if (!after) return fail(after.error());
    values.push_back(*value);
    floors.push_back((*before + *after) / 2);
    ratios.push_back(*value / floors.back());
    before = after;
  }
  return BenchRow{std::move(name),  median(values), std::move(unit),
                  std::move(floor), median(floors), median(ratios)};
}

Result<BenchRow> measure(const BenchOptions& options, std::string name, std::string unit,
                         const Measure& ours) {
  announce(options, name);
  std::vector<double> values;
  for (unsigned i = 0; i < options.repetitions; ++i) {
    if (auto on = go_on(options); !on) return fail(on.error());
    const auto value = ours();
    if (!value) return fail(value.error());
    values.push_back(*value);
  }
  return BenchRow{std::move(name), median(values), std::move(unit), {}, 0, 0};
}

}  // namespace automodel::tools
