#include "events/envelope.hpp"

#include <algorithm>

#include "events/evolution.hpp"

namespace automodel::events {

namespace {

std::string_view text_of(const flatbuffers::String* text) {
  return text ? text->string_view() : std::string_view();
}

const Hash256* array_of(const Hash* hash) {
  return hash ? reinterpret_cast<const Hash256*>(hash->bytes()->data()) : &no_hash;
}

Hash struct_of(const Hash256& bytes) { return Hash(flatbuffers::span<const std::uint8_t, 32>(bytes)); }

Bytes encode(const EnvelopeView& record) {
  flatbuffers::FlatBufferBuilder builder(record.payload.size() + 512);
  // The payload is itself a FlatBuffer: aligned as one, it can be read where it lies.
  builder.ForceVectorAlignment(record.payload.size(), 1, 8);
  const auto nested = builder.CreateVector(record.payload.data(), record.payload.size());
  const auto text = [&](std::string_view content) {
    return builder.CreateString(content.data(), content.size());
  };
  const auto optional = [&](std::string_view content) {
    return content.empty() ? flatbuffers::Offset<flatbuffers::String>() : text(content);
  };
  const auto stream = text(record.stream);
  const auto correlation = optional(record.correlation);
  const auto causation = optional(record.causation);
  const auto origin = optional(record.origin_node);
  const Hash previous = struct_of(*record.previous_hash), hash = struct_of(*record.hash),
             commit = struct_of(*record.commit_hash);
  builder.Finish(CreateEnvelope(builder, record.sequence, stream, record.version, record.time, correlation,
                                causation, record.epoch, origin, record.origin_sequence, record.kind, nested,
                                &previous, &hash, &commit));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

}  // namespace

EnvelopeView view_of(const Recorded& head, ByteView payload) {
  return {head.sequence,
          head.stream,
          head.version,
          head.time,
          head.correlation,
          head.causation,
          head.epoch,
          head.origin_node,
          head.origin_sequence,
          stored_kind(head.event.body.type),
          payload,
          &head.previous_hash,
          &head.hash,
          &head.commit_hash};
}

EnvelopeView view_of(const Envelope& record) {
  return {record.sequence(),
          text_of(record.stream()),
          record.version(),
          record.time(),
          text_of(record.correlation()),
          text_of(record.causation()),
          record.epoch(),
          text_of(record.origin_node()),
          record.origin_sequence(),
          record.kind(),
          ByteView(record.payload()->data(), record.payload()->size()),
          array_of(record.previous_hash()),
          array_of(record.hash()),
          array_of(record.commit_hash())};
}

Bytes encode_envelope(const Recorded& head, ByteView payload) { return encode(view_of(head, payload)); }

Bytes encode_envelope_as(std::uint16_t stored_kind, const Recorded& head, ByteView payload) {
  EnvelopeView record = view_of(head, payload);
  record.kind = stored_kind;
  return encode(record);
}

Result<const Envelope*> view_envelope(ByteView bytes) {
  if (bytes.size() < 8 || bytes.size() > max_message_bytes)
    return fail("events.malformed", "a record of " + std::to_string(bytes.size()) + " bytes");
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0)
    return fail("events.misaligned", "the record does not start at a multiple of eight bytes");
  EnvelopeView view;
  if (!read_envelope(bytes, view)) return fail("events.malformed", "not a valid record");
  return flatbuffers::GetRoot<Envelope>(bytes.data());
}

bool payload_is_whole(const EnvelopeView& view) {
  if (view.payload.size() < 8 || view.payload.size() > max_message_bytes) return false;
  Bytes scratch;
  const ByteView bytes = detail::aligned(view.payload, scratch);
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 64, 1'000'000);
  if (!verifier.VerifyBuffer<Event>(nullptr)) return false;
  const auto* event = flatbuffers::GetRoot<Event>(bytes.data());
  return event->body_type() != EventBody::NONE && event->body_type() == view.body() &&
         detail::unions_are_whole(reinterpret_cast<const std::uint8_t*>(event), EventTypeTable());
}

Result<Recorded> decode(const EnvelopeView& view) {
  const auto located = [&](Error error) {
    error.where = reference(view.stream, view.version);
    return fail(std::move(error));
  };
  if (auto known = check_kind(view.kind); !known) return located(known.error());
  auto event = unpack<EventT>(view.payload);
  if (!event) return located(event.error());
  if (event->body.type == EventBody::NONE || event->body.type != kind_of(view.kind))
    return located({"events.malformed", "the record's kind is not its payload's", {}, {}});
  upcasters().lift(*event, version_of(view.kind));
  Recorded recorded;
  recorded.sequence = view.sequence;
  recorded.stream = view.stream;
  recorded.version = view.version;
  recorded.time = view.time;
  recorded.correlation = view.correlation;
  recorded.causation = view.causation;
  recorded.epoch = view.epoch;
  recorded.origin_node = view.origin_node;
  recorded.origin_sequence = view.origin_sequence;
  recorded.previous_hash = *view.previous_hash;
  recorded.hash = *view.hash;
  recorded.commit_hash = *view.commit_hash;
  recorded.event = std::move(*event);
  return recorded;
}

Result<Recorded> decode_envelope(ByteView bytes) {
  Bytes scratch;
  const auto record = view_envelope(detail::aligned(bytes, scratch));
  if (!record) return fail(record.error());
  return decode(view_of(**record));
}

Result<Recorded> decode_verified(ByteView unaligned, const Hash256& previous_in_stream,
                                 const Hash256& previous_commit) {
  Bytes scratch;
  const ByteView bytes = detail::aligned(unaligned, scratch);
  auto recorded = decode_envelope(bytes);
  if (!recorded) return recorded;
  const Envelope& record = *flatbuffers::GetRoot<Envelope>(bytes.data());
  if (auto chain = verify_chain(record, previous_in_stream, previous_commit); !chain)
    return fail(chain.error());
  if (!is_as_written(view_of(record), bytes))
    return fail("events.corrupt", "the record's bytes are not as they were written",
                reference(recorded->stream, recorded->version));
  return recorded;
}

}  // namespace automodel::events
