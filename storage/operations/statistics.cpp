#include "storage/operations/statistics.hpp"

#include <cstdio>

#include "storage/archive/segments.hpp"
#include "storage/event_store.hpp"
#include "storage/lmdb/records.hpp"
#include "storage/operations/stored_records.hpp"
#include "storage/reader.hpp"

namespace automodel::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t second = 1'000'000'000;

std::uint64_t pages_of(const MDB_stat& stat) {
  return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

Result<void> read_tables(const Transaction& transaction, StoreStatistics& statistics) {
  std::uint64_t pages = 2;  // LMDB's own first two
  for (std::size_t i = 0; i < table_count; ++i) {
    const auto table = static_cast<Table>(i);
    const auto stat = transaction.statistics(table);
    if (!stat) return fail(stat.error());
    statistics.tables.push_back({std::string(table_name(table)), stat->ms_entries, pages_of(*stat)});
    pages += pages_of(*stat);
  }
  for (const MDB_dbi lmdbs_own : {0u, 1u}) {  // the list of free pages, the names of the tables
    MDB_stat stat{};
    if (const int rc = mdb_stat(transaction.native(), lmdbs_own, &stat); rc != 0)
      return fail(lmdb_error(rc, "count", {}));
    pages += pages_of(stat);
  }
  statistics.used_pages = pages;
  return {};
}

template <class Visit>
Result<void> each(const Transaction& transaction, Table table, Visit visit) {
  auto cursor = Cursor::open(transaction, table);
  if (!cursor) return fail(cursor.error());
  auto more = cursor->seek({});
  for (; more && *more; more = cursor->next()) visit(cursor->key(), cursor->value());
  return more ? Result<void>() : fail(more.error());
}

Result<void> read_projections(const Transaction& transaction, StoreStatistics& statistics) {
  return each(transaction, Table::checkpoints, [&](events::ByteView key, events::ByteView value) {
    if (const auto checkpoint = Checkpoint::decode(value))
      statistics.projections.push_back(
          {std::string(text(key)), checkpoint->sequence,
           statistics.events - std::min(statistics.events, checkpoint->sequence)});
  });
}

/// The number of the first event that is not before `time`; one after the last where there is none.
Result<std::uint64_t> first_since(const Transaction& transaction, std::uint64_t last, std::int64_t time) {
  std::uint64_t low = 1, high = last + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto event = read_event(transaction, middle);
    if (!event) return fail(event.error());
    if (event->time < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Result<void> read_times(const Transaction& transaction, std::int64_t now, StoreStatistics& statistics) {
  if (statistics.events == 0) return {};
  const auto first = read_event(transaction, 1), last = read_event(transaction, statistics.events);
  if (!first) return fail(first.error());
  if (!last) return fail(last.error());
  statistics.first_time = first->time;
  statistics.last_time = last->time;
  for (const auto& [count, span] : {std::pair{&StoreStatistics::last_minute, 60 * second},
                                    std::pair{&StoreStatistics::last_hour, 3600 * second},
                                    std::pair{&StoreStatistics::last_day, 86400 * second}}) {
    const auto since = first_since(transaction, statistics.events, now - span);
    if (!since) return fail(since.error());
    statistics.*count = statistics.events + 1 - *since;
  }
  return {};
}

/// LMDB tells of its readers in lines of text: process, thread, transaction or "-".
int read_reader(const char* line, void* context) {
  auto& [newest, readers] = *static_cast<std::pair<std::uint64_t, std::vector<ReaderStatistics>*>*>(context);
  unsigned long long process = 0, thread = 0, transaction = 0;
  if (std::sscanf(line, "%llu %llx %llu", &process, &thread, &transaction) == 3)
    readers->push_back({process, newest - std::min<std::uint64_t>(newest, transaction)});
  return 0;
}

/// Of every process but this one's look at it.
void read_readers(const Environment& environment, StoreStatistics& statistics) {
  MDB_envinfo info{};
  mdb_env_info(environment.native(), &info);
  std::pair<std::uint64_t, std::vector<ReaderStatistics>*> context{info.me_last_txnid, &statistics.readers};
  mdb_reader_list(environment.native(), &read_reader, &context);
}

void count_artifacts(const fs::path& directory, StoreStatistics& statistics) {
  std::error_code failed;
  for (fs::directory_iterator at(directory, failed), end; !failed && at != end; at.increment(failed)) {
    if (!events::hash_from_hex(at->path().filename().string())) continue;
    const auto bytes = at->file_size(failed);
    if (failed) continue;
    ++statistics.artifacts;
    statistics.artifact_bytes += bytes;
  }
}

std::uint64_t entries_of(const StoreStatistics& statistics, Table table) {
  return statistics.tables[static_cast<std::size_t>(table)].entries;
}

Result<void> read_all(const Environment& environment, std::int64_t now, bool count_records,
                      StoreStatistics& statistics) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  const auto state = load_state(*transaction);
  if (!state) return fail(state.error());
  statistics.events = state->sequence;
  statistics.commit_hash = state->commit_hash;
  if (auto read = read_tables(*transaction, statistics); !read) return read;
  const auto free = free_pages(*transaction);
  if (!free) return fail(free.error());
  statistics.free_pages = *free;
  if (auto read = read_projections(*transaction, statistics); !read) return read;
  if (auto read = read_times(*transaction, now, statistics); !read) return read;
  const auto segments = load_segments(*transaction);
  if (!segments) return fail(segments.error());
  const auto archived = load_archived(*transaction);
  if (!archived) return fail(archived.error());
  statistics.archived_events = *archived;
  statistics.segments = segments->size();
  for (const SegmentEntry& entry : *segments) statistics.segment_bytes += entry.bytes;
  if (!count_records) return {};
  std::uint64_t bytes = 0;
  for (const SegmentEntry& entry : *segments) {
    const auto segment = environment.segments().segment(entry);
    if (!segment) return fail(segment.error());
    bytes += (*segment)->record_bytes();
  }
  auto walked = each(*transaction, Table::events,
                     [&](events::ByteView, events::ByteView value) { bytes += value.size(); });
  statistics.record_bytes = bytes;
  return walked;
}

}  // namespace

Result<StoreStatistics> statistics(const fs::path& given, std::int64_t now, bool count_records) {
  const auto opened = open_to_read(given);
  if (!opened) return fail(opened.error());
  const auto& [path, store, environment] = *opened;
  const auto identity = identity_of(*environment);
  if (!identity) return fail(identity.error());
  const auto streams = store->streams();
  if (!streams) return fail(streams.error());
  StoreStatistics statistics;
  statistics.node = identity->node;
  statistics.format = identity->format;
  statistics.streams = streams->size();
  read_readers(*environment, statistics);
  if (auto read = read_all(*environment, now, count_records, statistics); !read) return fail(read.error());
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(environment->native(), &info);
  mdb_env_stat(environment->native(), &stat);
  std::error_code failed;
  statistics.file_bytes = fs::file_size(path / "events.mdb", failed);
  statistics.map_bytes = info.me_mapsize;
  statistics.page_bytes = stat.ms_psize;
  statistics.snapshots = entries_of(statistics, Table::snapshots);
  statistics.outbox_pending = entries_of(statistics, Table::outbox);
  statistics.commands_seen = entries_of(statistics, Table::inbox);
  count_artifacts(path / "artifacts", statistics);
  return statistics;
}

}  // namespace automodel::storage
