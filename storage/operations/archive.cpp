#include "storage/operations/archive.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "storage/archive/segments.hpp"
#include "storage/directory.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/operations/archive_plan.hpp"
#include "storage/operations/archived_heads.hpp"
#include "storage/operations/history_check.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/operations/write_to.hpp"
#include "storage/reader.hpp"
#include "storage/record_cursor.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t taken_out_at_once = 1u << 14;

Result<Format> format_of(const Transaction& transaction) {
  const auto stored = transaction.get(Table::meta, view(format_key));
  if (!stored) return fail(stored.error());
  return static_cast<Format>(*stored ? decode_number(**stored).value_or(0) : 0);
}

/// The commit hash after an event of the store; zeros before the first.
Result<events::Hash256> commit_after(const Environment& environment, std::uint64_t sequence) {
  if (sequence == 0) return events::Hash256{};
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  const auto recorded = read_event(*transaction, sequence);
  if (!recorded) return fail(recorded.error());
  return recorded->commit_hash;
}

/// One run. Nobody else writes meanwhile: the store is open for writing.
class Archiver {
 public:
  Archiver(const fs::path& store, Environment& environment, const ArchiveOptions& options,
           ArchiveResult& result)
      : directory_(archive_directory(store)), environment_(environment), options_(options), result_(result) {}

  /// What a run that was cut off has begun: a segment that is in use is moved to its end.
  Result<void> finish_last_run() {
    SegmentEntry entry;
    {
      const auto transaction = environment_.read();
      if (!transaction) return fail(transaction.error());
      const auto archived = load_archived(*transaction);
      if (!archived) return fail(archived.error());
      const auto segments = load_segments(*transaction);
      if (!segments) return fail(segments.error());
      archived_ = *archived;
      if (segments->empty() || segments->back().last <= archived_) return {};
      entry = segments->back();
    }
    if (auto same = compare(entry, directory_ / segment_name(entry.first, entry.last)); !same) return same;
    return take_out(entry, false);
  }

