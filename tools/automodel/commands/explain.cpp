// automodel explain ID
#include <iostream>

#include "storage/memory/explain.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/stores.hpp"

namespace automodel::tools {
namespace {

Result<int> explain(const Program& program, const std::string& id) {
  auto store = open_for_reading(program.settings.store);
  if (!store) return fail(store.error());
  auto explanation = storage::explain(**store, id);
  if (!explanation) return fail(explanation.error());
  if (program.json)
    print_json(storage::as_json(*explanation));
  else
    std::cout << storage::as_text(*explanation);
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, Program& program) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = add_command(app, program, "explain",
                                  "why: the chain of decisions, evidence and outcomes behind something",
                                  "  automodel explain champion\n"
                                  "  automodel explain trial-7\n"
                                  "  automodel explain 'mean(label | item)'\n"
                                  "  automodel explain coordinator/main#12 --json",
                                  [&program, id] { return explain(program, *id); });
  command->add_option("id", *id, "champion, a goal, trial, model, work, proposal, feature, or an event")
      ->required();
}

}  // namespace automodel::tools
