#include "events/codec.hpp"

#include <flatbuffers/minireflect.h>

#include <charconv>
#include <cstring>
#include <set>
#include <unordered_map>

#include "events/parts.hpp"

namespace automodel::events {

namespace detail {

ByteView aligned(ByteView bytes, Bytes& scratch) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 == 0) return bytes;
  scratch.assign(bytes.begin(), bytes.end());
  return scratch;
}

namespace {

bool union_is_whole(std::uint8_t kind, const std::uint8_t* value, const flatbuffers::TypeTable* type) {
  if (kind == 0) return true;
  const auto index = flatbuffers::LookupEnum(kind, type->values, type->num_elems);
  if (index < 0 || index >= static_cast<std::int64_t>(type->num_elems) || value == nullptr) return false;
  const auto code = type->type_codes[index];
  if (code.base_type != flatbuffers::ET_SEQUENCE) return true;
  return unions_are_whole(value + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(value),
                          type->type_refs[code.sequence_ref]());
}

bool tables_are_whole(const std::uint8_t* field, bool repeated, const flatbuffers::TypeTable* type) {
  const auto* target = field + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(field);
  if (!repeated) return unions_are_whole(target, type);
  const auto* offsets =
      reinterpret_cast<const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::Table>>*>(target);
  for (const auto* table : *offsets)
    if (!unions_are_whole(reinterpret_cast<const std::uint8_t*>(table), type)) return false;
  return true;
}

}  // namespace

namespace {

/// A list of numbers of eight bytes. FlatBuffers' verifier looks at where its length lies, not its numbers.
bool is_wide_list(flatbuffers::TypeCode code) {
  return code.is_repeating &&
         (code.base_type == flatbuffers::ET_DOUBLE || code.base_type == flatbuffers::ET_LONG ||
          code.base_type == flatbuffers::ET_ULONG);
}

bool is_wide_list_aligned(const std::uint8_t* field) {
  const auto* length = field + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(field);
  return reinterpret_cast<std::uintptr_t>(length + sizeof(flatbuffers::uoffset_t)) % 8 == 0;
}

/// Whether a table of this type can hold a union or such a list, however deep: most cannot, and need no look
/// at their values.
bool holds_unions(const flatbuffers::TypeTable* type, std::set<const flatbuffers::TypeTable*>& seen) {
  if (type->st == flatbuffers::ST_UNION) return true;
  if (type->st != flatbuffers::ST_TABLE || !seen.insert(type).second) return false;
  for (std::size_t i = 0; i < type->num_elems; ++i) {
    const auto code = type->type_codes[i];
    if (is_wide_list(code)) return true;
    if (code.sequence_ref >= 0 && holds_unions(type->type_refs[code.sequence_ref](), seen)) return true;
  }
  return false;
}

bool holds_unions(const flatbuffers::TypeTable* type) {
  thread_local std::unordered_map<const flatbuffers::TypeTable*, bool> known;
  const auto found = known.find(type);
  if (found != known.end()) return found->second;
  std::set<const flatbuffers::TypeTable*> seen;
  return known.emplace(type, holds_unions(type, seen)).first->second;
}

}  // namespace

bool unions_are_whole(const std::uint8_t* table, const flatbuffers::TypeTable* type) {
  if (!holds_unions(type)) return true;
  const auto* object = reinterpret_cast<const flatbuffers::Table*>(table);
  const std::uint8_t* before = nullptr;
  for (std::size_t i = 0; i < type->num_elems; ++i) {
    const auto code = type->type_codes[i];
    const auto* field =
        object->GetAddressOf(flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(i)));
    if (is_wide_list(code) && field && !is_wide_list_aligned(field)) return false;
    if (code.base_type == flatbuffers::ET_SEQUENCE && code.sequence_ref >= 0) {
      const auto* referred = type->type_refs[code.sequence_ref]();
      if (referred->st == flatbuffers::ST_UNION) {
        if (!union_is_whole(before ? *before : std::uint8_t{0}, field, referred)) return false;
      } else if (referred->st == flatbuffers::ST_TABLE && field) {
        if (!tables_are_whole(field, code.is_repeating != 0, referred)) return false;
      }
    }
    before = field;
  }
  return true;
}

