#include "events/envelope_view.hpp"

#include <algorithm>
#include <cstring>

namespace automodel::events {

namespace {

using flatbuffers::ReadScalar;
using flatbuffers::voffset_t;

/// Walks one record. Each check is one of flatbuffers::Verifier's, in the terms of positions from the start;
/// tests/events/envelope_view.cpp holds the two against each other.
class Walk {
 public:
  explicit Walk(ByteView bytes) : bytes_(bytes.data()), size_(bytes.size()) {}

  /// Finds the table and its list of fields.
  bool start() {
    if (!offset_at(0, table_) || table_ % 4 != 0 || !holds(table_, 4)) return false;
    const std::size_t fields =
        table_ - static_cast<std::size_t>(ReadScalar<flatbuffers::soffset_t>(bytes_ + table_));
    if (fields % 2 != 0 || !holds(fields, 2)) return false;
    fields_ = bytes_ + fields;
    fields_size_ = ReadScalar<voffset_t>(fields_);
    return fields_size_ % 2 == 0 && holds(fields, fields_size_);
  }

  template <class Number>
  bool number(voffset_t field, Number& value) const {
    const std::size_t place = place_of(field);
    if (place == 0) return true;
    const std::size_t at = table_ + place;
    if (at % sizeof(Number) != 0 || !holds(at, sizeof(Number))) return false;
    value = ReadScalar<Number>(bytes_ + at);
    return true;
  }

  bool hash(voffset_t field, const Hash256*& value) const {
    const std::size_t place = place_of(field);
    if (place == 0) return true;
    const std::size_t at = table_ + place;
    if (!holds(at, sizeof(Hash256))) return false;
    value = reinterpret_cast<const Hash256*>(bytes_ + at);
    return true;
  }

  /// `text` stays empty where the field is absent; then `present` is false.
  bool string(voffset_t field, std::string_view& text, bool& present) const {
    ByteView content;
    if (!vector(field, content, present)) return false;
    if (!present) return true;
    const std::size_t end = static_cast<std::size_t>(content.data() - bytes_) + content.size();
    if (!holds(end, 1) || bytes_[end] != 0) return false;
    text = {reinterpret_cast<const char*>(content.data()), content.size()};
    return true;
  }

  bool vector(voffset_t field, ByteView& content, bool& present) const {
    const std::size_t place = place_of(field);
    present = place != 0;
    if (!present) return true;
    std::size_t at = 0;
    if (!offset_at(table_ + place, at) || at % 4 != 0 || !holds(at, 4)) return false;
    const std::size_t size = ReadScalar<flatbuffers::uoffset_t>(bytes_ + at);
    if (size >= FLATBUFFERS_MAX_BUFFER_SIZE || !holds(at, 4 + size)) return false;
    content = {bytes_ + at + 4, size};
    return true;
  }

 private:
  /// A record that is all of its bytes would have no root: hence less, not less or equal.
  bool holds(std::size_t at, std::size_t length) const { return length < size_ && at <= size_ - length; }

  std::size_t place_of(voffset_t field) const {
    return field < fields_size_ ? ReadScalar<voffset_t>(fields_ + field) : 0;
  }

  bool offset_at(std::size_t at, std::size_t& target) const {
    if (at % 4 != 0 || !holds(at, 4)) return false;
    const auto offset = ReadScalar<flatbuffers::uoffset_t>(bytes_ + at);
    if (offset == 0 || static_cast<flatbuffers::soffset_t>(offset) < 0 || !holds(at + offset, 1))
      return false;
    target = at + offset;
    return true;
  }

  const std::uint8_t* bytes_;
  std::size_t size_;
  std::size_t table_ = 0;
  const std::uint8_t* fields_ = nullptr;
  std::size_t fields_size_ = 0;
};

bool read_any(ByteView bytes, EnvelopeView& view) noexcept {
  using E = Envelope;
  view = EnvelopeView{};
  Walk walk(bytes);
  bool has_stream = false, has_payload = false, ignored = false;
  return walk.start() && walk.number(E::VT_SEQUENCE, view.sequence) &&
         walk.string(E::VT_STREAM, view.stream, has_stream) && has_stream &&
         walk.number(E::VT_VERSION, view.version) && walk.number(E::VT_TIME, view.time) &&
         walk.string(E::VT_CORRELATION, view.correlation, ignored) &&
         walk.string(E::VT_CAUSATION, view.causation, ignored) && walk.number(E::VT_EPOCH, view.epoch) &&
         walk.string(E::VT_ORIGIN_NODE, view.origin_node, ignored) &&
         walk.number(E::VT_ORIGIN_SEQUENCE, view.origin_sequence) && walk.number(E::VT_KIND, view.kind) &&
         walk.vector(E::VT_PAYLOAD, view.payload, has_payload) && has_payload &&
         walk.hash(E::VT_PREVIOUS_HASH, view.previous_hash) && walk.hash(E::VT_HASH, view.hash) &&
         walk.hash(E::VT_COMMIT_HASH, view.commit_hash);
}

/// As std::memcmp, but here in the middle of everything it is not worth a call.
bool same_list(const std::uint8_t* one, const std::uint8_t* other) {
  std::uint64_t differing = 0;
  for (std::size_t at = 0; at < 32; at += 8) {
    std::uint64_t left = 0, right = 0;
    std::memcpy(&left, one + at, 8);
    std::memcpy(&right, other + at, 8);
    differing |= left ^ right;
  }
  return differing == 0;
}

/// Fields of a table whose list was found good: in bounds, and aligned.
class KnownTable {
 public:
  KnownTable(ByteView bytes, const std::uint8_t* table, const std::uint8_t* list)
      : bytes_(bytes), table_(table), list_(list) {}

