// Any verified table as one line of JSON, by walking the type tables that flatc writes with --reflect-names.
#include <flatbuffers/minireflect.h>

#include <charconv>
#include <cmath>

#include "events/codec.hpp"

namespace automodel::events {

namespace {

using flatbuffers::ElementaryType;
using flatbuffers::ReadScalar;
using flatbuffers::TypeTable;
using flatbuffers::uoffset_t;

/// Length of the UTF-8 sequence that `text` starts with, 0 where it starts with none (RFC 3629, section 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90, beyond = first == 0xF4 && second > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void write_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text.front();
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      static constexpr char digits[] = "0123456789abcdef";
      out += "\\u00";
      out += digits[c >> 4];
      out += digits[c & 15];
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

template <class Number>
void write_number(std::string& out, Number value) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
  }
  char digits[64];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// A whole number, or the enumerator that it stands for.
template <class Number>
void write_whole(std::string& out, const std::uint8_t* at, const TypeTable* type) {
  const auto value = ReadScalar<Number>(at);
  if (const char* name = flatbuffers::EnumName(value, type)) return write_text(out, name);
  write_number(out, value);
}

void write_object(std::string& out, const std::uint8_t* object, const TypeTable* type);

void write_union(std::string& out, const std::uint8_t* at, const TypeTable* type, std::uint8_t kind) {
  const auto index = flatbuffers::LookupEnum(kind, type->values, type->num_elems);
  if (index <= 0 || index >= static_cast<std::int64_t>(type->num_elems) ||
      type->type_codes[index].base_type != flatbuffers::ET_SEQUENCE) {
    out += "null";
    return;
  }
  write_object(out, at + ReadScalar<uoffset_t>(at), type->type_refs[type->type_codes[index].sequence_ref]());
}

void write_value(std::string& out, ElementaryType kind, const std::uint8_t* at, const TypeTable* type,
                 std::uint8_t union_kind) {
  switch (kind) {
    case flatbuffers::ET_UTYPE:
    case flatbuffers::ET_UCHAR:
      return write_whole<std::uint8_t>(out, at, type);
    case flatbuffers::ET_BOOL:
      out += ReadScalar<std::uint8_t>(at) ? "true" : "false";
      return;
    case flatbuffers::ET_CHAR:
      return write_whole<std::int8_t>(out, at, type);
    case flatbuffers::ET_SHORT:
      return write_whole<std::int16_t>(out, at, type);
    case flatbuffers::ET_USHORT:
      return write_whole<std::uint16_t>(out, at, type);
    case flatbuffers::ET_INT:
      return write_whole<std::int32_t>(out, at, type);
    case flatbuffers::ET_UINT:
      return write_whole<std::uint32_t>(out, at, type);
    case flatbuffers::ET_LONG:
      return write_number(out, ReadScalar<std::int64_t>(at));
    case flatbuffers::ET_ULONG:
      return write_number(out, ReadScalar<std::uint64_t>(at));
    case flatbuffers::ET_FLOAT:
      return write_number(out, ReadScalar<float>(at));
    case flatbuffers::ET_DOUBLE:
      return write_number(out, ReadScalar<double>(at));
    case flatbuffers::ET_STRING:
      return write_text(
          out, reinterpret_cast<const flatbuffers::String*>(at + ReadScalar<uoffset_t>(at))->string_view());
    case flatbuffers::ET_SEQUENCE:
      if (type->st == flatbuffers::ST_UNION) return write_union(out, at, type, union_kind);
      return write_object(out, type->st == flatbuffers::ST_TABLE ? at + ReadScalar<uoffset_t>(at) : at, type);
  }
}

/// `kinds` is the field before: of a vector of unions, the vector of their kinds.
void write_vector(std::string& out, ElementaryType kind, const std::uint8_t* at, const TypeTable* type,
                  const std::uint8_t* kinds) {
  using ByteVector = flatbuffers::Vector<std::uint8_t>;
  const auto* vector = reinterpret_cast<const ByteVector*>(at + ReadScalar<uoffset_t>(at));
  const bool of_unions = type && type->st == flatbuffers::ST_UNION && kind == flatbuffers::ET_SEQUENCE;
  const auto* union_kinds = of_unions && kinds
                                ? reinterpret_cast<const ByteVector*>(kinds + ReadScalar<uoffset_t>(kinds))
                                : nullptr;
  const std::uint8_t* element = vector->Data();
  out += '[';
  for (uoffset_t i = 0; i < vector->size(); ++i) {
    if (i) out += ',';
    const bool known = union_kinds && i < union_kinds->size();
    write_value(out, kind, element, type, known ? union_kinds->Get(i) : std::uint8_t{0});
    element += flatbuffers::InlineSize(kind, type);
  }
  out += ']';
}

void write_table(std::string& out, const std::uint8_t* table, const TypeTable* type) {
  const auto* object = reinterpret_cast<const flatbuffers::Table*>(table);
  const std::uint8_t* before = nullptr;
  bool first = true;
  out += '{';
  for (std::size_t i = 0; i < type->num_elems; ++i) {
    const auto code = type->type_codes[i];
    const auto kind = static_cast<ElementaryType>(code.base_type);
    const auto* at =
        object->GetAddressOf(flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(i)));
    if (at) {
      if (!first) out += ',';
      first = false;
      write_text(out, type->names[i]);
      out += ':';
      const TypeTable* referred = code.sequence_ref >= 0 ? type->type_refs[code.sequence_ref]() : nullptr;
      if (code.is_repeating)
        write_vector(out, kind, at, referred, before);
      else
        write_value(out, kind, at, referred, before ? *before : std::uint8_t{0});
    }
    before = at;
  }
  out += '}';
}

