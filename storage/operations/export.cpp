#include "storage/operations/export.hpp"

#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <ostream>

#include "storage/event_store.hpp"
#include "storage/operations/files.hpp"
#include "storage/operations/history_check.hpp"
#include "storage/operations/stored_records.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

Error cannot_write(int code) { return system_error(code == 0 ? EIO : code, "write the export", {}); }

/// What is exported, by the store's own account.
Result<HistoryHeader> header_of(const Environment& environment, const ExportOptions& options) {
  const auto identity = identity_of(environment);
  if (!identity) return fail(identity.error());
  const std::uint64_t last = identity->last_sequence;
  HistoryHeader header{identity->node, options.from, options.until == 0 ? last : options.until, {}};
  const auto none = [&](std::uint64_t sequence) {
    return fail("storage.no_such_event", "there is no event " + std::to_string(sequence), environment.where(),
                "events are numbered from 1 to " + std::to_string(last));
  };
  if (options.from == 0 || options.from > last + 1 || (options.from == last + 1 && last > 0))
    return none(options.from);
  if (header.until > last) return none(header.until);
  if (header.until + 1 < header.from)
    return fail("usage.range", "the last event to export comes before the first", {},
                "give --until a number from " + std::to_string(header.from) + " on");
  if (header.from == 1) return header;
  const auto before = record_of(environment, header.from - 1);
  if (!before) return fail(before.error());
  const auto recorded = events::decode_envelope(*before);
  if (!recorded) return fail(recorded.error());
  header.previous_commit = recorded->commit_hash;
  return header;
}

}  // namespace

Result<ExportResult> export_history(const fs::path& given, std::ostream& out, const ExportOptions& options) {
  const auto opened = open_to_read(given);
  if (!opened) return fail(opened.error());
  const auto& [path, store, environment] = *opened;
  const auto header = header_of(*environment, options);
  if (!header) return fail(header.error());
  ExportResult result{header->from, header->until, 0, header->previous_commit, 0, {}};
  const auto write = [&](const std::string& part) -> Result<void> {
    errno = 0;
    out.write(part.data(), std::ssize(part));
    result.bytes += part.size();
    return out ? Result<void>() : fail(cannot_write(errno));
  };
  if (auto written = write(history_header(options.form, *header)); !written) return fail(written.error());
  HistoryCheck check({header->from - 1, header->previous_commit});
  std::set<std::string> names;
  const auto visit = [&](std::uint64_t sequence, events::ByteView record) -> Result<void> {
    const auto recorded = check.next(record);
    if (!recorded) return fail(recorded.error());
    if (options.artifacts) add_artifacts_of(recorded->event, names);
    if (++result.events % 1024 == 0)
      if (auto on = go_on(options.watch, {"exporting", sequence - header->from + 1,
                                          header->until - header->from + 1, "events"});
          !on)
        return on;
    return write(history_record(options.form, *recorded, record));
  };
  if (auto visited = visit_records(*environment, header->from, header->until, visit); !visited)
    return fail(visited.error());
  result.commit_hash = check.at().commit_hash;
  if (options.artifacts) {
    auto copied = copy_artifacts(names, path / "artifacts", *options.artifacts, options.watch);
    if (!copied) return fail(copied.error());
    result.artifacts = std::move(*copied);
  }
  if (auto written = write(history_end(options.form, header->until, result.commit_hash)); !written)
    return fail(written.error());
  errno = 0;
  if (!out.flush()) return fail(cannot_write(errno));
  return result;
}

Result<ExportResult> export_history_to(const fs::path& store, const fs::path& file,
                                       const ExportOptions& options) {
  auto staged = Staged::file(file);
  if (!staged) return fail(staged.error());
  errno = 0;
  std::ofstream out(staged->path(), std::ios::binary);
  if (!out) return fail(system_error(errno, "create the file", staged->path()));
  auto result = export_history(store, out, options);
  if (!result) return result;
  errno = 0;
  out.close();
  if (!out) return fail(cannot_write(errno));
  const Descriptor written(::open(staged->path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!written) return fail(system_error(errno, "sync the file", staged->path()));
  if (auto synced = sync_file(written, staged->path()); !synced) return fail(synced.error());
  if (auto published = staged->publish(); !published) return fail(published.error());
  return result;
}

}  // namespace automodel::storage