  template <class Number>
  Number number(voffset_t field) const {
    const auto place = ReadScalar<voffset_t>(list_ + field);
    return place == 0 ? Number{0} : ReadScalar<Number>(table_ + place);
  }
  const Hash256* hash(voffset_t field) const {
    const auto place = ReadScalar<voffset_t>(list_ + field);
    return place == 0 ? &no_hash : reinterpret_cast<const Hash256*>(table_ + place);
  }
  /// What a field leads to is this record's own, and not known. `after`: bytes that must follow.
  bool content(voffset_t field, std::size_t after, ByteView& content) const {
    const auto place = ReadScalar<voffset_t>(list_ + field);
    content = {};
    if (place == 0) return true;
    const auto offset = ReadScalar<flatbuffers::uoffset_t>(table_ + place);
    const std::size_t at = static_cast<std::size_t>(table_ - bytes_.data()) + place + offset;
    if (offset == 0 || at % 4 != 0 || at + 4 > bytes_.size()) return false;
    const std::size_t size = ReadScalar<flatbuffers::uoffset_t>(bytes_.data() + at);
    if (size + after > bytes_.size() - at - 4) return false;
    content = {bytes_.data() + at + 4, size};
    return true;
  }
  bool text(voffset_t field, std::string_view& text) const {
    ByteView found;
    if (!content(field, 1, found)) return false;
    text = {reinterpret_cast<const char*>(found.data()), found.size()};
    return found.data() == nullptr || found.data()[found.size()] == 0;
  }

 private:
  ByteView bytes_;
  const std::uint8_t* table_;
  const std::uint8_t* list_;
};

}  // namespace

bool EnvelopeReader::read(ByteView bytes, EnvelopeView& view) noexcept {
  if (bytes.size() < 8 || bytes.size() > max_message_bytes) return false;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0) return false;
  if (read_as_before(bytes, view)) return true;
  if (!read_any(bytes, view)) return false;
  remember(bytes);
  return true;
}

bool EnvelopeReader::read_as_before(ByteView bytes, EnvelopeView& view) const noexcept {
  using E = Envelope;
  const std::size_t size = bytes.size();
  if (remainder_ == 8) return false;
  const std::size_t table = ReadScalar<flatbuffers::uoffset_t>(bytes.data());
  if (table % 8 != remainder_ || table == 0 || table + reach_ > size || reach_ >= size) return false;
  const std::size_t list =
      table - static_cast<std::size_t>(ReadScalar<flatbuffers::soffset_t>(bytes.data() + table));
  if (list % 2 != 0 || list > size || size - list < list_bytes || size <= list_bytes ||
      !same_list(bytes.data() + list, list_.data()))
    return false;
  const KnownTable known(bytes, bytes.data() + table, bytes.data() + list);
  view.sequence = known.number<std::uint64_t>(E::VT_SEQUENCE);
  view.version = known.number<std::uint64_t>(E::VT_VERSION);
  view.time = known.number<std::int64_t>(E::VT_TIME);
  view.epoch = known.number<std::uint64_t>(E::VT_EPOCH);
  view.origin_sequence = known.number<std::uint64_t>(E::VT_ORIGIN_SEQUENCE);
  view.kind = known.number<std::uint16_t>(E::VT_KIND);
  view.previous_hash = known.hash(E::VT_PREVIOUS_HASH);
  view.hash = known.hash(E::VT_HASH);
  view.commit_hash = known.hash(E::VT_COMMIT_HASH);
  return known.text(E::VT_STREAM, view.stream) && known.text(E::VT_CORRELATION, view.correlation) &&
         known.text(E::VT_CAUSATION, view.causation) && known.text(E::VT_ORIGIN_NODE, view.origin_node) &&
         known.content(E::VT_PAYLOAD, 0, view.payload);
}

/// `bytes` were read: what holds for them holds for every record with this list at such a position.
void EnvelopeReader::remember(ByteView bytes) noexcept {
  using E = Envelope;
  static constexpr std::size_t widths[] = {8, 4, 8, 8, 4, 4, 8, 4, 8, 2, 4, 32, 32, 32};  // in schema order
  static_assert(4 + 2 * std::size(widths) == list_bytes && E::VT_COMMIT_HASH + 2 == list_bytes);
  const std::size_t table = ReadScalar<flatbuffers::uoffset_t>(bytes.data());
  const std::uint8_t* list =
      bytes.data() + table -
      static_cast<std::size_t>(ReadScalar<flatbuffers::soffset_t>(bytes.data() + table));
  remainder_ = 8;
  if (ReadScalar<voffset_t>(list) != list_bytes) return;
  reach_ = 4;
  for (std::size_t i = 0; i < std::size(widths); ++i)
    if (const auto place = ReadScalar<voffset_t>(list + 4 + 2 * i); place != 0)
      reach_ = std::max(reach_, place + widths[i]);
  std::memcpy(list_.data(), list, list_bytes);
  remainder_ = table % 8;
}

}  // namespace automodel::events
