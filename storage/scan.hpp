// Events read where they lie, in transactions that are kept short. Private to storage/.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "events/envelope_view.hpp"
#include "storage/filter.hpp"
#include "storage/lmdb/environment.hpp"
#include "storage/record_cursor.hpp"

namespace automodel::storage {

using ViewVisit = std::function<bool(const events::EnvelopeView&)>;

Result<void> scan_all(const Environment& environment, std::uint64_t from, std::uint64_t until,
                      const ViewVisit& visit);
Result<void> scan_stream(const Environment& environment, const std::string& stream,
                         std::uint64_t from_version, std::uint64_t until_version, const ViewVisit& visit);

/// Visits, outside of any transaction, what passes the filter: each event checked against its own hash.
Result<void> select_events(const Environment& environment, const EventFilter& filter,
                           const std::function<bool(const events::Recorded&)>& visit);

/// Pages that a reader may still see cannot be used again: whoever reads for long ends its transaction now
/// and then and begins another.
class Patience {
 public:
  /// One more event was read; whether the transaction was open long enough.
  bool is_spent() {
    if (++read_ % 64 != 0) return false;
    return read_ >= most_events || std::chrono::steady_clock::now() - begun_ >= longest;
  }

 private:
  static constexpr std::uint64_t most_events = 1u << 16;
  static constexpr std::chrono::milliseconds longest{50};
  std::uint64_t read_ = 0;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// Views records where they lie; only one that does not lie as FlatBuffers are read is copied.
class RecordReader {
 public:
  /// Whether this is the record of this sequence. `view` is valid until the next call.
  bool read(events::ByteView value, std::uint64_t sequence, events::EnvelopeView& view) {
    bytes_ = reinterpret_cast<std::uintptr_t>(value.data()) % 8 == 0
                 ? value
                 : events::detail::aligned(value, scratch_);
    return reader_.read(bytes_, view) && view.sequence == sequence;
  }
  /// The same with the reason: storage.corrupt.
  Result<void> view(events::ByteView value, std::uint64_t sequence, events::EnvelopeView& view);
  /// What was read last.
  events::ByteView bytes() const { return bytes_; }

 private:
  events::EnvelopeReader reader_;
  events::ByteView bytes_;
  events::Bytes scratch_;
};

}  // namespace automodel::storage
