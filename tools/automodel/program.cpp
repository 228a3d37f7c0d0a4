#include "tools/automodel/program.hpp"

#include <iostream>

namespace automodel::tools {

CLI::App* add_command(CLI::App& app, Program& program, const std::string& name, const std::string& meaning,
                      const std::string& examples, std::function<Result<int>()> run) {
  CLI::App* command = app.add_subcommand(name, meaning);
  command->fallthrough();
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  if (run) command->final_callback([&program, run = std::move(run)] { program.run = run; });
  return command;
}

void print_json(const nlohmann::json& value) {
  // Titles and ids come from data of others: bytes that are no UTF-8 are shown as U+FFFD, they are no reason
  // to fail.
  std::cout << value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

int print_error(const Error& error, bool json) {
  if (json) {
    print_json(
        {{"error",
          {{"code", error.code}, {"message", error.message}, {"where", error.where}, {"hint", error.hint}}}});
    std::cout.flush();
  } else {
    std::cerr << "automodel: " << to_string(error) << '\n';
  }
  return error.code.starts_with("usage.") ? 2 : 1;
}

}  // namespace automodel::tools
