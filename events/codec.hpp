// Bytes to values and back, for everything in events/schema. Pure: no disk, no clock, no actors.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "events/generated.hpp"

namespace automodel::events {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Hash256 = std::array<std::uint8_t, 32>;

/// The largest record or message that is read; larger input is refused before it is looked at.
inline constexpr std::size_t max_message_bytes = 64u << 20;

/// Packs any object type of the schemas. The result is deterministic: the same value gives the same bytes.
/// Those of a value that lacks a part which its schema requires, or has a union of a kind without its value,
/// can't be read by anybody: see `pack_whole`.
template <class T>
Bytes pack(const T& value) {
  flatbuffers::FlatBufferBuilder builder(256);
  builder.Finish(T::TableType::Pack(builder, &value));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

namespace detail {
/// The same bytes at an address that FlatBuffers may read from; `scratch` holds them where a copy is needed.
ByteView aligned(ByteView bytes, Bytes& scratch);
/// Whether every union in a verified table is of a known kind and has its value.
bool unions_are_whole(const std::uint8_t* table, const flatbuffers::TypeTable* type);
/// A verified table as JSON.
std::string json_of(const std::uint8_t* table, const flatbuffers::TypeTable* type);
/// Of bytes that the verifier refuses: what they lack, where it is a part, or else that they are no `name`.
Error refused(ByteView bytes, const flatbuffers::TypeTable* root, const char* name);
/// Whether packed bytes can be read: `events.incomplete` names the part that the packed value lacked.
Result<void> check_whole(const Bytes& packed, bool verified, const flatbuffers::TypeTable* root,
                         const char* name);
}  // namespace detail

/// Packs what others are to read: refuses a value that lacks a part which its schema requires, or has a union
/// of a kind without its value. Errors: events.incomplete, with the part ("WorkAssigned.work.proposal").
template <class T>
Result<Bytes> pack_whole(const T& value) {
  using Table = typename T::TableType;
  Bytes bytes = pack(value);
  const bool verified =
      flatbuffers::Verifier(bytes.data(), bytes.size(), 64, 1'000'000).VerifyBuffer<Table>(nullptr);
  if (auto whole =
          detail::check_whole(bytes, verified, Table::MiniReflectTypeTable(), Table::GetFullyQualifiedName());
      !whole)
    return fail(whole.error());
  return bytes;
}

/// Verifies and unpacks. Garbage, truncation, a part that is missing though its schema requires it, or a
/// union of an unknown kind or without its value gives `events.malformed`, never undefined behaviour.
/// Sub-tables that the schema does not require may still be absent.
template <class T>
Result<T> unpack(ByteView unaligned) {
  using Table = typename T::TableType;
  if (unaligned.size() < 8 || unaligned.size() > max_message_bytes)
    return fail("events.malformed", "a message of " + std::to_string(unaligned.size()) + " bytes");
  Bytes scratch;
  const ByteView bytes = detail::aligned(unaligned, scratch);
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 64, 1'000'000);
  if (!verifier.VerifyBuffer<Table>(nullptr))
    return fail(detail::refused(bytes, Table::MiniReflectTypeTable(), Table::GetFullyQualifiedName()));
  const auto* root = flatbuffers::GetRoot<Table>(bytes.data());
  if (!detail::unions_are_whole(reinterpret_cast<const std::uint8_t*>(root), Table::MiniReflectTypeTable()))
    return fail("events.malformed",
                std::string("a kind in ") + Table::GetFullyQualifiedName() + " is unknown or empty", {},
                "it may come from a newer version of the program");
  T value;
  root->UnPackTo(&value);
  return value;
}

/// An event with its envelope, as the deciders and projections see it.
struct Recorded {
  std::uint64_t sequence = 0;  // 0 until committed
  std::string stream;
  std::uint64_t version = 0;
  std::int64_t time = 0;  // UTC, ns
  std::string correlation;
  std::string causation;
  std::uint64_t epoch = 0;
  std::string origin_node;
  std::uint64_t origin_sequence = 0;
  Hash256 previous_hash{};
  Hash256 hash{};
  Hash256 commit_hash{};
  EventT event;  // event.body holds one of the union's object types
};

/// "autotrain/main#17": how people and `causation` name an event.
std::string reference(std::string_view stream, std::uint64_t version);
Result<EventRefT> parse_reference(std::string_view text);

/// The event's kind as written in the schema: "TrialFinished". Unknown numbers give "kind-<n>".
std::string_view kind_name(EventBody kind);
Result<EventBody> kind_from_name(std::string_view name);

/// BLAKE2b-256 over every field of the envelope but `sequence`, and over the payload, each length-prefixed.
/// `payload` is the packed Event, exactly as stored. docs/storage.md has a worked example.
Hash256 event_hash(const Recorded& head, ByteView payload);
/// BLAKE2b-256 over the previous commit hash, the sequence (little endian) and the event's hash.
Hash256 commit_hash(const Hash256& previous, std::uint64_t sequence, const Hash256& hash);

/// The record as stored. `payload` must be the packed `head.event`.
Bytes encode_envelope(const Recorded& head, ByteView payload);
/// Verifies envelope and payload, then unpacks both.
Result<Recorded> decode_envelope(ByteView bytes);

/// A view of a record without unpacking its payload; valid while `bytes` are. They must start at an address
/// that is a multiple of 8 (as vectors do; `events.misaligned` otherwise).
Result<const Envelope*> view_envelope(ByteView bytes);

/// The event in a record's payload, where it lies: valid while `payload` is. As strict as `unpack`, and needs
/// the alignment that `view_envelope` needs. Errors: events.malformed, events.misaligned.
Result<const Event*> view_event(ByteView payload);

/// Checks that a record's content has the hash that it carries. Errors: events.corrupt.
Result<void> verify_content(const Envelope& record);

/// Checks both hashes of one record against the hashes before it. Errors: events.corrupt.
Result<void> verify_chain(const Envelope& record, const Hash256& previous_in_stream,
                          const Hash256& previous_commit);

/// For bytes that nobody vouches for: decodes, checks both hashes, and that the bytes are exactly those which
/// `encode_envelope` writes, so that no bit of a record can change unseen. Errors: events.malformed,
/// events.corrupt.
Result<Recorded> decode_verified(ByteView bytes, const Hash256& previous_in_stream,
                                 const Hash256& previous_commit);

std::string hex(ByteView bytes);
Result<Hash256> hash_from_hex(std::string_view text);
/// BLAKE2b-256 of bytes.
Hash256 blake2b(ByteView bytes);

/// Any object type as JSON in one line: field names as in the schema, enums by name, absent fields left out.
/// Numbers that JSON has no word for (NaN, infinities) are null; bytes that are no UTF-8 become U+FFFD.
template <class T>
std::string to_json(const T& value) {
  const Bytes bytes = pack(value);
  const auto* root = flatbuffers::GetRoot<typename T::TableType>(bytes.data());
  return detail::json_of(reinterpret_cast<const std::uint8_t*>(root), T::TableType::MiniReflectTypeTable());
}
/// The whole record: envelope fields, `kind`, hashes in hex, and `body`.
std::string to_json(const Recorded& recorded);

}  // namespace automodel::events
