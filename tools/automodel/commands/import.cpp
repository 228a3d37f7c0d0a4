// automodel import FILE... --store NEWDIR [--artifacts DIR]
#include "storage/operations/import.hpp"

#include <spdlog/spdlog.h>

#include <iostream>

#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string artifacts;
};

Result<int> run(const Program& program, const Options& options) {
  storage::ImportOptions how;
  if (!options.artifacts.empty()) how.artifacts = options.artifacts;
  ProgressLine progress;
  how.watch = progress.watch();
  const auto made =
      storage::import_history({options.files.begin(), options.files.end()}, program.settings.store, how);
  if (!made) return fail(made.error());
  if (!made->artifacts.missing.empty())
    spdlog::warn("{} artifacts that events refer to are not in {}: {} …", made->artifacts.missing.size(),
                 options.artifacts, made->artifacts.missing.front());
  if (program.json) {
    print_json({{"store", program.settings.store},
                {"node", made->node},
                {"events", made->events},
                {"commit_hash", events::hex(made->commit_hash)},
                {"memory_digest", made->memory_digest},
                {"artifacts", made->artifacts.count},
                {"missing_artifacts", made->artifacts.missing}});
    return 0;
  }
  std::cout << "imported " << grouped(made->events) << " events of node " << made->node << " into "
            << program.settings.store << "\ncommit hash " << events::hex(made->commit_hash)
            << "\nmemory      " << made->memory_digest << '\n';
  if (!options.artifacts.empty()) std::cout << grouped(made->artifacts.count) << " artifacts came along\n";
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, program, "import", "make a new store from an export",
                  "  automodel import history.jsonl --store var/copy\n"
                  "  automodel import 1-1000.amh 1001-2000.amh --store var/copy --artifacts blobs",
                  [&program, options] { return run(program, *options); });
  command->add_option("files", options->files, "what automodel export wrote; parts in their order")
      ->required();
  command->add_option("--artifacts", options->artifacts, "take the artifacts from this directory");
}

}  // namespace automodel::tools
