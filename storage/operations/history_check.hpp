// Both chains of hashes, checked record by record, wherever the records come from. Private to storage/.
#pragma once

#include <map>
#include <string>

#include "events/codec.hpp"

namespace automodel::storage {

/// Where a history goes on: before the first event, the beginning.
struct HistoryPoint {
  std::uint64_t sequence = 0;
  events::Hash256 commit_hash{};
};

/// Takes the records of a history in order. A history that begins in the middle is checked against the
/// commit before it; what came before in each of its streams is taken from the stream's first record, whose
/// own hash covers it.
class HistoryCheck {
 public:
  explicit HistoryCheck(HistoryPoint after = {}) : at_(after), from_beginning_(after.sequence == 0) {}

  /// Checks the next record: its bytes as they are written, its hashes, its sequence, its version. Errors:
  /// storage.corrupt, `where` is the sequence; events.newer_kind.
  Result<events::Recorded> next(events::ByteView record);
  const HistoryPoint& at() const { return at_; }

 private:
  struct Head {
    std::uint64_t version = 0;
    events::Hash256 hash{};
  };
  HistoryPoint at_;
  bool from_beginning_;
  std::map<std::string, Head, std::less<>> heads_;
};

}  // namespace automodel::storage
