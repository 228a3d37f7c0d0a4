#include "storage/archive/segments.hpp"

#include <algorithm>

#include "storage/frames.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

namespace {

constexpr std::string_view archived_key = "archived";
constexpr std::string_view segment_key = "segment";
constexpr std::size_t value_bytes = 8 + 8 + 32;
constexpr std::size_t most_open = 16;
constexpr std::size_t most_blocks = 64;  // some 8 MiB

Result<SegmentEntry> decode(events::ByteView key, events::ByteView value) {
  if (value.size() != value_bytes)
    return fail("storage.corrupt", "what the store knows of a segment cannot be read", {},
                "restore the store from a backup");
  return SegmentEntry{number_at_end(key), frames::number_at(value, 0, 8), frames::number_at(value, 8, 8),
                      frames::hash_at(value, 16)};
}

}  // namespace

std::filesystem::path archive_directory(const std::filesystem::path& store) { return store / "archive"; }

Result<std::uint64_t> load_archived(const Transaction& transaction) {
  const auto stored = transaction.get(Table::meta, view(archived_key));
  if (!stored) return fail(stored.error());
  if (!*stored) return 0;
  const auto archived = decode_number(**stored);
  if (!archived)
    return fail("storage.corrupt", "how much is archived cannot be read", {},
                "restore the store from a backup");
  return *archived;
}

Result<void> store_archived(WriteTransaction& transaction, std::uint64_t archived) {
  return transaction.put(Table::meta, view(archived_key), encode_number(archived));
}

Result<std::vector<SegmentEntry>> load_segments(const Transaction& transaction) {
  std::vector<SegmentEntry> entries;
  auto cursor = Cursor::open(transaction, Table::meta);
  if (!cursor) return fail(cursor.error());
  const Key prefix = Key().name(segment_key);
  auto more = cursor->seek(prefix);
  for (; more && *more && starts_with(cursor->key(), prefix); more = cursor->next()) {
    const auto entry = decode(cursor->key(), cursor->value());
    if (!entry) return fail(entry.error());
    entries.push_back(*entry);
  }
  if (!more) return fail(more.error());
  return entries;
}

Result<std::optional<SegmentEntry>> load_segment(const Transaction& transaction, std::uint64_t sequence) {
  auto cursor = Cursor::open(transaction, Table::meta);
  if (!cursor) return fail(cursor.error());
  const Key prefix = Key().name(segment_key);
  // The last one that does not begin later.
  const auto found = cursor->seek_last_until(Key().name(segment_key).number(sequence));
  if (!found) return fail(found.error());
  if (!*found || !starts_with(cursor->key(), prefix)) return std::optional<SegmentEntry>();
  const auto entry = decode(cursor->key(), cursor->value());
  if (!entry) return fail(entry.error());
  return sequence <= entry->last ? std::optional(*entry) : std::nullopt;
}

Result<void> store_segment(WriteTransaction& transaction, const SegmentEntry& entry) {
  std::string value;
  frames::put_number(value, entry.last, 8);
  frames::put_number(value, entry.bytes, 8);
  frames::put_hash(value, entry.hash);
  return transaction.put(Table::meta, Key().name(segment_key).number(entry.first), view(value));
}

Result<std::shared_ptr<const Segment>> SegmentCache::segment(const SegmentEntry& entry) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = std::ranges::find_if(open_, [&](const auto& one) { return one->entry() == entry; });
    if (known != open_.end()) {
      open_.splice(open_.begin(), open_, known);
      return open_.front();
    }
  }
  auto segment = Segment::open(directory_ / segment_name(entry.first, entry.last), entry);
  if (!segment) return segment;
  const std::lock_guard lock(mutex_);
  open_.push_front(*segment);
  if (open_.size() > most_open) open_.pop_back();
  return segment;
}

void SegmentCache::forget() {
  const std::lock_guard lock(mutex_);
  open_.clear();
  blocks_.clear();
}

Result<std::shared_ptr<const SegmentBlock>> SegmentCache::block(const SegmentEntry& entry,
                                                                std::uint64_t sequence) {
  const auto segment = this->segment(entry);
  if (!segment) return fail(segment.error());
  const std::size_t number = (*segment)->block_with(sequence);
  {
    const std::lock_guard lock(mutex_);
    const auto known = std::ranges::find_if(
        blocks_, [&](const Loaded& one) { return one.number == number && one.segment == entry.hash; });
    if (known != blocks_.end()) {
      blocks_.splice(blocks_.begin(), blocks_, known);
      return blocks_.front().block;
    }
  }
  auto block = (*segment)->load(number);
  if (!block) return block;
  const std::lock_guard lock(mutex_);
  blocks_.push_front({entry.hash, number, *block});
  if (blocks_.size() > most_blocks) blocks_.pop_back();
  return block;
}

}  // namespace automodel::storage
