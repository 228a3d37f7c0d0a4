// Whether a record is to the bit what encode_envelope writes, without writing it again: every byte is a field
// where the builder puts it, an offset or a length of the value that it has there, or padding of zeros.
#include <algorithm>

#include "events/envelope_view.hpp"

namespace automodel::events {

namespace {

using flatbuffers::ReadScalar;
using flatbuffers::voffset_t;

/// Follows FlatBufferBuilder's steps in their order: it writes from the end to the beginning, and counts
/// positions from the end.
class WrittenForm {
 public:
  WrittenForm(const EnvelopeView& view, ByteView bytes)
      : view_(view), end_(bytes.data() + bytes.size()), size_(bytes.size()) {}

  bool matches() {
    if (view_.payload.empty()) return false;
    pad(8, view_.payload.size());
    const std::size_t payload = content(view_.payload.data(), view_.payload.size());
    const std::size_t stream = string(view_.stream);
    const std::size_t correlation = optional(view_.correlation);
    const std::size_t causation = optional(view_.causation);
    const std::size_t origin = optional(view_.origin_node);
    return same_ && table(payload, stream, correlation, causation, origin);
  }

 private:
  using E = Envelope;
  static constexpr std::size_t list_bytes = E::VT_COMMIT_HASH + 2;

  bool table(std::size_t payload, std::size_t stream, std::size_t correlation, std::size_t causation,
             std::size_t origin) {
    const std::size_t start = used_;
    number(E::VT_ORIGIN_SEQUENCE, view_.origin_sequence);
    number(E::VT_EPOCH, view_.epoch);
    number(E::VT_TIME, view_.time);
    number(E::VT_VERSION, view_.version);
    number(E::VT_SEQUENCE, view_.sequence);
    for (const auto field : {E::VT_COMMIT_HASH, E::VT_HASH, E::VT_PREVIOUS_HASH})
      place(field, sizeof(Hash256));
    offset(E::VT_PAYLOAD, payload);
    offset(E::VT_ORIGIN_NODE, origin);
    offset(E::VT_CAUSATION, causation);
    offset(E::VT_CORRELATION, correlation);
    offset(E::VT_STREAM, stream);
    number(E::VT_KIND, view_.kind);
    pad(4, 0);
    take(4);
    const std::size_t table = used_;
    if (!same_ || read<std::int32_t>() != static_cast<std::int32_t>(list_bytes)) return false;
    take(list_bytes);
    if (!same_ || !list_matches(table, table - start)) return false;
    pad(8, 4);
    take(4);
    return same_ && read<std::uint32_t>() == used_ - table && used_ == size_;
  }

  bool list_matches(std::size_t table, std::size_t table_bytes) const {
    const std::uint8_t* list = end_ - used_;
    if (ReadScalar<voffset_t>(list) != list_bytes || ReadScalar<voffset_t>(list + 2) != table_bytes)
      return false;
    for (std::size_t field = 4; field < list_bytes; field += 2)
      if (ReadScalar<voffset_t>(list + field) != (places_[field / 2] == 0 ? 0 : table - places_[field / 2]))
        return false;
    return true;
  }

  /// Fields with their default are left out. What lies at the place is what the view has read from there.
  template <class Number>
  void number(voffset_t field, Number value) {
    if (value == 0) return;
    pad(sizeof(Number), 0);
    place(field, sizeof(Number));
  }
  void place(voffset_t field, std::size_t bytes) {
    take(bytes);
    places_[field / 2] = used_;
  }
  void offset(voffset_t field, std::size_t target) {
    if (target == 0) return;
    pad(4, 0);
    place(field, 4);
    same_ = same_ && read<std::uint32_t>() == used_ - target;
  }

  std::size_t optional(std::string_view text) { return text.empty() ? 0 : string(text); }
  std::size_t string(std::string_view text) {
    pad(4, text.size() + 1);
    zeros(1);
    return content(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::size_t content(const std::uint8_t* data, std::size_t size) {
    take(size);
    same_ = same_ && data == end_ - used_;
    take(4);
    same_ = same_ && read<std::uint32_t>() == size;
    return used_;
  }

  void pad(std::size_t alignment, std::size_t before) { zeros((~(used_ + before) + 1) & (alignment - 1)); }
  void zeros(std::size_t count) {
    take(count);
    same_ =
        same_ && std::all_of(end_ - used_, end_ - used_ + count, [](std::uint8_t byte) { return byte == 0; });
  }
  void take(std::size_t bytes) {
    if (bytes > size_ - used_) {
      same_ = false;
      used_ = size_;
    } else {
      used_ += bytes;
    }
  }
  template <class Number>
  Number read() const {
    return ReadScalar<Number>(end_ - used_);
  }

  const EnvelopeView& view_;
  const std::uint8_t* end_;
  std::size_t size_;
  std::size_t used_ = 0;
  bool same_ = true;
  std::array<std::size_t, list_bytes / 2> places_{};
};

}  // namespace

bool is_as_written(const EnvelopeView& view, ByteView bytes) { return WrittenForm(view, bytes).matches(); }

}  // namespace automodel::events
