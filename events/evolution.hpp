// How events that older programs wrote are read: each is lifted, one version of its kind at a time, to the
// form that this program writes. Records themselves stay as they were written.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "events/codec.hpp"

namespace automodel::events {

/// Lifts an event from one version of its kind to the next. Pure, and the kind stays. Most changes need none:
/// a field that was added reads as its default. One is needed where a field's meaning changed, or where an
/// older event says something in another field.
using Upcast = void (*)(EventT& event);

struct Upcaster {
  EventBody kind = EventBody::NONE;
  std::uint8_t from = 0;  // this version, to the next
  Upcast lift = nullptr;
};

class Upcasters {
 public:
  Upcasters() = default;
  /// In any order; of each kind one for every version from 0 on. A gap or a repetition is a defect of the
  /// program: std::logic_error.
  explicit Upcasters(const std::vector<Upcaster>& all);

  /// The version in which events of this kind are written.
  std::uint8_t newest(EventBody kind) const { return static_cast<std::uint8_t>(hops(kind).size()); }
  /// `version` is the one that the event was written in; at most `newest`.
  void lift(EventT& event, std::uint8_t version) const;

 private:
  const std::vector<Upcast>& hops(EventBody kind) const { return hops_[static_cast<std::uint8_t>(kind)]; }
  std::array<std::vector<Upcast>, 256> hops_;
};

/// This program's; events/evolution.cpp lists them.
const Upcasters& upcasters();

/// For tests: this program's upcasters are others while an object of this type lives. One at a time, and only
/// while no other thread reads events.
class OtherUpcasters {
 public:
  explicit OtherUpcasters(const Upcasters& others);
  ~OtherUpcasters();
  OtherUpcasters(const OtherUpcasters&) = delete;
  OtherUpcasters& operator=(const OtherUpcasters&) = delete;
};

// A record's `kind`: EventBody's number in the low byte, the version of that kind in the high byte. So the
// record's hash covers the version, and records from before there were versions are those of version 0.

/// As this program writes it.
std::uint16_t stored_kind(EventBody kind);
inline EventBody kind_of(std::uint16_t stored) { return static_cast<EventBody>(stored & 0xff); }
inline std::uint8_t version_of(std::uint16_t stored) { return static_cast<std::uint8_t>(stored >> 8); }

/// A record in an older version of its kind, as its own program wrote it: for copies that keep every byte.
/// `payload` is packed in that version; `encode_envelope` and `event_hash` are those of the newest.
Bytes encode_envelope_as(std::uint16_t stored_kind, const Recorded& head, ByteView payload);
Hash256 event_hash_as(std::uint16_t stored_kind, const Recorded& head, ByteView payload);

/// Whether a record's payload has the form that this program writes. Only then may it be read where it lies;
/// any other goes through decode_envelope, which lifts it.
inline bool is_newest(std::uint16_t stored) { return stored == stored_kind(kind_of(stored)); }
inline bool is_newest(const Envelope& record) { return is_newest(record.kind()); }

/// What kinds and versions a program can write: for each kind from 0 on its newest version. A store keeps the
/// largest of all programs that opened it for writing.
Bytes vocabulary();
/// Both: of each kind the higher version.
Bytes join_vocabularies(ByteView a, ByteView b);

/// Whether this program can read what another one wrote, or one record of this `kind`. Errors:
/// events.newer_kind, with the kind and both versions.
Result<void> check_vocabulary(ByteView theirs);
Result<void> check_kind(std::uint16_t stored);

}  // namespace automodel::events
