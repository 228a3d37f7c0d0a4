// automodel stats [--prometheus]
#include <chrono>
#include <iostream>

#include "storage/operations/metrics.hpp"
#include "tools/automodel/program.hpp"
#include "tools/automodel/progress.hpp"
#include "tools/automodel/text.hpp"

namespace automodel::tools {
namespace {

using storage::StoreStatistics;

nlohmann::json json_of(const StoreStatistics& s) {
  nlohmann::json tables = nlohmann::json::array(), projections = nlohmann::json::array(),
                 readers = nlohmann::json::array();
  for (const auto& table : s.tables)
    tables.push_back({{"name", table.name}, {"entries", table.entries}, {"pages", table.pages}});
  for (const auto& one : s.projections)
    projections.push_back({{"name", one.name}, {"sequence", one.sequence}, {"behind", one.behind}});
  for (const auto& reader : s.readers)
    readers.push_back({{"process", reader.process}, {"commits_behind", reader.commits_behind}});
  return {{"node", s.node},
          {"format", s.format},
          {"events", s.events},
          {"streams", s.streams},
          {"commit_hash", events::hex(s.commit_hash)},
          {"file_bytes", s.file_bytes},
          {"map_bytes", s.map_bytes},
          {"page_bytes", s.page_bytes},
          {"used_pages", s.used_pages},
          {"free_pages", s.free_pages},
          {"record_bytes", s.record_bytes.value_or(0)},
          {"bytes_per_event", s.bytes_per_event()},
          {"first_time", s.first_time},
          {"last_time", s.last_time},
          {"events_last_minute", s.last_minute},
          {"events_last_hour", s.last_hour},
          {"events_last_day", s.last_day},
          {"outbox_pending", s.outbox_pending},
          {"commands_seen", s.commands_seen},
          {"archived_events", s.archived_events},
          {"segments", s.segments},
          {"segment_bytes", s.segment_bytes},
          {"snapshots", s.snapshots},
          {"artifacts", s.artifacts},
          {"artifact_bytes", s.artifact_bytes},
          {"tables", tables},
          {"projections", projections},
          {"readers", readers}};
}

std::string readers_text(const StoreStatistics& s) {
  if (s.readers.empty()) return "none";
  const auto longest = std::ranges::max_element(s.readers, {}, &storage::ReaderStatistics::commits_behind);
  return grouped(s.readers.size()) + "; the longest is process " + std::to_string(longest->process) + ", " +
         grouped(longest->commits_behind) + " commits behind";
}

void print(const std::string& store, const StoreStatistics& s) {
  const auto line = [](const std::string& name, const std::string& text) {
    std::cout << pad_right(name, 14) << text << '\n';
  };
  line("store", store + " (node " + clip(s.node, 80) + ", format " + std::to_string(s.format) + ")");
  line("events", grouped(s.events) + " in " + grouped(s.streams) + " streams");
  if (s.events > 0) line("times", time_text(s.first_time) + " to " + time_text(s.last_time) + " UTC");
  line("rate", grouped(s.last_minute) + " in the last minute, " + grouped(s.last_hour) +
                   " in the last hour, " + grouped(s.last_day) + " in the last day");
  line("file", bytes_text(s.file_bytes) + ": " + grouped(s.used_pages) + " pages used, " +
                   grouped(s.free_pages) + " free, of " + grouped(s.page_bytes) + " bytes; map " +
                   bytes_text(s.map_bytes));
  line("records", bytes_text(s.record_bytes.value_or(0)) + "; " + fixed(s.bytes_per_event(), 0) +
                      " bytes of files an event, indexes and memory included");
  if (s.segments > 0)
    line("archive", "events 1 to " + grouped(s.archived_events) + ", segments " + grouped(s.segments) + ", " +
                        bytes_text(s.segment_bytes));
  line("outbox", grouped(s.outbox_pending) + " messages pending");
  line("snapshots", grouped(s.snapshots));
  line("artifacts", grouped(s.artifacts) + " (" + bytes_text(s.artifact_bytes) + ")");
  for (const auto& one : s.projections)
    line("projection",
         one.name + " at event " + grouped(one.sequence) + ", " + grouped(one.behind) + " behind");
  line("readers", readers_text(s));
  std::vector<std::vector<std::string>> rows = {{"table", "entries", "pages"}};
  for (const auto& table : s.tables)
    rows.push_back({table.name, grouped(table.entries), grouped(table.pages)});
  std::cout << '\n' << table_text(rows);
}

Result<int> run(const Program& program, bool prometheus) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto read = storage::statistics(
      program.settings.store, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(), true);
  if (!read) return fail(read.error());
  if (prometheus)
    std::cout << storage::prometheus_text(storage::metrics_of(*read));
  else if (program.json)
    print_json(json_of(*read));
  else
    print(program.settings.store, *read);
  return 0;
}

}  // namespace

void add_stats(CLI::App& app, Program& program) {
  auto prometheus = std::make_shared<bool>(false);
  CLI::App* command = add_command(app, program, "stats", "sizes, rates, pages, readers of the store",
                                  "  automodel stats\n"
                                  "  automodel stats --json\n"
                                  "  automodel stats --prometheus > /var/lib/node_exporter/automodel.prom",
                                  [&program, prometheus] { return run(program, *prometheus); });
  command->add_flag("--prometheus", *prometheus, "in Prometheus's text format");
}

}  // namespace automodel::tools
