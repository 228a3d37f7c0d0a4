// automodel export [--format jsonl|binary] [--from N] [--until N] [--output FILE] [--artifacts DIR]
#include "storage/operations/export.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <iostream>

#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string format = "jsonl";
  std::uint64_t from = 1;
  std::uint64_t until = 0;
  std::string output;
  std::string artifacts;
};

void tell(const Program& program, const Options& options, const storage::ExportResult& made) {
  if (!made.artifacts.missing.empty())
    spdlog::warn("{} artifacts that events refer to are not in the store: {} …",
                 made.artifacts.missing.size(), made.artifacts.missing.front());
  if (options.output.empty()) return;  // stdout is the history itself
  if (program.json) {
    print_json({{"file", options.output},
                {"format", options.format},
                {"events", made.events},
                {"from", made.from},
                {"until", made.until},
                {"commit_hash", events::hex(made.commit_hash)},
                {"bytes", made.bytes},
                {"artifacts", made.artifacts.count},
                {"missing_artifacts", made.artifacts.missing}});
    return;
  }
  std::cout << "exported " << grouped(made.events) << " events (" << made.from << " to " << made.until << ", "
            << bytes_text(made.bytes) << ") to " << options.output << "\ncommit hash "
            << events::hex(made.commit_hash) << '\n';
  if (!options.artifacts.empty())
    std::cout << grouped(made.artifacts.count) << " artifacts are in " << options.artifacts << '\n';
}

Result<int> run(const Program& program, const Options& options) {
  storage::ExportOptions how;
  if (options.format == "binary")
    how.form = storage::HistoryForm::binary;
  else if (options.format != "jsonl")
    return fail("usage.format", "no format is called '" + options.format + "'", "--format",
                "jsonl or binary");
  if (options.format == "binary" && options.output.empty() && ::isatty(STDOUT_FILENO))
    return fail("usage.format", "a terminal cannot show the binary format", "--format",
                "name a file with --output, or redirect");
  how.from = options.from;
  how.until = options.until;
  if (!options.artifacts.empty()) how.artifacts = options.artifacts;
  ProgressLine progress;
  how.watch = progress.watch();
  const auto made = options.output.empty()
                        ? storage::export_history(program.settings.store, std::cout, how)
                        : storage::export_history_to(program.settings.store, options.output, how);
  if (!made) return fail(made.error());
  tell(program, options, *made);
  return 0;
}

}  // namespace

void add_export(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, program, "export", "write the history to a file that can be read back",
                  "  automodel export --output history.jsonl\n"
                  "  automodel export --format binary --output history.amh --artifacts blobs\n"
                  "  automodel export --from 300 --until 320 | less",
                  [&program, options] { return run(program, *options); });
  command->add_option("--format", options->format, "jsonl (for people and programs) or binary (small, fast)")
      ->capture_default_str();
  command->add_option("--from", options->from, "the first sequence")->capture_default_str();
  command->add_option("--until", options->until, "the last sequence (0: the newest)")->capture_default_str();
  command->add_option("--output", options->output, "the new file; never overwritten (default: stdout)");
  command->add_option("--artifacts", options->artifacts,
                      "copy the artifacts that the events refer to into this directory");
}

}  // namespace automodel::tools
