// EASE (Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019): a linear model from the
// items that a user liked to all items, solved and not trained.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "recsys/data/dataset.hpp"
#include "recsys/evaluation/user_items.hpp"

namespace automodel::recsys {

class Ease {
 public:
  /// Its table has a float for every pair of items: 400 MB for so many, and twice that while it is solved.
  static constexpr std::size_t most_items = 10'000;

  /// Of the positive rows, with an L2 weight of `lambda` > 0. Only items with a positive row take part.
  /// Errors: models.too_many_items, models.out_of_memory, models.failed.
  static Result<Ease> fit(const Dataset& data, std::span<const float> labels,
                          std::span<const std::uint32_t> rows, double lambda);

  /// The sum of B[j, item] over the items j that the user liked: about 1 for what belongs with them, 0 for
  /// what does not. 0 for items without a positive row.
  float score(std::uint32_t user, std::uint32_t item) const;
  /// The same for all items: out [items].
  void scores(std::uint32_t user, std::span<float> out) const;

  /// B[from, to]; 0 for items without a positive row.
  float weight(std::uint32_t from, std::uint32_t to) const;
  std::uint64_t parameters() const { return table_.size(); }
  std::uint64_t bytes() const { return table_.size() * sizeof(float); }

 private:
  explicit Ease(UserItems liked) : liked_(std::move(liked)) {}
  void number_items(const Dataset& data, std::span<const std::uint32_t> positive);

  UserItems liked_;
  std::vector<std::uint32_t> items_;    // [n] codes
  std::vector<std::uint32_t> numbers_;  // [code] -> place in items_, or n
  std::vector<float> table_;            // [n, n]: B, symmetric but for its columns' scales
};

}  // namespace automodel::recsys
