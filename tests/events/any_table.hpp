// Tables with every field filled, for any schema type, by walking its type table: no kind is forgotten. Or
// with fields left out, by chance.
#pragma once

#include <flatbuffers/minireflect.h>

#include <random>
#include <string>

#include "events/codec.hpp"
#include "events/parts.hpp"

namespace automodel::events::testing {

class AnyTable {
 public:
  explicit AnyTable(std::uint64_t seed) : random_(seed) {}

  /// From here on fields are left out with these chances, of 100: those that a table may lack (texts and
  /// lists among them), and parts that it must have.
  void leave_out(unsigned optional, unsigned required = 0) {
    optional_ = optional;
    required_ = required;
  }
  /// From here on texts are some of these words, so that events are about the same things.
  void speak(std::vector<std::string> words) { words_ = std::move(words); }
  /// Whether a part that must be there was left out, since this was asked.
  bool lacked() { return std::exchange(lacks_, false); }

  /// A value of T with random content.
  template <class T>
  T value() {
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(flatbuffers::Offset<void>(table(builder, T::TableType::MiniReflectTypeTable())));
    return *unpack<T>({builder.GetBufferPointer(), builder.GetSize()});
  }

  /// An event of one kind.
  EventT event(EventBody kind) { return *unpack<EventT>(payload(kind)); }

  /// The same, packed: it can be one that nobody reads.
  Bytes payload(EventBody kind) {
    flatbuffers::FlatBufferBuilder builder;
    const auto* bodies = EventBodyTypeTable();
    const auto body =
        table(builder, bodies->type_refs[bodies->type_codes[static_cast<std::size_t>(kind)].sequence_ref]());
    builder.Finish(CreateEvent(builder, kind, flatbuffers::Offset<void>(body)));
    return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  }

  /// A record of this event as a store would write it first.
  Recorded record(EventBody kind, std::uint64_t sequence = 1, const Hash256& previous = {},
                  const Hash256& commit = {}) {
    Recorded recorded;
    recorded.sequence = sequence;
    recorded.stream = "autotrain/main";
    recorded.version = sequence;
    recorded.time = 1'764'000'000'000'000'000 + static_cast<std::int64_t>(sequence);
    recorded.correlation = "goal-1";
    recorded.causation = "coordinator/main#17";
    recorded.epoch = 1;
    recorded.origin_node = "local";
    recorded.origin_sequence = sequence;
    recorded.previous_hash = previous;
    recorded.event = event(kind);
    recorded.hash = event_hash(recorded, pack(recorded.event));
    recorded.commit_hash = commit_hash(commit, sequence, recorded.hash);
    return recorded;
  }

  std::uint64_t number() { return random_(); }

 private:
  using Builder = flatbuffers::FlatBufferBuilder;
  using Offset = flatbuffers::uoffset_t;

  std::string text(const char* name) {
    if (!words_.empty()) return words_[random_() % words_.size()];
    return std::string(name) + "-" + std::to_string(random_() % 100);
  }

  bool left_out(const flatbuffers::TypeTable* type, std::size_t field) {
    if (optional_ == 0 && required_ == 0) return false;
    const bool must = detail::is_required(
        type, flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(field)));
    if (random_() % 100 >= (must ? required_ : optional_)) return false;
    lacks_ = lacks_ || must;
    return true;
  }

  Offset vector(Builder& builder, flatbuffers::TypeCode code, const flatbuffers::TypeTable* type,
                const char* name) {
    const std::size_t size = 1 + random_() % 3;
    if (code.base_type == flatbuffers::ET_STRING || code.base_type == flatbuffers::ET_SEQUENCE) {
      std::vector<flatbuffers::Offset<void>> offsets;
      for (std::size_t i = 0; i < size; ++i)
        offsets.emplace_back(code.base_type == flatbuffers::ET_STRING ? builder.CreateString(text(name)).o
                                                                      : table(builder, type));
      return builder.CreateVector(offsets).o;
    }
    switch (flatbuffers::InlineSize(static_cast<flatbuffers::ElementaryType>(code.base_type), type)) {
      case 1:
        return builder.CreateVector(std::vector<std::uint8_t>(size, 1)).o;
      case 4:
        return builder.CreateVector(std::vector<std::uint32_t>(size, 2)).o;
      default:
        return builder.CreateVector(std::vector<double>(size, 0.25)).o;
    }
  }

