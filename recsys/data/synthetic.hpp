// Made-up interactions of which the truth is known: how likely each click was. For measuring at sizes that no public data set has,
// and for telling how near a model comes to the best that is possible.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/error.hpp"

namespace automodel::recsys {

struct SyntheticShape {
  std::uint64_t rows = 1'000'000;
  std::uint32_t users = 10'000, items = 2'000;
  std::uint32_t fields = 10;  // user and item among them; at most 18
  std::uint64_t seed = 1;
};

struct SyntheticRow {
  std::uint32_t user = 0, item = 0;
  std::vector<std::uint32_t> codes;  // of the other fields
  double probability = 0;            // of a click: the truth
  bool click = false;
};

/// Rows are functions of seed and number: any can be made without those before. A click's log odds are
///   -1 + a_u + b_v + <p_u, q_v> + sum of a weight of each other field's value + a weight of each pair of values of the first two,
/// with a, b, weights normal with deviation 0.5, p and q of 4 normal entries with deviation 0.6. Few users and items have most
/// rows (numbers grow with the square and the cube of a uniform one). Of the other fields, field f has 10 * 3^f values (at most
/// 50,000); every third one is an attribute of the user, every third one of the item, the rest are of the row.
class SyntheticWorld {
 public:
  /// Errors: data.bad_shape.
  static Result<SyntheticWorld> create(const SyntheticShape& shape);
  const SyntheticShape& shape() const { return shape_; }
  void row(std::uint64_t number, SyntheticRow& out) const;

 private:
  explicit SyntheticWorld(const SyntheticShape& shape);
  SyntheticShape shape_;
  std::vector<std::uint32_t> values_;  // of each other field
  std::vector<float> users_, items_;   // [number, 5]: a and p
  std::vector<std::vector<float>> weights_;
};

/// Writes all rows as a file in RecBole's form, one a minute of a day long gone: user_id, item_id, click (0 or 1), timestamp and
/// f1, f2, …. A file of that name is refused; what is not finished is removed. `progress` is called now and then; false ends it
/// (data.interrupted). Errors: data.exists, data.io, data.interrupted.
Result<void> write_synthetic(const SyntheticWorld& world, const std::filesystem::path& file,
                             const std::function<bool(std::uint64_t rows)>& progress);

}  // namespace automodel::recsys
