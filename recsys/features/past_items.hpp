// What each user had when: the histories that models read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

/// The rows of every user in the order of time, found once: eight bytes a row of the data set. Any user's
/// past at any moment is then a search in one list.
class PastItems {
 public:
  /// `item_rows`: [item code] -> row of the vocabulary; 0, or a code past its end, is unknown. Interactions
  /// with unknown items are left out: row 0 is padding in a history, and padding is in front only.
  PastItems(const Dataset& data, std::span<const std::uint32_t> item_rows);

  /// The user's interactions of strictly earlier time, the newest items.size() of them, in the order of time
  /// and then of row number, at the end of `items` (rows of the vocabulary) and `ages` (days before `time`);
  /// zeros in front of them. Both have one length. A user that the data set does not have has no past.
  void before(std::uint32_t user, std::int64_t time, std::span<std::int64_t> items,
              std::span<float> ages) const;

 private:
  Dataset data_;
  std::vector<std::uint64_t> offsets_;  // [users + 1]
  std::vector<std::uint32_t> rows_;     // of the data set, user after user
  std::vector<std::uint32_t> items_;    // of these rows
};

}  // namespace automodel::recsys
