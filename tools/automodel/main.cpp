// The program `automodel`: reads the command line, runs one command, prints its error if there is one.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "actors/jobs/worker_main.hpp"
#include "actors/runtime/log.hpp"
#include "actors/session/suggest.hpp"
#include "recsys/models/threads.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {
namespace {

constexpr const char* examples = R"(Examples:
  automodel data import ratings.csv --name movielens
  automodel evolve --data movielens --goal auc --budget 3m
  automodel explain champion
  automodel recommend --user 15 --k 10

automodel COMMAND --help shows a command's flags and examples. Logs go to stderr, results to stdout.)";

/// The value of --config, looked for before anything else is read: the file gives the defaults of the flags.
std::string config_argument(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("--config=")) return arguments[i].substr(9);
    if (arguments[i] == "--config" && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return {};
}

Result<Settings> settings_of(const std::vector<std::string>& arguments) {
  const std::string file = config_argument(arguments);
  if (!file.empty()) return read_settings(file, {});
  std::error_code none;
  if (std::filesystem::exists("automodel.toml", none)) return read_settings("automodel.toml", {});
  return Settings{};
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at; at = at->get_parent())
    for (const CLI::Option* option : at->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

const CLI::App& chosen(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : chosen(*parsed.back());
}

/// What CLI11 says, in our shape.
Error usage_error(const CLI::App& app, const CLI::ParseError& e, const std::vector<std::string>& arguments) {
  const CLI::App& command = chosen(app);
  const std::string help =
      (command.get_parent() ? "automodel " + command.get_name() : std::string("automodel")) + " --help";
  Error error{"usage.wrong", e.what(), {}, "see " + help};
  // A word that nothing takes explains more than what is missing because of it.
  if (const auto extras = app.remaining(true); !extras.empty()) {
    const std::string& word = extras.front();
    const bool flag = word.starts_with("-");
    error.code = flag ? "usage.unknown_flag" : "usage.unknown_command";
    error.message = (flag ? "no flag is called '" : "not expected here: '") + word.substr(0, 80) + "'";
    const std::string near =
        actors::nearest(word.substr(0, word.find('=')), flag ? flags_of(command) : names_of(command));
    error.hint = near.empty() ? "see " + help : "did you mean '" + near + "'?";
    return error;
  }
  if (arguments.empty()) error.message = "no command given";
  std::ranges::replace(error.message, '\n', ' ');
  return error;
}

Result<void> set_log_level(const std::string& name) {
  const std::vector<std::string> levels = {"trace", "debug", "info", "warn", "error", "off"};
  if (std::ranges::find(levels, name) == levels.end())
    return fail("usage.log_level", "no log level is called '" + name + "'", {},
                actors::suggestion(name, levels));
  actors::log().set_level(spdlog::level::from_str(name == "error" ? "err" : name));
  return {};
}

/// More processes or threads than any machine of ours has end in a machine that can start nothing any more.
Result<void> check_parallel(const Settings& settings) {
  constexpr std::uint32_t most = 256;
  if (settings.workers > most || settings.threads > most)
    return fail("usage.too_many",
                std::to_string(std::max(settings.workers, settings.threads)) + " is too many",
                settings.workers > most ? "--workers" : "--threads",
                "at most " + std::to_string(most) + "; as many as there are cores is best");
  return {};
}

/// Whether whoever read our output has gone: `automodel … | head -1` is satisfied, nothing failed.
bool reader_has_gone() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

void add_commands(CLI::App& app, Program& program) {
  app.add_option("--store", program.settings.store, "directory of the event store")->capture_default_str();
  app.add_option("--durability", program.settings.durability,
                 "of what is written to the store: durable, or relaxed (synced each 50 ms)")
      ->capture_default_str();
  app.add_option("--data-dir", program.settings.data_dir, "directory of imported data sets")
      ->capture_default_str();
  static std::string config;  // read by settings_of before; here for --help and for the check of flags
  app.add_option("--config", config, "TOML file with settings (default: automodel.toml where there is one)");
  app.add_option("--log-level", program.settings.log_level, "trace, debug, info, warn, error, off")
      ->capture_default_str();
  app.add_flag("--json", program.json, "results and errors as JSON");
  app.set_version_flag("--version", "automodel " AUTOMODEL_VERSION);
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.footer(examples);
  add_evolve(app, program);
  add_data(app, program);
  add_recommend(app, program);
  add_explain(app, program);
  add_node(app, program);
  add_console(app, program);
  add_train(app, program);
  add_paper(app, program);
  add_memory(app, program);
  add_events(app, program);
  add_replay(app, program);
  add_verify(app, program);
  add_bench(app, program);
  add_backup(app, program);
  add_archive(app, program);
  add_projections(app, program);
  add_export(app, program);
  add_import(app, program);
  add_keys(app, program);
  add_checkpoint(app, program);
  add_stats(app, program);
}

int run(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool json = std::ranges::find(arguments, "--json") != arguments.end();
  Program program;
  auto settings = settings_of(arguments);
  if (!settings) return print_error(settings.error(), json);
  program.settings = std::move(*settings);
  program.arguments = arguments;
  CLI::App app("AutoModel evolves a recommender system by itself.", "automodel");
  add_commands(app, program);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return print_error(usage_error(app, e, arguments), json);
  }
  if (!program.run) {
    const CLI::App& at = chosen(app);
    return print_error({"usage.no_command",
                        "no command given",
                        {},
                        "known: " +
                            [&] {
                              std::string list;
                              for (const auto& name : names_of(at)) list += (list.empty() ? "" : ", ") + name;
                              return list;
                            }()},
                       json);
  }
  if (auto level = set_log_level(program.settings.log_level); !level) return print_error(level.error(), json);
  if (auto fine = check_parallel(program.settings); !fine) return print_error(fine.error(), json);
  auto status = program.run();
  std::cout.flush();
  // What a program that does not ignore SIGPIPE ends with; a node has to ignore it for its workers' sake.
  if (!std::cout && reader_has_gone()) return 128 + SIGPIPE;
  if (!status) return print_error(status.error(), json);
  if (!std::cout) return print_error({"output.failed", "cannot write the result", "stdout", {}}, false);
  return *status;
}

}  // namespace
}  // namespace automodel::tools

int main(int argc, char** argv) {
  try {
    automodel::recsys::keep_memory();
    // Training processes of a node: started by it, never by people.
    if (argc > 1 && std::string_view(argv[1]) == "worker")
      return automodel::actors::worker_main({argv + 1, argv + argc});
    return automodel::tools::run(argc, argv);
  } catch (const std::exception& e) {
    return automodel::tools::print_error({"program.failed", e.what(), {}, "this is a defect of the program"},
                                         false);
  }
}