Error refused(ByteView bytes, const flatbuffers::TypeTable* root, const char* name) {
  const std::string missing = missing_part(bytes, root, name);
  if (missing.empty()) return {"events.malformed", std::string("not a valid ") + name, {}, {}};
  return {"events.malformed", "a part is missing: " + missing, {}, "no version of this program writes that"};
}

Result<void> check_whole(const Bytes& packed, bool verified, const flatbuffers::TypeTable* root,
                         const char* name) {
  if (verified &&
      unions_are_whole(packed.data() + flatbuffers::ReadScalar<flatbuffers::uoffset_t>(packed.data()), root))
    return {};
  const std::string missing = missing_part(packed, root, name);
  if (!missing.empty()) return fail("events.incomplete", "a part is missing: " + missing);
  return fail("events.incomplete",
              std::string("no ") + name + ": a kind in it is unknown or empty, or it is too deep");
}

}  // namespace detail

std::string reference(std::string_view stream, std::uint64_t version) {
  std::array<char, 20> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), version).ptr;
  std::string text;
  text.reserve(stream.size() + 1 + static_cast<std::size_t>(end - digits.data()));
  return text.append(stream).append("#").append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

Result<const Event*> view_event(ByteView payload) {
  if (payload.size() < 8 || payload.size() > max_message_bytes)
    return fail("events.malformed", "a message of " + std::to_string(payload.size()) + " bytes");
  if (reinterpret_cast<std::uintptr_t>(payload.data()) % 8 != 0)
    return fail("events.misaligned", "the event does not start at a multiple of eight bytes");
  flatbuffers::Verifier verifier(payload.data(), payload.size(), 64, 1'000'000);
  if (!verifier.VerifyBuffer<Event>(nullptr))
    return fail(detail::refused(payload, EventTypeTable(), Event::GetFullyQualifiedName()));
  const auto* event = flatbuffers::GetRoot<Event>(payload.data());
  if (event->body_type() == EventBody::NONE ||
      !detail::unions_are_whole(reinterpret_cast<const std::uint8_t*>(event), EventTypeTable()))
    return fail("events.malformed", "the kind of an event is unknown or empty", {},
                "it may come from a newer version of the program");
  return event;
}

Result<EventRefT> parse_reference(std::string_view text) {
  const auto hash = text.rfind('#');
  const auto wrong = [&] {
    return fail("events.bad_reference", "'" + std::string(text) + "' names no event", {},
                "write stream#version, for example autotrain/main#17");
  };
  if (hash == std::string_view::npos || hash == 0) return wrong();
  EventRefT parsed;
  parsed.stream = std::string(text.substr(0, hash));
  const auto digits = text.substr(hash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.version);
  if (error != std::errc{} || end != digits.data() + digits.size() || parsed.version == 0) return wrong();
  return parsed;
}

std::string_view kind_name(EventBody kind) {
  static const auto names = [] {
    std::array<std::string, 256> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const char* known = EnumNameEventBody(static_cast<EventBody>(i));
      all[i] = *known ? known : "kind-" + std::to_string(i);
    }
    return all;
  }();
  return names[static_cast<std::uint8_t>(kind)];
}

Result<EventBody> kind_from_name(std::string_view name) {
  for (const EventBody kind : EnumValuesEventBody())
    if (kind != EventBody::NONE && name == EnumNameEventBody(kind)) return kind;
  return fail("events.unknown_kind", "no kind of event is called '" + std::string(name) + "'", {},
              "names are as in the schema, for example TrialFinished");
}

}  // namespace automodel::events
