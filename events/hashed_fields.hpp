// What is hashed of a record, in one place: docs/storage.md, "Hashes". Private to events/.
#pragma once

#include "events/envelope_view.hpp"

namespace automodel::events {

/// `Sink::raw(ByteView)` takes what comes next.
template <class Sink>
void write_number(Sink& sink, std::uint64_t value, std::size_t width = 8) {
  const std::uint64_t little = flatbuffers::EndianScalar(value);
  sink.raw(ByteView(reinterpret_cast<const std::uint8_t*>(&little), width));
}

/// A field: its length as eight bytes, little endian, then its bytes.
template <class Sink>
void write_field(Sink& sink, ByteView bytes) {
  write_number(sink, bytes.size());
  sink.raw(bytes);
}
template <class Sink>
void write_field(Sink& sink, std::string_view text) {
  write_field(sink, ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}
template <class Sink>
void write_field(Sink& sink, std::uint64_t value, std::size_t width = 8) {
  write_number(sink, width);
  write_number(sink, value, width);
}

template <class Sink>
void write_content(Sink& sink, const EnvelopeView& fields) {
  write_field(sink, fields.stream);
  write_field(sink, fields.version);
  write_field(sink, static_cast<std::uint64_t>(fields.time));
  write_field(sink, fields.correlation);
  write_field(sink, fields.causation);
  write_field(sink, fields.epoch);
  write_field(sink, fields.origin_node);
  write_field(sink, fields.origin_sequence);
  write_field(sink, fields.kind, 2);
  write_field(sink, fields.payload);
  write_field(sink, ByteView(*fields.previous_hash));
}

template <class Sink>
void write_commit(Sink& sink, const Hash256& previous, std::uint64_t sequence, const Hash256& hash) {
  sink.raw(previous);
  write_number(sink, sequence);
  sink.raw(hash);
}

}  // namespace automodel::events
