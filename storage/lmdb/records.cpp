#include "storage/lmdb/records.hpp"

#include <algorithm>
#include <cstring>

namespace automodel::storage {

namespace {

/// Little endian numbers, hashes and counted byte strings, one after the other.
class Writer {
 public:
  Writer() { bytes_.reserve(128); }
  Writer& number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  /// Seven bits a byte, the lowest first; the highest bit says that there is more.
  Writer& small(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
  }
  template <class Container>
  Writer& raw(const Container& part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    return *this;
  }
  template <class Container>
  Writer& counted(const Container& part) {
    return number(part.size()).raw(part);
  }
  events::Bytes take() { return std::move(bytes_); }

 private:
  events::Bytes bytes_;
};

class Reader {
 public:
  explicit Reader(events::ByteView bytes) : bytes_(bytes) {}
  Reader& number(std::uint64_t& value) {
    value = 0;
    const auto part = take(8);
    for (std::size_t i = 0; i < part.size(); ++i) value |= std::uint64_t{part[i]} << (8 * i);
    return *this;
  }
  Reader& small(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto part = take(1);
      if (part.empty()) return *this;
      const std::uint64_t bits = part[0] & 0x7f;
      if (shift == 63 && bits > 1) break;
      value |= bits << shift;
      if (part[0] < 0x80) return *this;
    }
    whole_ = false;  // more than 64 bits
    return *this;
  }
  template <class Container>
  Reader& rest(Container& value) {
    const auto part = take(bytes_.size());
    value.assign(part.begin(), part.end());
    return *this;
  }
  Reader& hash(events::Hash256& value) {
    const auto part = take(value.size());
    std::copy(part.begin(), part.end(), value.begin());
    return *this;
  }
  template <class Container>
  Reader& counted(Container& value) {
    std::uint64_t size = 0;
    number(size);
    const auto part = take(size);
    value.assign(part.begin(), part.end());
    return *this;
  }
  /// Whether everything was there so far.
  bool whole() const { return whole_; }
  /// Whether everything was there, and nothing else.
  bool complete() const { return whole_ && bytes_.empty(); }

 private:
  events::ByteView take(std::uint64_t size) {
    if (size > bytes_.size()) {
      whole_ = false;
      return {};
    }
    const auto part = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return part;
  }
  events::ByteView bytes_;
  bool whole_ = true;
};

}  // namespace

std::uint64_t number_at_end(events::ByteView key) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : key.last(std::min<std::size_t>(key.size(), 8))) value = value << 8 | byte;
  return value;
}

bool starts_with(events::ByteView key, events::ByteView prefix) {
  return key.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), key.begin());
}

std::uint64_t SequenceKey::of(events::ByteView key) {
  std::uint64_t value = 0;
  std::memcpy(&value, key.data(), std::min(key.size(), sizeof value));
  return value;
}

events::Bytes NodeState::encode() const {
  return Writer().number(sequence).number(next_message).raw(commit_hash).take();
}
std::optional<NodeState> NodeState::decode(events::ByteView bytes) {
  NodeState value;
  const bool whole =
      Reader(bytes).number(value.sequence).number(value.next_message).hash(value.commit_hash).complete();
  return whole ? std::optional(value) : std::nullopt;
}

events::Bytes StreamHead::encode() const { return Writer().number(version).number(epoch).raw(hash).take(); }
std::optional<StreamHead> StreamHead::decode(events::ByteView bytes) {
  StreamHead value;
  const bool whole = Reader(bytes).number(value.version).number(value.epoch).hash(value.hash).complete();
  return whole ? std::optional(value) : std::nullopt;
}

