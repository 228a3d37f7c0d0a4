// automodel backup TO [--no-verify]
#include "storage/operations/backup.hpp"

#include <spdlog/spdlog.h>

#include <iostream>

#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string to;
  bool no_verify = false;
};

void print(const Program& program, const Options& options, const storage::BackupResult& made,
           double seconds) {
  const auto& artifacts = made.artifacts;
  if (!artifacts.missing.empty())
    spdlog::warn("{} artifacts that events refer to are not in the store, so not in the backup: {} …",
                 artifacts.missing.size(), artifacts.missing.front());
  if (!made.missing_segments.empty())
    spdlog::warn("{} segments of the archive are not in the store, so not in the backup: {} …",
                 made.missing_segments.size(), made.missing_segments.front());
  if (program.json) {
    print_json({{"backup", options.to},
                {"events", made.events},
                {"last_sequence", made.events},
                {"commit_hash", events::hex(made.commit_hash)},
                {"bytes", made.bytes},
                {"segments", made.segments},
                {"segment_bytes", made.segment_bytes},
                {"missing_segments", made.missing_segments},
                {"artifacts", artifacts.count},
                {"artifact_bytes", artifacts.bytes},
                {"missing_artifacts", artifacts.missing},
                {"verified", made.verified},
                {"seconds", seconds}});
    return;
  }
  std::cout << program.settings.store << " is backed up in " << options.to << ", in " << fixed(seconds, 1)
            << " s\nevents         " << grouped(made.events) << "\nlast sequence  " << made.events
            << "\ncommit hash    " << events::hex(made.commit_hash) << "\nbytes          "
            << grouped(made.bytes);
  if (made.segments > 0)
    std::cout << "\nsegments       " << grouped(made.segments) << " (" << bytes_text(made.segment_bytes)
              << ")";
  std::cout << "\nartifacts      " << grouped(artifacts.count) << " (" << bytes_text(artifacts.bytes) << ")\n"
            << (made.verified ? "Its chain of hashes is whole." : "It was NOT verified.") << '\n';
}

Result<int> run(const Program& program, const Options& options) {
  ProgressLine progress;
  const auto started = std::chrono::steady_clock::now();
  const auto made =
      storage::backup(program.settings.store, options.to, {!options.no_verify, progress.watch()});
  if (!made) return fail(made.error());
  print(program, options, *made,
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return 0;
}

}  // namespace

void add_backup(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(app, program, "backup", "copy the store while it is in use; opening the copy restores it",
                  "  automodel backup backups/monday\n"
                  "  automodel backup --store var/store backups/monday --json\n"
                  "  automodel replay --verify --store backups/monday",
                  [&program, options] { return run(program, *options); });
  command->add_option("to", options->to, "the new directory; never overwritten")->required();
  command->add_flag("--no-verify", options->no_verify,
                    "do not walk the chain of hashes; copies a damaged store too, with all artifacts");
}

}  // namespace automodel::tools
