// Runs the cluster's protocol through many schedules of messages and faults; see docs/architecture.md,
// "Cluster".
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/simulation/runner.hpp"

namespace {

namespace sim = automodel::cluster::simulation;

constexpr const char* help =
    "usage: simulate [--schedules N] [--seed S] [--seconds T] [--threads N] [--mutant NAME] [--verbose]\n"
    "Runs N schedules (100000) from seed S (1) on, at most T seconds, and stops at the first one that breaks "
    "a rule:\n"
    "it is made smaller and printed. Exit status 0: none did; 1: one did; 2: wrong usage.\n"
    "examples: simulate --schedules 1000000 --threads 2\n"
    "          simulate --seed 4711 --schedules 1 --verbose    the schedule of one seed\n"
    "          simulate --mutant inbox-forgotten               breaks a rule on purpose: must be found\n"
    "mutants:\n";

bool number(std::string_view text, std::uint64_t& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

int wrong(const std::string& what) {
  std::fprintf(stderr, "simulate: %s; see --help\n", what.c_str());
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  sim::Search what;
  bool verbose = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view option = arguments[i];
    if (option == "--help") {
      std::printf("%s", help);
      for (const auto& mutant : sim::mutants()) std::printf("  %-20s %s\n", mutant.name, mutant.what);
      return 0;
    }
    if (option == "--verbose") {
      verbose = true;
      continue;
    }
    if (++i == count) return wrong(std::string(option) + " lacks its value, or is no option");
    const std::string_view value = arguments[i];
    std::uint64_t n = 0;
    if (option == "--mutant") {
      const sim::Mutant* chosen = nullptr;
      for (const auto& mutant : sim::mutants())
        if (value == mutant.name) chosen = &mutant;
      if (!chosen) return wrong("no mutant '" + std::string(value) + "'");
      what.rules.*chosen->rule = false;
    } else if (!number(value, n)) {
      return wrong("'" + std::string(value) + "' is no number");
    } else if (option == "--schedules") {
      what.schedules = n;
    } else if (option == "--seed") {
      what.first_seed = n;
    } else if (option == "--seconds") {
      what.at_most = std::chrono::seconds(n);
    } else if (option == "--threads" && n >= 1 && n <= 256) {
      what.threads = static_cast<int>(n);
    } else {
      return wrong("no option " + std::string(option) + " " + std::string(value));
    }
  }
  what.progress = [&](std::uint64_t done) {
    std::fprintf(stderr, "%llu of %llu schedules\n", static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(what.schedules));
  };
  if (verbose) std::printf("%s", sim::describe(sim::draw_plan(what.first_seed)).c_str());
  const auto found = sim::search(what);
  const auto& c = found.counts;
  const auto print = [](const char* name, std::uint64_t value) {
    std::printf("  %-28s %llu\n", name, static_cast<unsigned long long>(value));
  };
  std::printf("%llu schedules in %.1f s, %.0f a second\n", static_cast<unsigned long long>(found.schedules),
              found.seconds, static_cast<double>(found.schedules) / found.seconds);
  print("commands acknowledged", c.acknowledged);
  print("moves asked for", c.moves);
  print("moves done", c.committed);
  print("moves abandoned", c.abandoned);
  print("crashes", c.crashes);
  print("batches", c.batches);
  print("batches lost", c.lost);
  print("commands forwarded", c.forwarded);
  print("targets in doubt", c.questions);
  print("writes refused by the disk", c.failed_writes);
  print("appends fenced", c.fenced);
  if (!found.seed) return 0;
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(*found.seed), found.fault.c_str());
  const auto small = sim::shrink(sim::draw_plan(*found.seed), what.rules);
  std::printf("made smaller: %s\n%s", sim::World(small, what.rules).run().fault.c_str(),
              sim::describe(small).c_str());
  return 1;
}
