#include "storage/memory/rows.hpp"

#include <atomic>
#include <future>

namespace automodel::storage::memory_rows {

namespace {

std::string index_key(std::string_view asked, std::string_view place) {
  return memory_key(memory_key(asked) + " @ " + std::string(place));
}

events::Bytes bytes_of(const flatbuffers::FlatBufferBuilder& builder) {
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

/// A part of the work, of about this size.
struct Job {
  std::size_t size;
  std::function<void()> run;
};

/// Large work is shared with another thread, the largest part first; for small work none is worth starting.
void carry_out(std::vector<Job> jobs) {
  constexpr std::size_t worth_a_thread = 4096;
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.size > b.size; });
  std::size_t size = 0;
  for (const auto& job : jobs) size += job.size;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++) jobs[i].run();
  };
  std::future<void> other;
  if (size >= worth_a_thread) other = std::async(std::launch::async, work);
  work();
  if (other.valid()) other.get();
}

}  // namespace

void MemoryRows::index(Index index, std::string_view asked, std::string_view key, std::string_view place) {
  auto& entries = indexes_[static_cast<std::size_t>(index)];
  auto known = entries.find(asked);
  if (known == entries.end()) known = entries.try_emplace(std::string(asked)).first;
  known->second.push_back({std::string(place), std::string(key)});
}

std::vector<std::string> MemoryRows::indexed(Index index, std::string_view asked, std::size_t most) const {
  std::map<std::string, std::string> found;  // by place; what is new and what is stored, once
  const auto& entries = indexes_[static_cast<std::size_t>(index)];
  if (const auto known = entries.find(asked); known != entries.end())
    for (const auto& entry : known->second)
      found.emplace(index_key(asked, entry.place.empty() ? entry.key : entry.place), entry.key);
  std::size_t stored = 0;
  stored_->scan(index_names[static_cast<std::size_t>(index)], memory_key(asked) + " @ ",
                [&](std::string_view key, events::ByteView bytes) {
                  if (auto entry = events::unpack<events::IndexRowT>(bytes))
                    found.emplace(std::string(key), std::move(entry->key));
                  return ++stored < most;
                });
  std::vector<std::string> keys;
  for (auto& [place, key] : found)
    if (keys.size() < most) keys.push_back(std::move(key));
  return keys;
}

template <class Row>
void MemoryRows::pack_slots(Rows<Row>& rows, flatbuffers::FlatBufferBuilder& builder) {
  for (auto* slot : rows.unpacked) {
    if (slot->state == State::changed) {
      builder.Clear();
      builder.Finish(Row::TableType::Pack(builder, slot->row.get()));
      slot->packed = bytes_of(builder);
      slot->state = State::packed;
    } else if (slot->state == State::stored) {
      slot->state = State::unknown;  // it will be looked for again
    }
    slot->row.reset();
  }
  rows.unpacked.clear();
}

void MemoryRows::pack_all() {
  flatbuffers::FlatBufferBuilder builder(4096);
  std::apply([&](auto&... rows) { (pack_slots(rows, builder), ...); }, tables_);
  unpacked_ = 0;
}

template <class Row>
void MemoryRows::pack(Rows<Row>& rows, Packed& packed) {
  flatbuffers::FlatBufferBuilder builder(4096);
  pack_slots(rows, builder);
  std::vector<std::pair<std::string_view, events::Bytes*>> changed;
  changed.reserve(rows.slots.size());
  for (auto& [key, slot] : rows.slots)
    if (slot.state == State::packed) changed.emplace_back(key, &slot.packed);
  std::sort(changed.begin(), changed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  packed.table = table_of<Row>;
  packed.rows.reserve(changed.size());
  for (const auto& [key, row] : changed) packed.rows.emplace_back(memory_key(key), std::move(*row));
  rows.slots.clear();
}

void MemoryRows::pack(std::string_view index, Entries& entries, Packed& packed) {
  std::vector<std::pair<std::string, const std::string*>> sorted;
  for (const auto& [asked, list] : entries)
    for (const auto& entry : list)
      sorted.emplace_back(index_key(asked, entry.place.empty() ? entry.key : entry.place), &entry.key);
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  flatbuffers::FlatBufferBuilder builder(256);
  packed.table = index;
  packed.rows.reserve(sorted.size());
  for (auto& [key, row] : sorted) {
    builder.Clear();
    builder.Finish(events::CreateIndexRow(builder, row->empty() ? 0 : builder.CreateString(*row)));
    packed.rows.emplace_back(std::move(key), bytes_of(builder));
  }
  entries.clear();
}

void MemoryRows::finish() {
  std::vector<Packed> packed(std::tuple_size_v<decltype(tables_)> + indexes_.size());
  std::vector<Job> jobs;
  std::apply(
      [&](auto&... rows) {
        (jobs.push_back({rows.slots.size(), [&rows, &into = packed[jobs.size()]] { pack(rows, into); }}),
         ...);
      },
      tables_);
  for (std::size_t i = 0; i < indexes_.size(); ++i)
    jobs.push_back({indexes_[i].size(),
                    [this, i, &into = packed[jobs.size()]] { pack(index_names[i], indexes_[i], into); }});
  carry_out(std::move(jobs));
  unpacked_ = 0;
  for (auto& [table, rows] : packed)
    for (auto& [key, row] : rows) stored_->put_moved(table, std::move(key), std::move(row));
}

}  // namespace automodel::storage::memory_rows
