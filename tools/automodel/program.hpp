// What all commands of the program share: how they are added, and how they print results and errors.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "tools/automodel/settings.hpp"

namespace automodel::tools {

struct Program {
  Settings settings;
  bool json = false;
  std::vector<std::string> arguments;  // of the command line, without the program's name
  /// What the command line asked for: set while it is parsed, run afterwards. Exit status 0, or 1 where a
  /// result was printed that says "no" (replay --verify with another digest); an error is printed by whoever
  /// calls.
  std::function<Result<int>()> run;
};

// One file each under commands/. Each adds its subcommand to `app` and sets `program.run` when it is chosen.
void add_data(CLI::App& app, Program& program);
void add_train(CLI::App& app, Program& program);
void add_paper(CLI::App& app, Program& program);
void add_evolve(CLI::App& app, Program& program);
void add_node(CLI::App& app, Program& program);
void add_console(CLI::App& app, Program& program);
void add_recommend(CLI::App& app, Program& program);
void add_memory(CLI::App& app, Program& program);
void add_replay(CLI::App& app, Program& program);
void add_verify(CLI::App& app, Program& program);
void add_events(CLI::App& app, Program& program);
void add_explain(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);
void add_backup(CLI::App& app, Program& program);
void add_archive(CLI::App& app, Program& program);
void add_projections(CLI::App& app, Program& program);
void add_export(CLI::App& app, Program& program);
void add_import(CLI::App& app, Program& program);
void add_keys(CLI::App& app, Program& program);
void add_checkpoint(CLI::App& app, Program& program);
void add_stats(CLI::App& app, Program& program);

/// A subcommand with its examples under the help text, and a callback that runs later.
CLI::App* add_command(CLI::App& app, Program& program, const std::string& name, const std::string& meaning,
                      const std::string& examples, std::function<Result<int>()> run);

/// Prints to stdout, as an object in one line.
void print_json(const nlohmann::json& value);
/// {error:{…}} on stdout with --json, else one line on stderr. Returns the exit status: 2 for codes
/// "usage.…", else 1.
int print_error(const Error& error, bool json);

}  // namespace automodel::tools
