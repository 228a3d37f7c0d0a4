// Which items each user has in some rows of a data set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "recsys/data/dataset.hpp"

namespace automodel::recsys {

/// Four bytes a row, and a search to ask.
class UserItems {
 public:
  UserItems(const Dataset& data, std::span<const std::uint32_t> rows);
  /// Ascending, each once; none of a user that the data set does not have.
  std::span<const std::uint32_t> of(std::uint32_t user) const;
  bool has(std::uint32_t user, std::uint32_t item) const {
    const auto own = of(user);
    return std::binary_search(own.begin(), own.end(), item);
  }

 private:
  std::vector<std::uint64_t> offsets_;  // [users + 1]
  std::vector<std::uint32_t> items_;
};

}  // namespace automodel::recsys
