// The hashes of many records, found beside each other: several times faster than one after the other.
#pragma once

#include <optional>
#include <vector>

#include "events/envelope_view.hpp"

namespace automodel::events {

class HashChecks {
 public:
  /// The record's content should have its hash. Copies what it needs.
  void add_content(const EnvelopeView& record);
  /// The record's commit hash should follow from the one before it.
  void add_commit(const EnvelopeView& record, const Hash256& before);

  /// There is enough to keep the processor busy: more would only leave its cache.
  bool is_full() const { return messages_.size() >= 512 || used_ >= (256u << 10); }
  /// The number, in the order of adding, of the first that is not as it should be; nothing where all are.
  /// Begins anew.
  std::optional<std::size_t> first_wrong();

 private:
  struct Place {
    std::size_t offset, size;
  };
  template <class Write>
  void add(const Hash256& expected, const Write& write);

  std::vector<std::uint8_t> bytes_;
  std::size_t used_ = 0;
  std::vector<Place> messages_;
  std::vector<Hash256> expected_;
};

}  // namespace automodel::events