namespace {

/// As stores of format 1 have it.
events::Bytes long_form(const InboxEntry& entry) {
  return Writer()
      .number(entry.first_sequence)
      .number(entry.last_sequence)
      .number(entry.version)
      .counted(entry.reply)
      .take();
}
std::optional<InboxEntry> from_long_form(events::ByteView bytes) {
  InboxEntry value;
  const bool whole = Reader(bytes)
                         .number(value.first_sequence)
                         .number(value.last_sequence)
                         .number(value.version)
                         .counted(value.reply)
                         .complete();
  return whole ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace

// There is one for each command: a third of what an append leaves in the file, were it in the long form.
events::Bytes InboxEntry::encode() const {
  if (last_sequence < first_sequence) return long_form(*this);
  auto bytes =
      Writer().small(first_sequence).small(last_sequence - first_sequence).small(version).raw(reply).take();
  return from_long_form(bytes) ? long_form(*this) : bytes;  // what reads as the long form is in the long form
}
std::optional<InboxEntry> InboxEntry::decode(events::ByteView bytes) {
  if (auto entry = from_long_form(bytes)) return entry;
  InboxEntry value;
  std::uint64_t more = 0;
  const bool whole =
      Reader(bytes).small(value.first_sequence).small(more).small(value.version).rest(value.reply).complete();
  if (!whole || value.first_sequence + more < more) return std::nullopt;
  value.last_sequence = value.first_sequence + more;
  return value;
}

events::Bytes Checkpoint::encode() const {
  Writer writer;
  writer.number(sequence).counted(schema).number(generation).number(building ? 1 : 0);
  if (building) writer.number(building->sequence).counted(building->schema).number(building->generation);
  writer.number(leaving.size());
  for (const auto one : leaving) writer.number(one);
  return writer.take();
}
std::optional<Checkpoint> Checkpoint::decode(events::ByteView bytes) {
  Checkpoint value;
  Reader reader(bytes);
  if (reader.number(value.sequence).counted(value.schema).complete())
    return value;  // older programs end here
  std::uint64_t built = 0, count = 0;
  reader.number(value.generation).number(built);
  if (built) {
    auto& building = value.building.emplace(Checkpoint::Building{});
    reader.number(building.sequence).counted(building.schema).number(building.generation);
  }
  reader.number(count);
  for (; count > 0 && !reader.complete(); --count) reader.number(value.leaving.emplace_back());
  return count == 0 && reader.complete() ? std::optional(std::move(value)) : std::nullopt;
}

events::Bytes StoredSnapshot::encode() const {
  return Writer().number(version).counted(schema).counted(bytes).take();
}
std::optional<StoredSnapshot> StoredSnapshot::decode(events::ByteView stored) {
  StoredSnapshot value;
  const bool whole =
      Reader(stored).number(value.version).counted(value.schema).counted(value.bytes).complete();
  return whole ? std::optional(std::move(value)) : std::nullopt;
}

events::Bytes KeptParts::encode() const {
  Writer writer;
  writer.number(move).counted(source).number(epoch).number(part).number(version).number(whole ? 1 : 0);
  writer.number(static_cast<std::uint64_t>(time)).number(messages.size());
  for (const auto& kept : messages) writer.number(kept.id).counted(kept.message);
  return writer.take();
}
std::optional<KeptParts> KeptParts::decode(events::ByteView stored) {
  KeptParts value;
  std::uint64_t last = 0, at = 0, count = 0;
  Reader reader(stored);
  reader.number(value.move).counted(value.source).number(value.epoch).number(value.part);
  reader.number(value.version).number(last).number(at).number(count);
  value.whole = last != 0;
  value.time = static_cast<std::int64_t>(at);
  for (; count > 0 && !reader.complete(); --count) {
    auto& kept = value.messages.emplace_back();
    if (!reader.number(kept.id).counted(kept.message).whole()) return std::nullopt;
  }
  return count == 0 && reader.complete() ? std::optional(std::move(value)) : std::nullopt;
}

events::Bytes encode_number(std::uint64_t value) { return Writer().number(value).take(); }
std::optional<std::uint64_t> decode_number(events::ByteView bytes) {
  std::uint64_t value = 0;
  return Reader(bytes).number(value).complete() ? std::optional(value) : std::nullopt;
}

}  // namespace automodel::storage
