// What all commands of the program share: settings from the config file and the command line, results and
// errors.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.hpp"

namespace automodel::tools {

/// Every value has a flag of the same meaning, which wins. Keys of the config file: config/automodel.toml.
struct Settings {
  std::string store = "var/store";
  std::string data_dir = "var/data";
  std::string log_level = "warn";

  // [evolve], and the defaults of goals given at a console
  std::string metric = "auc";
  std::string label = "rating>=4";
  std::string split = "temporal";
  std::string ratios = "0.8,0.1,0.1";
  std::string budget;
  std::uint32_t workers = 0;  // 0: one for each core
  std::uint32_t threads = 1;  // of each worker
  double max_latency_ms = 0;
  double max_model_mb = 0;
  std::uint64_t worker_memory_mb = 0;  // 0: no limit

  // [node], [console]
  std::string endpoint = "ipc://var/automodel.socket";
  std::string timeout = "15s";
};

/// Reads a config file over the defaults. Errors: config.no_such_file, config.syntax (with line and column),
/// config.unknown_key (with the nearest), config.wrong_type.
Result<Settings> read_settings(const std::filesystem::path& file, Settings defaults);

struct Program {
  Settings settings;
  bool json = false;
  /// What the command line asked for: set while it is parsed, run afterwards. Exit status 0, or 1 where a
  /// result was printed that says "no" (replay --verify with another digest); an error is printed by whoever
  /// calls.
  std::function<Result<int>()> run;
};

// One file each under commands/. Each adds its subcommand to `app` and sets `program.run` when it is chosen.
void add_data(CLI::App& app, Program& program);
void add_train(CLI::App& app, Program& program);
void add_evolve(CLI::App& app, Program& program);
void add_node(CLI::App& app, Program& program);
void add_console(CLI::App& app, Program& program);
void add_recommend(CLI::App& app, Program& program);
void add_memory(CLI::App& app, Program& program);
void add_replay(CLI::App& app, Program& program);
void add_events(CLI::App& app, Program& program);
void add_explain(CLI::App& app, Program& program);

/// A subcommand with its examples under the help text, and a callback that runs later.
CLI::App* add_command(CLI::App& app, Program& program, const std::string& name, const std::string& meaning,
                      const std::string& examples, std::function<Result<int>()> run);

/// Prints to stdout, as an object in one line.
void print_json(const nlohmann::json& value);
/// {error:{…}} on stdout with --json, else one line on stderr. Returns the exit status: 2 for codes
/// "usage.…", else 1.
int print_error(const Error& error, bool json);

}  // namespace automodel::tools
