// A record's fields where they lie: nothing is copied, nothing is allocated, the payload is not looked at.
#pragma once

#include "events/codec.hpp"

namespace automodel::events {

inline constexpr Hash256 no_hash{};

/// Valid while the bytes that it was read from (or the value that it was made of) are.
struct EnvelopeView {
  std::uint64_t sequence = 0;
  std::string_view stream;
  std::uint64_t version = 0;
  std::int64_t time = 0;  // UTC, ns
  std::string_view correlation;
  std::string_view causation;
  std::uint64_t epoch = 0;
  std::string_view origin_node;
  std::uint64_t origin_sequence = 0;
  std::uint16_t kind =
      0;             // as stored: EventBody's number and the version of that kind (events/evolution.hpp)
  ByteView payload;  // the packed Event
  const Hash256* previous_hash = &no_hash;
  const Hash256* hash = &no_hash;
  const Hash256* commit_hash = &no_hash;

  EventBody body() const { return static_cast<EventBody>(kind & 0xff); }
};

/// Reads records, one after the other. As strict as flatbuffers::Verifier (it accepts and refuses the same
/// bytes), but many times faster: records of one writer mostly have the same list of fields, and what was
/// found out about that list needs to be found out only once.
class EnvelopeReader {
 public:
  /// Whether `bytes` are a record, and its fields. Where it is false, `view` has no meaning. `bytes` must
  /// start at a multiple of 8: false otherwise. Says nothing of the payload, and nothing of the hashes.
  bool read(ByteView bytes, EnvelopeView& view) noexcept;

 private:
  static constexpr std::size_t list_bytes = 32;  // of a list that names all fields
  bool read_as_before(ByteView bytes, EnvelopeView& view) const noexcept;
  void remember(ByteView bytes) noexcept;

  std::array<std::uint8_t, list_bytes> list_{};  // of the record before
  std::size_t reach_ = 0;                        // from the table's start to the end of its last field
  std::size_t remainder_ =
      8;  // of the table's position divided by 8, so that its fields are aligned; 8: none
};

/// One record. For many, keep an EnvelopeReader.
inline bool read_envelope(ByteView bytes, EnvelopeView& view) noexcept {
  return EnvelopeReader().read(bytes, view);
}

/// The hash that a record with these fields must carry.
Hash256 content_hash(const EnvelopeView& view);
/// Whether the payload is an Event of the record's kind: what `decode` would accept, without unpacking it.
bool payload_is_whole(const EnvelopeView& view);
/// Whether `bytes`, from which `view` was read, are to the bit what `encode_envelope` writes for these
/// fields. An empty payload is none of an event: false.
bool is_as_written(const EnvelopeView& view, ByteView bytes);

/// Unpacks the payload. Errors: events.malformed.
Result<Recorded> decode(const EnvelopeView& view);

}  // namespace automodel::events