  /// Files that no commit refers to. What they hold must be in the store: anything else is not ours to
  /// remove.
  Result<void> remove_leftovers(std::uint64_t newest) {
    std::error_code failed;
    std::vector<fs::path> left;
    for (fs::directory_iterator at(directory_, failed), end; !failed && at != end; at.increment(failed)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with('.') && name.find(".segment.writing-") != std::string::npos)
        left.push_back(at->path());
      const auto range = range_of_segment(name);
      if (!range || range->first <= archived_) continue;
      if (auto ours = is_of_this_history(at->path(), *range, newest); !ours) return ours;
      left.push_back(at->path());
    }
    for (const fs::path& path : left) {
      if (!fs::remove(path, failed)) return fail(system_error(failed.value(), "remove", path));
      ++result_.leftovers;
    }
    return left.empty() ? Result<void>() : sync_directory(directory_);
  }

  Result<void> archive_until(std::uint64_t until, const std::string& node) {
    if (auto made = make_directory(); !made) return made;
    while (archived_ < until) {
      const std::uint64_t first = archived_ + 1;
      const std::uint64_t last =
          std::min(until, first + std::max<std::uint64_t>(options_.segment_events, 1) - 1);
      if (auto moved = archive_range(first, last, node); !moved) return moved;
    }
    return {};
  }

 private:
  Result<void> make_directory() {
    std::error_code failed;
    if (fs::is_directory(directory_, failed)) return {};
    if (!fs::create_directory(directory_, failed))
      return fail(system_error(failed.value(), "create the archive's directory", directory_));
    return sync_directory(directory_.parent_path());
  }

  Result<void> is_of_this_history(const fs::path& path, std::pair<std::uint64_t, std::uint64_t> range,
                                  std::uint64_t newest) {
    const auto stray = [&](const std::string& why) {
      return fail("storage.stray_segment", "the store does not refer to this segment, and " + why,
                  path.string(), "find out what it belongs to, then move it elsewhere; nothing was touched");
    };
    if (range.second >= newest) return stray("has not got its events");
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(system_error(errno, "open the segment", path));
    const auto segment = Segment::read(std::move(file), path.string());
    if (!segment) return stray("it cannot be read: " + segment.error().message);
    const auto here = commit_after(environment_, range.second);
    if (!here) return fail(here.error());
    if ((*segment)->commit_after() != *here) return stray("it is of another history");
    return {};
  }

  Result<void> archive_range(std::uint64_t first, std::uint64_t last, const std::string& node) {
    const fs::path path = directory_ / segment_name(first, last);
    auto staged = Staged::file(path);
    if (!staged) return fail(staged.error());
    const auto entry = pack(staged->path(), first, last, node);
    if (!entry) return fail(entry.error());
    if (auto on = tell("naming the segment", last); !on) return on;
    if (auto named = staged->publish(); !named) return named;
    auto same = compare(*entry, path);
    if (same) same = tell("moving events", last);
    if (!same) {
      std::error_code ignored;  // the next run removes it
      fs::remove(path, ignored);
      return same;
    }
    result_.segments.push_back(path.filename().string());
    result_.segment_bytes += entry->bytes;
    return take_out(*entry, true);
  }

  /// Every record is checked with its place in both chains before it is written.
  Result<SegmentEntry> pack(const fs::path& path, std::uint64_t first, std::uint64_t last,
                            const std::string& node) {
    const auto before = commit_after(environment_, first - 1);
    if (!before) return fail(before.error());
    auto writer = SegmentWriter::create(path, first, last, *before, node);
    if (!writer) return fail(writer.error());
    HistoryCheck check({first - 1, *before});
    const auto visit = [&](std::uint64_t sequence, events::ByteView record) -> Result<void> {
      if (sequence % 1024 == 0 || sequence == first)
        if (auto on = tell("packing", sequence - 1); !on) return on;
      if (auto sound = check.next(record); !sound) return fail(sound.error());
      return writer->add(record);
    };
    if (auto visited = visit_records(environment_, first, last, visit); !visited)
      return fail(visited.error());
    return writer->finish(check.at().commit_hash);
  }

  /// What the file holds is what the table has, byte for byte, from the end of the archive on.
  Result<void> compare(const SegmentEntry& entry, const fs::path& path) {
    const auto segment = Segment::open(path, entry);
    if (!segment) return fail(segment.error());
    std::shared_ptr<const SegmentBlock> block;
    const auto visit = [&](std::uint64_t sequence, events::ByteView record) -> Result<void> {
      if (!block || !block->has(sequence)) {
        if (auto on = tell("reading back", sequence - 1); !on) return on;
        auto loaded = (*segment)->load((*segment)->block_with(sequence));
        if (!loaded) return fail(loaded.error());
        block = std::move(*loaded);
      }
      if (!std::ranges::equal(block->record(sequence), record))
        return fail("storage.corrupt", "the segment does not hold what was written", path.string(),
                    "check the disk; nothing was taken out of the store");
      return {};
    };
    return visit_records(environment_, archived_ + 1, entry.last, visit);
  }

  /// From the table, a piece at a time. In the first transaction the store refers to the segment.
  Result<void> take_out(const SegmentEntry& entry, bool is_new) {
    while (archived_ < entry.last) {
      const std::uint64_t until = std::min(entry.last, archived_ + taken_out_at_once);
      std::uint64_t bytes = 0;
      const auto apply = [&](WriteTransaction& transaction) -> Result<void> {
        bytes = 0;
        if (is_new)
          if (auto referred = refer_to(transaction, entry); !referred) return referred;
        for (std::uint64_t sequence = archived_ + 1; sequence <= until; ++sequence) {
          const auto record = transaction.get(Table::events, SequenceKey(sequence));
          if (!record) return fail(record.error());
          if (!*record) return fail(corrupt_at(sequence, "the event is missing"));
          bytes += (*record)->size();
          if (auto erased = transaction.erase(Table::events, SequenceKey(sequence)); !erased)
            return fail(erased.error());
        }
        return store_archived(transaction, until);
      };
      if (auto written = write_to(environment_, apply); !written) return written;
      is_new = false;
      result_.events += until - archived_;
      result_.record_bytes += bytes;
      archived_ = until;
      if (auto on = tell("moving events", until); !on) return on;
    }
    return {};
  }

  static Result<void> refer_to(WriteTransaction& transaction, const SegmentEntry& entry) {
    const auto format = format_of(transaction);
    if (!format) return fail(format.error());
    const Format archived = has_checks(*format) ? Format::checked_archived : Format::plain_archived;
    if (auto put = transaction.put(Table::meta, view(format_key),
                                   encode_number(static_cast<std::uint64_t>(archived)));
        !put)
      return put;
    return store_segment(transaction, entry);
  }

  Result<void> tell(std::string_view what, std::uint64_t done) const {
    if (!options_.watch || options_.watch({what, done, std::max(done, result_.plan.until), "events"}))
      return {};
    return fail("storage.interrupted", "interrupted while " + std::string(what), directory_.string(),
                "every event is where it was or in a segment that is whole; start it again for the rest");
  }

  fs::path directory_;
  Environment& environment_;
  const ArchiveOptions& options_;
  ArchiveResult& result_;
  std::uint64_t archived_ = 0;
};

Result<std::uint64_t> free_bytes(const Environment& environment) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  const auto pages = free_pages(*transaction);
  const auto stat = transaction->statistics(Table::events);
  if (!pages) return fail(pages.error());
  if (!stat) return fail(stat.error());
  return *pages * stat->ms_psize;
}

}  // namespace

Result<ArchiveResult> archive_history(const fs::path& given, std::string_view before,
                                      const ArchiveOptions& options) {
  StoreOptions writing;
  writing.create = false;
  const auto store = EventStore::open(given, writing);
  if (!store) return fail(store.error());
  const auto environment = Environment::open((*store)->path(), false);
  if (!environment) return fail(environment.error());
  const auto identity = identity_of(**environment);
  if (!identity) return fail(identity.error());
  auto plan = plan_archive(**store, **environment, before);
  if (!plan) return fail(plan.error());
  ArchiveResult result;
  result.plan = std::move(*plan);
  const auto streams = (*store)->streams();
  if (!streams) return fail(streams.error());
  const auto free_before = free_bytes(**environment);
  if (!free_before) return fail(free_before.error());
  Archiver archiver((*store)->path(), **environment, options, result);
  if (auto finished = archiver.finish_last_run(); !finished) return fail(finished.error());
  if (auto removed = archiver.remove_leftovers(identity->last_sequence); !removed)
    return fail(removed.error());
  if (auto kept = keep_heads(**environment, *streams, result.plan.until); !kept) return fail(kept.error());
  if (result.plan.events() > 0)
    if (auto archived = archiver.archive_until(result.plan.until, identity->node); !archived)
      return fail(archived.error());
  const auto free_after = free_bytes(**environment);
  if (!free_after) return fail(free_after.error());
  result.freed_bytes = *free_after - std::min(*free_after, *free_before);
  return result;
}

}  // namespace automodel::storage
