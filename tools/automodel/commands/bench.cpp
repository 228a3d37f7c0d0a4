// automodel bench store [--seconds S] [--repetitions N] [--events N] [--dir DIRECTORY] [--only SECTION]
// automodel bench nearest [--trials N] [--repetitions N]
// automodel bench replay [--repetitions N] [--events N] [--dir DIRECTORY]
#include <iostream>

#include "actors/session/suggest.hpp"
#include "tools/automodel/bench/nearest_bench.hpp"
#include "tools/automodel/bench/replay_bench.hpp"
#include "tools/automodel/bench/store_bench.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"

namespace automodel::tools {
namespace {

struct Options {
  BenchOptions bench;
  std::string only;
};

Result<void> check(const Options& options) {
  std::vector<std::string> names;
  for (const BenchSection& section : store_sections()) names.emplace_back(section.name);
  if (!options.only.empty() && std::ranges::find(names, options.only) == names.end())
    return fail("usage.section", "no part of the bench is called '" + options.only + "'", "--only",
                actors::suggestion(options.only, names));
  if (options.bench.seconds <= 0 || options.bench.repetitions == 0 || options.bench.events == 0)
    return fail("usage.too_little", "seconds, repetitions and events are more than 0");
  return {};
}

Result<int> bench_store(const Program& program, const Options& given) {
  if (auto fine = check(given); !fine) return fail(fine.error());
  const Interrupt interrupt;
  BenchOptions options = given.bench;
  auto durability = durability_of(program.settings.durability);
  if (!durability) return fail(durability.error());
  options.durability = *durability;
  options.stopped = [&] { return interrupt.count() > 0; };
  options.progress = [](const std::string& what) { std::cerr << "measuring " << what << '\n'; };
  BenchReport report;
  report.bench = "store";
  report.machine = describe_machine(options.directory);
  for (const BenchSection& section : store_sections()) {
    if (!given.only.empty() && given.only != section.name) continue;
    if (auto measured = section.run(options, report); !measured) return fail(measured.error());
  }
  print(report, program.json);
  return 0;
}

Result<int> nearest_configurations(const Program& program, const Options& given) {
  if (given.bench.repetitions == 0 || given.bench.events == 0)
    return fail("usage.too_little", "trials and repetitions are more than 0");
  const Interrupt interrupt;
  BenchOptions options = given.bench;
  options.stopped = [&] { return interrupt.count() > 0; };
  options.progress = [](const std::string& what) { std::cerr << what << '\n'; };
  BenchReport report;
  report.bench = "nearest";
  report.machine = describe_machine(std::filesystem::temp_directory_path());
  if (auto measured = bench_nearest(options, report); !measured) return fail(measured.error());
  print(report, program.json);
  return 0;
}

Result<int> bench_replay(const Program& program, BenchOptions options) {
  if (options.repetitions == 0 || options.events == 0)
    return fail("usage.too_little", "repetitions and events are more than 0");
  const Interrupt interrupt;
  options.stopped = [&] { return interrupt.count() > 0; };
  options.progress = [](const std::string& what) { std::cerr << what << '\n'; };
  const auto report = tools::bench_replay(options);
  if (!report) return fail(report.error());
  print(*report, program.json);
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* bench =
      add_command(app, program, "bench", "measure this machine, and what the program makes of it",
                  "  automodel bench store\n"
                  "  automodel bench store --only append --seconds 3 --json\n"
                  "  automodel bench replay --events 100000",
                  {});
  std::string sections;
  for (const BenchSection& section : store_sections())
    sections += (sections.empty() ? "" : "; ") + std::string(section.name) + ": " + section.what;
  CLI::App* store =
      add_command(*bench, program, "store", "the event store against raw LMDB, PostgreSQL and Redis",
                  "  automodel bench store --dir /mnt/disk/scratch\n"
                  "  PGCONN='host=localhost user=postgres' automodel bench store --only peers\n"
                  "  REDIS_URL=redis://localhost:6379 automodel bench store --only peers --json",
                  [&program, options] { return bench_store(program, *options); });
  store->add_option("--dir", options->bench.directory, "where to write; what is measured is this disk")
      ->capture_default_str();
  store->add_option("--seconds", options->bench.seconds, "of each measurement")->capture_default_str();
  store->add_option("--repetitions", options->bench.repetitions, "of each; the median is shown")
      ->capture_default_str();
  store->add_option("--events", options->bench.events, "in stores that are filled first")
      ->capture_default_str();
  store->add_option("--only", options->only, "one part: " + sections);
  CLI::App* nearest = add_command(*bench, program, "nearest",
                                  "nearest past configurations: the index against a scan of all rows",
                                  "  automodel bench nearest\n"
                                  "  automodel bench nearest --trials 100000 --json",
                                  [&program, options] { return nearest_configurations(program, *options); });
  nearest->add_option("--trials", options->bench.events, "no two alike")->capture_default_str();
  nearest
      ->add_option("--repetitions", options->bench.repetitions,
                   "of the plain scan, each checked against the index")
      ->capture_default_str();
  CLI::App* replay = add_command(*bench, program, "replay",
                                 "memory rebuilt from a long history, and what of it takes how long",
                                 "  automodel bench replay\n"
                                 "  automodel bench replay --events 100000 --dir /mnt/disk/scratch --json",
                                 [&program, options] { return bench_replay(program, options->bench); });
  replay->add_option("--dir", options->bench.directory, "where the history is written, and removed again")
      ->capture_default_str();
  replay->add_option("--repetitions", options->bench.repetitions, "of each; the median is shown")
      ->capture_default_str();
  replay->add_option("--events", options->bench.events, "in the history")->capture_default_str();
}

}  // namespace automodel::tools
