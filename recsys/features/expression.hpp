// A feature's text as a tree, and the tree's canonical text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace automodel::recsys {

enum class Function : std::uint8_t {
  column,  // a column itself, inside bucket and cross
  count,
  mean,
  deviation,
  recency,
  age,
  popularity,
  residual,
  similar,
  hour,
  weekday,
  bucket,
  cross
};

/// Rows that the prior of a smoothed mean counts for. Of 5, 10 and 20, the best on the validation slice of
/// MovieLens.
inline constexpr double default_weight = 5;

struct Expression {
  Function function = Function::column;
  std::string value;               // mean, deviation, residual, similar: label or a number column
  std::vector<std::string> key;    // user, item first, then by name; a column's own name
  std::int64_t window = 0;         // seconds; 0: all time
  std::uint32_t last = 0;          // rows; 0: all
  double weight = default_weight;  // of the prior
  std::uint32_t buckets = 0;
  std::vector<Expression> parts;  // of bucket (one) and cross (at least two)
};

/// Errors: features.syntax; `where` is the column and the text.
Result<Expression> parse_feature(std::string_view text);
std::string canonical(const Expression& expression);

}  // namespace automodel::recsys
