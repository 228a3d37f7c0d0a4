// automodel projections list | drop NAME
#include "storage/operations/projections.hpp"

#include <iostream>

#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

Result<int> list(const Program& program) {
  const auto all = storage::stored_projections(program.settings.store);
  if (!all) return fail(all.error());
  nlohmann::json lines = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows = {{"projection", "schema", "at event", ""}};
  for (const auto& one : *all) {
    lines.push_back({{"name", one.name},
                     {"schema", one.schema},
                     {"sequence", one.sequence},
                     {"rebuilding", one.is_rebuilding},
                     {"of_nodes", one.is_of_nodes}});
    rows.push_back({one.name, one.schema, grouped(one.sequence),
                    one.is_rebuilding ? "is being rebuilt"
                    : one.is_of_nodes ? "every node's"
                                      : ""});
  }
  if (program.json)
    print_json(lines);
  else
    std::cout << (all->empty() ? "no projection is stored\n" : table_text(rows));
  return 0;
}

Result<int> drop(const Program& program, const std::string& name) {
  ProgressLine progress;
  const auto rows = storage::drop_projection(program.settings.store, name, progress.watch());
  if (!rows) return fail(rows.error());
  if (program.json)
    print_json({{"dropped", name}, {"rows", *rows}});
  else
    std::cout << "dropped projection " << name << ": " << grouped(*rows)
              << " rows. Events stay: whoever attaches it again rebuilds it.\n";
  return 0;
}

}  // namespace

void add_projections(CLI::App& app, Program& program) {
  auto name = std::make_shared<std::string>();
  CLI::App* all = add_command(app, program, "projections", "what is stored of projections; drop one",
                              "  automodel projections list\n"
                              "  automodel projections drop old-view",
                              {});
  add_command(*all, program, "list", "each with the last event that it has applied",
              "  automodel projections list --json", [&program] { return list(program); });
  CLI::App* one = add_command(
      *all, program, "drop", "remove the rows of one that no program uses any more",
      "  automodel projections drop old-view\n\n"
      "The node must not run. A projection that nobody attaches stays where it is and holds back the\n"
      "archive. Events stay: whoever attaches it again rebuilds it.",
      [&program, name] { return drop(program, *name); });
  one->add_option("name", *name, "as projections list shows it")->required();
}

}  // namespace automodel::tools
