#include "events/codec.hpp"

#include <flatbuffers/minireflect.h>

#include <charconv>
#include <cstring>

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

bool unions_are_whole(const std::uint8_t* table, const flatbuffers::TypeTable* type) {
  const auto* object = reinterpret_cast<const flatbuffers::Table*>(table);
  const std::uint8_t* before = nullptr;
  for (std::size_t i = 0; i < type->num_elems; ++i) {
    const auto code = type->type_codes[i];
    const auto* field =
        object->GetAddressOf(flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(i)));
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

}  // namespace detail

std::string reference(std::string_view stream, std::uint64_t version) {
  return std::string(stream) + "#" + std::to_string(version);
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
