#include "storage/operations/stored_records.hpp"

#include <algorithm>
#include <vector>

#include "storage/lmdb/records.hpp"

namespace automodel::storage {

namespace {

constexpr std::size_t batch_events = 512;
constexpr std::size_t batch_bytes = 4u << 20;

Error missing(std::uint64_t sequence) {
  return {"storage.corrupt", "the event is missing", "sequence " + std::to_string(sequence),
          "restore the store from a backup"};
}

Result<std::vector<events::Bytes>> batch_of(const Environment& environment, std::uint64_t from,
                                            std::uint64_t until) {
  std::vector<events::Bytes> batch;
  const auto transaction = environment.read();
  if (!transaction) return fail(transaction.error());
  auto cursor = Cursor::open(*transaction, Table::events);
  if (!cursor) return fail(cursor.error());
  std::size_t bytes = 0;
  auto more = cursor->seek(SequenceKey(from));
  for (; from <= until && batch.size() < batch_events && bytes < batch_bytes; ++from, more = cursor->next()) {
    if (!more) return fail(more.error());
    if (!*more || SequenceKey::of(cursor->key()) != from) return fail(missing(from));
    batch.emplace_back(cursor->value().begin(), cursor->value().end());
    bytes += batch.back().size();
  }
  return batch;
}

}  // namespace

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

Result<events::Bytes> record_of(const Environment& environment, std::uint64_t sequence) {
  auto batch = batch_of(environment, sequence, sequence);
  if (!batch) return fail(batch.error());
  if (batch->empty()) return fail(missing(sequence));
  return std::move(batch->front());
}

Result<void> visit_records(const Environment& environment, std::uint64_t from, std::uint64_t until,
                           const std::function<Result<void>(std::uint64_t, events::ByteView)>& visit) {
  while (from <= until) {
    const auto batch = batch_of(environment, from, until);
    if (!batch) return fail(batch.error());
    for (const events::Bytes& record : *batch)
      if (auto visited = visit(from++, record); !visited) return visited;
  }
  return {};
}

}  // namespace automodel::storage
