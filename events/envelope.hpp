// The fields that a record's hash covers, whether they lie in a buffer or in a value. Private to this folder.
#pragma once

#include "events/codec.hpp"

namespace automodel::events {

/// Views; valid while what they were made from is.
struct EnvelopeFields {
  std::uint64_t sequence = 0;
  std::string_view stream;
  std::uint64_t version = 0;
  std::int64_t time = 0;
  std::string_view correlation;
  std::string_view causation;
  std::uint64_t epoch = 0;
  std::string_view origin_node;
  std::uint64_t origin_sequence = 0;
  std::uint16_t kind = 0;
  ByteView payload;
  Hash256 previous_hash{};
  Hash256 hash{};
  Hash256 commit_hash{};
};

EnvelopeFields fields_of(const Recorded& head, ByteView payload);
EnvelopeFields fields_of(const Envelope& record);
Hash256 hash_of(const EnvelopeFields& fields);

}  // namespace automodel::events
