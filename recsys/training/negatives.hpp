// Private to training: items that stand for what a user did not choose.
#pragma once

#include <cstdint>
#include <span>

#include "recsys/evaluation/user_items.hpp"
#include "recsys/features/inputs.hpp"
#include "recsys/training/random.hpp"

namespace automodel::recsys {

/// Draws uniformly from the items of a vocabulary that a user has not in training rows (Rendle et al., UAI
/// 2009, section 5.1), by rejection. A user who has nearly all items gets whatever the last of `most_tries`
/// draws brought.
class Negatives {
 public:
  static constexpr int most_tries = 100;
  /// `items` must outlive it.
  Negatives(const Dataset& data, const Vocabulary& items, std::span<const std::uint32_t> train_rows)
      : items_(items), had_(data, train_rows) {}

  /// A row of the vocabulary. `user`: a code of the data set.
  std::int64_t draw(std::uint32_t user, Random& random) const {
    std::uint32_t at = 0;
    for (int tries = 0; tries < most_tries; ++tries) {
      at = random.below(items_.rows() - 1);
      if (!had_.has(user, items_.codes[at])) break;
    }
    return std::int64_t{at} + 1;
  }

 private:
  const Vocabulary& items_;
  UserItems had_;
};

}  // namespace automodel::recsys
