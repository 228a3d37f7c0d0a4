// https://prometheus.io/docs/instrumenting/exposition_formats/ describes the format.
#include "storage/operations/metrics.hpp"

#include <algorithm>
#include <charconv>

namespace automodel::storage {

namespace {

Metric gauge(const char* name, const char* help, double value) {
  return {std::string("automodel_store_") + name, help, false, {}, {{{}, value}}, {}};
}
Metric gauge(const char* name, const char* help, std::uint64_t value) {
  return gauge(name, help, static_cast<double>(value));
}
Metric counter(const char* name, const char* help, std::uint64_t value) {
  return {std::string("automodel_store_") + name, help, true, {}, {{{}, static_cast<double>(value)}}, {}};
}
Metric histogram(const char* name, const char* help, const Distribution& of) {
  return {std::string("automodel_store_") + name, help, false, {}, {}, of};
}
/// With a sample for each of `items`.
template <class Items, class Sample>
Metric gauges(const char* name, const char* help, const char* label, const Items& items, Sample sample) {
  Metric metric{std::string("automodel_store_") + name, help, false, label, {}, {}};
  for (const auto& item : items) metric.samples.push_back(sample(item));
  return metric;
}

double seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }
double number(std::uint64_t value) { return static_cast<double>(value); }

/// A label's value: backslash, quote and line end are escaped.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

std::string digits_of(double value) {
  char digits[64];
  return {digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr};
}

/// Buckets count what is in those below them, too.
std::string histogram_text(const std::string& name, const Distribution& of) {
  std::string out;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < of.counts().size(); ++i) {
    below += of.counts()[i];
    const std::string bound = i < of.bounds().size() ? digits_of(of.bounds()[i]) : "+Inf";
    out += name + "_bucket{le=\"" + bound + "\"} " + std::to_string(below) + "\n";
  }
  return out + name + "_sum " + digits_of(of.sum()) + "\n" + name + "_count " + std::to_string(below) + "\n";
}

}  // namespace

std::vector<Metric> metrics_of(const StoreStatistics& s) {
  std::uint64_t longest = 0;
  for (const auto& reader : s.readers) longest = std::max(longest, reader.commits_behind);
  std::vector<Metric> metrics = {
      {"automodel_store_info",
       "The store's format, by its node.",
       false,
       "node",
       {{s.node, number(s.format)}},
       {}},
      gauge("events", "Events in the store.", s.events),
      gauge("streams", "Streams that have events.", s.streams),
      gauge("file_bytes", "Size of events.mdb.", s.file_bytes),
      gauge("map_bytes", "Size that the file may grow to before the map grows.", s.map_bytes),
      gauge("used_bytes", "Bytes of the pages that hold something.", s.used_pages * s.page_bytes),
      gauge("free_bytes", "Bytes of the pages in the file that will be used again.",
            s.free_pages * s.page_bytes),
      gauge("last_event_time_seconds", "Recorded time of the newest event, Unix time.", seconds(s.last_time)),
      gauge("events_last_minute", "Events recorded in the last minute.", s.last_minute),
      gauge("events_last_hour", "Events recorded in the last hour.", s.last_hour),
      gauge("events_last_day", "Events recorded in the last day.", s.last_day),
      gauge("outbox_pending", "Messages that their targets have not acknowledged.", s.outbox_pending),
      gauge("archived_events", "Events that are in segments of the archive.", s.archived_events),
      gauge("segments", "Segments of the archive.", s.segments),
      gauge("segment_bytes", "Bytes of the archive's segments.", s.segment_bytes),
      gauge("snapshots", "Snapshots of streams.", s.snapshots),
      gauge("artifacts", "Artifacts beside the store.", s.artifacts),
      gauge("artifact_bytes", "Bytes of the artifacts.", s.artifact_bytes),
      gauge("readers", "Read transactions that are open.", number(s.readers.size())),
      gauge("longest_reader_commits", "Commits since the longest reader began.", longest),
      gauges("table_entries", "Entries of each table.", "table", s.tables,
             [](const auto& table) {
               return Metric::Sample{table.name, number(table.entries)};
             }),
      gauges("table_pages", "Pages of each table.", "table", s.tables,
             [](const auto& table) {
               return Metric::Sample{table.name, number(table.pages)};
             }),
      gauges("projection_behind", "Events that a projection has not applied yet.", "projection",
             s.projections, [](const auto& one) {
               return Metric::Sample{one.name, number(one.behind)};
             })};
  if (s.record_bytes) metrics.push_back(gauge("record_bytes", "Bytes of all records.", *s.record_bytes));
  return metrics;
}

std::vector<Metric> metrics_of(const StoreActivity& a) {
  Metric appends{"automodel_store_appends_total",
                 "Appends answered since the store was opened.",
                 true,
                 "outcome",
                 {{"held", number(a.appends)},
                  {"repeated", number(a.repeated)},
                  {"refused", number(a.refused)},
                  {"failed", number(a.failed)}},
                 {}};
  return {
      std::move(appends),
      counter("appended_events_total", "Events appended since the store was opened.", a.events),
      counter("failed_commits_total", "Commits that did not hold.", a.writer.failed),
      histogram("commit_writes", "Writes in one commit.", a.writer.writes),
      histogram("commit_seconds", "Seconds that LMDB's commit took, its syncs included.", a.writer.seconds),
      gauge("queued_writes", "Writes that wait for the writer.", a.writer.queued),
      gauge("subscribers", "Who is told of commits.", a.subscribers),
      gauge("longest_reader_seconds", "For which the longest reader has been seen.",
            a.longest_reader_seconds)};
}

std::string prometheus_text(const std::vector<Metric>& metrics) {
  std::string out;
  for (const Metric& metric : metrics) {
    out += "# HELP " + metric.name + " " + metric.help + "\n# TYPE " + metric.name +
           (metric.histogram    ? " histogram\n"
            : metric.is_counter ? " counter\n"
                                : " gauge\n");
    if (metric.histogram) out += histogram_text(metric.name, *metric.histogram);
    for (const auto& sample : metric.samples) {
      out += metric.name;
      if (!metric.label.empty()) out += "{" + metric.label + "=\"" + escaped(sample.label_value) + "\"}";
      out += " " + digits_of(sample.value) + "\n";
    }
  }
  return out;
}

}  // namespace automodel::storage