  void scalar(Builder& builder, flatbuffers::voffset_t field, flatbuffers::TypeCode code,
              const flatbuffers::TypeTable* type) {
    const auto any = random_();
    const auto small = static_cast<std::uint8_t>(any % (type ? type->num_elems : 2));
    switch (code.base_type) {
      case flatbuffers::ET_DOUBLE:
        return builder.AddElement<double>(field, static_cast<double>(any % 100'000) / 1024.0, 0.0);
      case flatbuffers::ET_FLOAT:
        return builder.AddElement<float>(field, static_cast<float>(any % 1000) / 8.0f, 0.0f);
      case flatbuffers::ET_LONG:
      case flatbuffers::ET_ULONG:
        return builder.AddElement<std::uint64_t>(field, any % 1'000'000, 0);
      case flatbuffers::ET_INT:
      case flatbuffers::ET_UINT:
        return builder.AddElement<std::uint32_t>(field, static_cast<std::uint32_t>(any % 1000), 0);
      case flatbuffers::ET_SHORT:
      case flatbuffers::ET_USHORT:
        return builder.AddElement<std::uint16_t>(field, static_cast<std::uint16_t>(any % 1000), 0);
      default:
        return builder.AddElement<std::uint8_t>(field, small, 0);
    }
  }

  Offset table(Builder& builder, const flatbuffers::TypeTable* type) {
    struct Field {
      Offset offset = 0;
      std::uint8_t kind = 0;  // of a union, whose type is the field before
    };
    std::vector<Field> fields(type->num_elems);
    for (std::size_t i = 0; i < type->num_elems; ++i) {
      const auto code = type->type_codes[i];
      const auto* refers = code.sequence_ref >= 0 ? type->type_refs[code.sequence_ref]() : nullptr;
      const bool is_union = refers && refers->st == flatbuffers::ST_UNION;
      const bool is_field = code.is_repeating || code.base_type == flatbuffers::ET_STRING ||
                            code.base_type == flatbuffers::ET_SEQUENCE;
      if (is_field && !is_union && left_out(type, i)) continue;
      if (code.is_repeating) {
        fields[i].offset = vector(builder, code, refers, type->names[i]);
      } else if (code.base_type == flatbuffers::ET_STRING) {
        fields[i].offset = builder.CreateString(text(type->names[i])).o;
      } else if (code.base_type == flatbuffers::ET_SEQUENCE && is_union) {
        fields[i].kind = static_cast<std::uint8_t>(1 + random_() % (refers->num_elems - 1));
        fields[i].offset =
            table(builder, refers->type_refs[refers->type_codes[fields[i].kind].sequence_ref]());
      } else if (code.base_type == flatbuffers::ET_SEQUENCE && refers->st == flatbuffers::ST_TABLE) {
        fields[i].offset = table(builder, refers);
      }
    }
    const auto start = builder.StartTable();
    for (std::size_t i = 0; i < type->num_elems; ++i) {
      const auto at = flatbuffers::FieldIndexToOffset(static_cast<flatbuffers::voffset_t>(i));
      const auto code = type->type_codes[i];
      if (fields[i].offset)
        builder.AddOffset(at, flatbuffers::Offset<void>(fields[i].offset));
      else if (code.base_type == flatbuffers::ET_UTYPE)
        builder.AddElement<std::uint8_t>(at, fields[i + 1].kind, 0);
      else if (!code.is_repeating && code.base_type != flatbuffers::ET_SEQUENCE &&
               code.base_type != flatbuffers::ET_STRING)
        scalar(builder, at, code, code.sequence_ref >= 0 ? type->type_refs[code.sequence_ref]() : nullptr);
    }
    return builder.EndTable(start);
  }

  std::mt19937_64 random_;
  unsigned optional_ = 0, required_ = 0;
  std::vector<std::string> words_;
  bool lacks_ = false;
};

}  // namespace automodel::events::testing