/// The schemas have one struct, `Hash`: in hex.
void write_object(std::string& out, const std::uint8_t* object, const TypeTable* type) {
  if (type == HashTypeTable())
    write_text(out, hex(ByteView(object, 32)));
  else
    write_table(out, object, type);
}

template <class Value>
void write_member(std::string& out, const char* name, const Value& value) {
  out += out.empty() ? '{' : ',';
  write_text(out, name);
  out += ':';
  if constexpr (std::is_arithmetic_v<Value>)
    write_number(out, value);
  else
    write_text(out, value);
}

}  // namespace

std::string detail::json_of(const std::uint8_t* table, const TypeTable* type) {
  std::string out;
  write_object(out, table, type);
  return out;
}

std::string to_json(const Recorded& recorded) {
  std::string out;
  write_member(out, "sequence", recorded.sequence);
  write_member(out, "stream", recorded.stream);
  write_member(out, "version", recorded.version);
  write_member(out, "time", recorded.time);
  if (!recorded.correlation.empty()) write_member(out, "correlation", recorded.correlation);
  if (!recorded.causation.empty()) write_member(out, "causation", recorded.causation);
  write_member(out, "epoch", recorded.epoch);
  if (!recorded.origin_node.empty()) write_member(out, "origin_node", recorded.origin_node);
  write_member(out, "origin_sequence", recorded.origin_sequence);
  write_member(out, "kind", kind_name(recorded.event.body.type));
  write_member(out, "previous_hash", hex(recorded.previous_hash));
  write_member(out, "hash", hex(recorded.hash));
  write_member(out, "commit_hash", hex(recorded.commit_hash));
  out += ",\"body\":";
  const Bytes bytes = pack(recorded.event);
  const auto* body = flatbuffers::GetRoot<Event>(bytes.data());
  const auto* table = static_cast<const std::uint8_t*>(body->body());
  const auto index = static_cast<std::size_t>(recorded.event.body.type);
  const TypeTable* unions = EventBodyTypeTable();
  if (!table || index == 0 || index >= unions->num_elems)
    out += "null";
  else
    write_object(out, table, unions->type_refs[unions->type_codes[index].sequence_ref]());
  return out + "}";
}

}  // namespace automodel::events
