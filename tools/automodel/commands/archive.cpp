// automodel archive --before SEQUENCE|TIME [--dry-run]
#include "storage/operations/archive.hpp"

#include <iostream>

#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

struct Options {
  std::string before;
  bool dry_run = false;
};

nlohmann::json json_of(const Program& program, const Options& options, const storage::ArchiveResult& made,
                       double seconds) {
  const auto& plan = made.plan;
  nlohmann::json json = {{"store", program.settings.store},
                         {"before", options.before},
                         {"dry_run", options.dry_run},
                         {"archived_already", plan.archived},
                         {"named", plan.named},
                         {"until", plan.until},
                         {"events", options.dry_run ? plan.events() : made.events},
                         {"held_back", nullptr}};
  if (const auto& held = plan.held_back)
    json["held_back"] = {{"sequence", held->sequence}, {"reason", held->reason}, {"remedy", held->remedy}};
  if (options.dry_run) return json;
  json.update({{"record_bytes", made.record_bytes},
               {"segments", made.segments},
               {"segment_bytes", made.segment_bytes},
               {"freed_bytes", made.freed_bytes},
               {"leftovers_removed", made.leftovers},
               {"seconds", seconds}});
  return json;
}

void print_plan(const std::string& store, const storage::ArchivePlan& plan) {
  if (plan.events() > 0)
    std::cout << "would archive events " << grouped(plan.archived + 1) << " to " << grouped(plan.until)
              << " of " << store << '\n';
}

void print_result(const std::string& store, const storage::ArchiveResult& made, double seconds) {
  if (made.leftovers > 0)
    std::cout << "removed " << grouped(made.leftovers) << " files of a run that was cut off\n";
  if (made.events == 0) return;
  std::cout << "archived " << grouped(made.events) << " events of " << store << ", in " << fixed(seconds, 1)
            << " s\nsegments       " << grouped(made.segments.size()) << " ("
            << bytes_text(made.segment_bytes) << ")\nrecords        " << bytes_text(made.record_bytes)
            << "\nfree again     " << bytes_text(made.freed_bytes)
            << " inside events.mdb, for what is written next; the file stays as large as it is.\n"
               "               A backup of the store is compact.\n";
}

/// Whether something was asked for and nothing of it may go.
bool is_refused(const storage::ArchivePlan& plan) {
  return plan.events() == 0 && plan.held_back && plan.named > plan.archived;
}

void print(const Program& program, const Options& options, const storage::ArchiveResult& made,
           double seconds) {
  const auto& plan = made.plan;
  if (options.dry_run)
    print_plan(program.settings.store, plan);
  else
    print_result(program.settings.store, made, seconds);
  if (const auto& held = plan.held_back)
    std::cout << "event " << grouped(held->sequence) << " and later ones stay: " << held->reason << ".\n"
              << held->remedy << '\n';
  else if (plan.events() == 0 && made.events == 0)
    std::cout << "nothing to archive: "
              << (plan.archived > 0 ? "events 1 to " + grouped(plan.archived) + " are archived already\n"
                                    : "no event but the two newest lies before " + options.before + "\n");
}

Result<storage::ArchiveResult> carry_out(const Program& program, const Options& options,
                                         ProgressLine& progress) {
  if (!options.dry_run) {
    storage::ArchiveOptions how;
    how.watch = progress.watch();
    return storage::archive_history(program.settings.store, options.before, how);
  }
  auto plan = storage::plan_archive(program.settings.store, options.before);
  if (!plan) return fail(plan.error());
  storage::ArchiveResult planned;
  planned.plan = std::move(*plan);
  return planned;
}

Result<int> run(const Program& program, const Options& options) {
  ProgressLine progress;
  const auto started = std::chrono::steady_clock::now();
  const auto made = carry_out(program, options, progress);
  if (!made) return fail(made.error());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (program.json)
    print_json(json_of(program, options, *made, seconds));
  else
    print(program, options, *made, seconds);
  return is_refused(made->plan) ? 1 : 0;
}

}  // namespace

void add_archive(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      app, program, "archive", "move old history to compressed files, which everything still reads",
      "  automodel archive --before 10000 --dry-run\n"
      "  automodel archive --before 2026-11-01T00:00:00Z\n"
      "  automodel archive --store var/store --before 10000 --json\n\n"
      "The node must not run. An event may go once every projection has applied it and its stream has a\n"
      "snapshot after it; the two newest stay. Older programs refuse a store with an archive. Exit\n"
      "status 1 where nothing of what was asked for may go.",
      [&program, options] { return run(program, *options); });
  command
      ->add_option("--before", options->before,
                   "a sequence, or a time in UTC: events before it, or before the first one of that time")
      ->required();
  command->add_flag("--dry-run", options->dry_run, "say what would be archived, and change nothing");
}

}  // namespace automodel::tools
