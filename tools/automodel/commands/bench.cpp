// automodel bench store [--seconds S] [--repetitions N] [--events N] [--dir DIRECTORY] [--only SECTION]
// automodel bench nearest [--trials N] [--repetitions N]
// automodel bench replay [--repetitions N] [--events N] [--dir DIRECTORY]
// automodel bench messages [--seconds S] [--repetitions N]
// automodel bench migrate [--moves N] [--state MIB]... [--dir DIRECTORY]
// automodel bench train --data PATH [--model NAME]... [--seeds N] [--epochs N] [--python PROGRAM] [--alone]
#include <iostream>

#include "actors/session/suggest.hpp"
#include "tools/automodel/bench/messages_bench.hpp"
#include "tools/automodel/bench/migrate_bench.hpp"
#include "tools/automodel/bench/nearest_bench.hpp"
#include "tools/automodel/bench/replay_bench.hpp"
#include "tools/automodel/bench/store_bench.hpp"
#include "tools/automodel/bench/train_bench.hpp"
#include "tools/automodel/datasets.hpp"
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

Result<int> messages(const Program& program, BenchOptions options) {
  if (options.seconds <= 0 || options.repetitions == 0)
    return fail("usage.too_little", "seconds and repetitions are more than 0");
  const Interrupt interrupt;
  options.stopped = [&] { return interrupt.count() > 0; };
  options.progress = [](const std::string& what) { std::cerr << "measuring " << what << '\n'; };
  BenchReport report;
  report.bench = "messages";
  report.machine = describe_machine(std::filesystem::temp_directory_path());
  if (auto measured = bench_messages(options, report); !measured) return fail(measured.error());
  print(report, program.json);
  return 0;
}

Result<int> migrate(const Program& program, MigrateBenchOptions options) {
  if (options.moves < 2 || std::ranges::any_of(options.state_mib, [](auto mib) { return mib == 0; }))
    return fail("usage.too_little", "an agent with at least 1 MiB of state moves at least twice");
  const Interrupt interrupt;
  options.bench.stopped = [&] { return interrupt.count() > 0; };
  options.bench.progress = [](const std::string& what) { std::cerr << "measuring " << what << '\n'; };
  BenchReport report;
  report.bench = "migrate";
  report.machine = describe_machine(options.bench.directory);
  if (auto measured = bench_migrate(options, report); !measured) return fail(measured.error());
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

struct TrainOptions {
  TrainBenchOptions bench;
  std::string data;
};

Result<int> train(const Program& program, const TrainOptions& given) {
  for (const auto& model : given.bench.models) {
    if (std::ranges::find(train_bench_models(), model) == train_bench_models().end())
      return fail("usage.model", "'" + model + "' is none of the models compared", "--model",
                  actors::suggestion(model, train_bench_models()));
  }
  const Interrupt interrupt;
  auto options = given.bench;
  options.label = program.settings.label;
  options.stopped = [&] { return interrupt.count() > 0; };
  options.progress = [](const std::string& what) { std::cerr << what << '\n'; };
  const auto data =
      open_or_import(program.settings.data_dir, given.data, [](const recsys::ImportReport& report) {
        std::cerr << "imported " << report.name << " from " << report.format << '\n';
      });
  if (!data) return fail(data.error());
  const auto bench = tools::bench_train(*data, options);
  if (!bench) return fail(bench.error());
  print(*bench, options, program.json);
  return 0;
}

void add_bench_train(CLI::App& bench, Program& program) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command =
      add_command(bench, program, "train", "training against the same models in plain eager PyTorch",
                  "  automodel bench train --data ml-100k\n"
                  "  automodel bench train --data ml-100k --model deepfm --seeds 1 --json\n"
                  "  automodel bench train --data ml-100k --alone",
                  [&program, options] { return train(program, *options); });
  std::string names;
  for (const auto& name : train_bench_models()) names += (names.empty() ? "" : ", ") + name;
  command->add_option("--data", options->data, "name of a data set, or path of one to import")->required();
  command->add_option("--label", program.settings.label, "what makes a row positive")->capture_default_str();
  command->add_option("--model", options->bench.models, "only this one (" + names + "); may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--seeds", options->bench.seeds, "trainings of each model")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  command->add_option("--epochs", options->bench.epochs, "of each")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("--python", options->bench.python,
                      "a Python with PyTorch (default: the first that is found)");
  command->add_flag("--alone", options->bench.alone, "without PyTorch: only what this program makes of it");
}

void add_bench_migrate(CLI::App& bench, Program& program) {
  auto options = std::make_shared<MigrateBenchOptions>();
  CLI::App* command = add_command(bench, program, "migrate",
                                  "what commands wait because their agent moves to another node",
                                  "  automodel bench migrate\n"
                                  "  automodel bench migrate --state 1 --moves 50 --json",
                                  [&program, options] { return migrate(program, *options); });
  command->add_option("--moves", options->moves, "of an agent with 1 MiB; of a larger one a tenth of it")
      ->capture_default_str();
  command->add_option("--state", options->state_mib, "MiB that the agent holds; may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--dir", options->bench.directory, "where the nodes' stores are, and are removed again")
      ->capture_default_str();
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
  add_bench_train(*bench, program);
  add_bench_migrate(*bench, program);
  CLI::App* message = add_command(*bench, program, "messages",
                                  "messages between two nodes, against raw ZeroMQ and CAF's remote actors",
                                  "  automodel bench messages\n"
                                  "  automodel bench messages --repetitions 3 --seconds 0.5 --json",
                                  [&program, options] { return messages(program, options->bench); });
  message->add_option("--seconds", options->bench.seconds, "of each measurement of a rate")
      ->capture_default_str();
  message->add_option("--repetitions", options->bench.repetitions, "of each; the median is shown")
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
