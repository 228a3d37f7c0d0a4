#include "storage/operations/stored_records.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "storage/lmdb/records.hpp"
#include "storage/record_cursor.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t batch_events = 512;
constexpr std::size_t batch_bytes = 4u << 20;

}  // namespace

Result<std::vector<events::Bytes>> read_records(const Environment& environment, std::uint64_t from,
                                                std::uint64_t until, std::size_t most_bytes) {
  std::vector<events::Bytes> batch;
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  auto cursor = RecordCursor::open(*transaction);
  if (!cursor) return fail(cursor.error());
  std::size_t bytes = 0;
  if (from > until) return batch;
  bool there = cursor->seek(from);
  for (; from <= until && batch.size() < batch_events && (batch.empty() || bytes < most_bytes);
       ++from, there = cursor->next()) {
    if (!there) return fail(cursor->error());
    batch.emplace_back(cursor->value().begin(), cursor->value().end());
    bytes += batch.back().size();
  }
  return batch;
}

Result<ReadStore> open_to_read(const std::filesystem::path& given) {
  StoreOptions reading;
  reading.create = false;
  reading.read_only = true;
  auto path = std::filesystem::absolute(given).lexically_normal();
  auto store = EventStore::open(path, reading);  // says what is wrong with it, if anything is
  if (!store) return fail(store.error());
  auto environment = Environment::open(path, false);
  if (!environment) return fail(environment.error());
  return ReadStore{std::move(path), std::move(*store), std::move(*environment)};
}

Result<StoreIdentity> identity_of(const Environment& environment) {
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  const auto format = transaction->get(Table::meta, view("format"));
  const auto node = transaction->get(Table::meta, view("node"));
  const auto state = load_state(*transaction);
  if (!format) return fail(format.error());
  if (!node) return fail(node.error());
  if (!state) return fail(state.error());
  return StoreIdentity{*node ? std::string(text(**node)) : std::string(),
                       *format ? decode_number(**format).value_or(0) : 0, state->sequence,
                       state->commit_hash};
}

/// LMDB's list of free pages: each entry begins with how many it names.
Result<std::uint64_t> free_pages(const Transaction& transaction) {
  const auto error = [&](int rc) {
    return fail(lmdb_error(rc, "read the list of free pages", transaction.environment().where()));
  };
  MDB_cursor* cursor = nullptr;
  if (const int rc = mdb_cursor_open(transaction.native(), 0, &cursor); rc != 0) return error(rc);
  std::uint64_t free = 0;
  MDB_val key{}, value{};
  int rc = 0;
  while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    std::size_t count = 0;
    if (value.mv_size >= sizeof count) std::memcpy(&count, value.mv_data, sizeof count);
    free += count;
  }
  mdb_cursor_close(cursor);
  return rc == MDB_NOTFOUND ? Result<std::uint64_t>(free) : error(rc);
}

Result<events::Bytes> record_of(const Environment& environment, std::uint64_t sequence) {
  auto batch = read_records(environment, sequence, sequence, batch_bytes);
  if (!batch) return fail(batch.error());
  if (batch->empty()) return fail(corrupt_at(sequence, "the event is missing"));
  return std::move(batch->front());
}

Result<void> visit_records(const Environment& environment, std::uint64_t from, std::uint64_t until,
                           const std::function<Result<void>(std::uint64_t, events::ByteView)>& visit) {
  while (from <= until) {
    const auto batch = read_records(environment, from, until, batch_bytes);
    if (!batch) return fail(batch.error());
    for (const events::Bytes& record : *batch)
      if (auto visited = visit(from++, record); !visited) return visited;
  }
  return {};
}

}  // namespace automodel::storage
