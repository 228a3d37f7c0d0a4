#include "events/envelope.hpp"

#include <algorithm>

#include "events/evolution.hpp"

namespace automodel::events {

namespace {

std::string_view text_of(const flatbuffers::String* text) {
  return text ? text->string_view() : std::string_view();
}

Hash256 array_of(const Hash* hash) {
  Hash256 bytes{};
  if (hash) std::copy_n(hash->bytes()->data(), bytes.size(), bytes.begin());
  return bytes;
}

Hash struct_of(const Hash256& bytes) { return Hash(flatbuffers::span<const std::uint8_t, 32>(bytes)); }

}  // namespace

EnvelopeFields fields_of(const Recorded& head, ByteView payload) {
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
          head.previous_hash,
          head.hash,
          head.commit_hash};
}

EnvelopeFields fields_of(const Envelope& record) {
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

namespace {

Bytes encode(const EnvelopeFields& fields) {
  flatbuffers::FlatBufferBuilder builder(fields.payload.size() + 512);
  // The payload is itself a FlatBuffer: aligned as one, it can be read where it lies.
  builder.ForceVectorAlignment(fields.payload.size(), 1, 8);
  const auto nested = builder.CreateVector(fields.payload.data(), fields.payload.size());
  const auto optional = [&](std::string_view text) {
    return text.empty() ? flatbuffers::Offset<flatbuffers::String>() : builder.CreateString(text);
  };
  const auto stream = builder.CreateString(fields.stream);
  const auto correlation = optional(fields.correlation);
  const auto causation = optional(fields.causation);
  const auto origin = optional(fields.origin_node);
  const Hash previous = struct_of(fields.previous_hash), hash = struct_of(fields.hash),
             commit = struct_of(fields.commit_hash);
  builder.Finish(CreateEnvelope(builder, fields.sequence, stream, fields.version, fields.time, correlation,
                                causation, fields.epoch, origin, fields.origin_sequence, fields.kind, nested,
                                &previous, &hash, &commit));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

}  // namespace

Bytes encode_envelope(const Recorded& head, ByteView payload) { return encode(fields_of(head, payload)); }

Bytes encode_envelope_as(std::uint16_t stored_kind, const Recorded& head, ByteView payload) {
  EnvelopeFields fields = fields_of(head, payload);
  fields.kind = stored_kind;
  return encode(fields);
}

Result<const Envelope*> view_envelope(ByteView bytes) {
  if (bytes.size() < 8 || bytes.size() > max_message_bytes)
    return fail("events.malformed", "a record of " + std::to_string(bytes.size()) + " bytes");
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0)
    return fail("events.misaligned", "the record does not start at a multiple of eight bytes");
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 64, 1'000'000);
  if (!verifier.VerifyBuffer<Envelope>(nullptr)) return fail("events.malformed", "not a valid record");
  return flatbuffers::GetRoot<Envelope>(bytes.data());
}

Result<Recorded> decode_envelope(ByteView bytes) {
  Bytes scratch;
  const auto record = view_envelope(detail::aligned(bytes, scratch));
  if (!record) return fail(record.error());
  const EnvelopeFields fields = fields_of(**record);
  const std::string where = reference(fields.stream, fields.version);
  const auto located = [&](Error error) {
    error.where = where;
    return fail(std::move(error));
  };
  if (auto known = check_kind(fields.kind); !known) return located(known.error());
  auto event = unpack<EventT>(fields.payload);
  if (!event) return located(event.error());
  if (event->body.type == EventBody::NONE || event->body.type != kind_of(fields.kind))
    return fail("events.malformed", "the record's kind is not its payload's", where);
  upcasters().lift(*event, version_of(fields.kind));
  Recorded recorded;
  recorded.sequence = fields.sequence;
  recorded.stream = fields.stream;
  recorded.version = fields.version;
  recorded.time = fields.time;
  recorded.correlation = fields.correlation;
  recorded.causation = fields.causation;
  recorded.epoch = fields.epoch;
  recorded.origin_node = fields.origin_node;
  recorded.origin_sequence = fields.origin_sequence;
  recorded.previous_hash = fields.previous_hash;
  recorded.hash = fields.hash;
  recorded.commit_hash = fields.commit_hash;
  recorded.event = std::move(*event);
  return recorded;
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
  const Bytes canonical = encode(fields_of(record));
  if (!std::equal(bytes.begin(), bytes.end(), canonical.begin(), canonical.end()))
    return fail("events.corrupt", "the record's bytes are not as they were written",
                reference(recorded->stream, recorded->version));
  return recorded;
}

}  // namespace automodel::events
