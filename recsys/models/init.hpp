// Private to recsys: how a tensor's first values are drawn, from its text (see TensorSpec).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace automodel::recsys {

struct Init {
  enum Kind : std::uint8_t { constant, normal, xavier, kaiming } kind = constant;
  double value = 0;  // the constant, or the deviation of `normal`

  /// Of the normal distribution that a tensor of this shape is drawn from; 0 for constants.
  double deviation(const std::vector<std::int64_t>& shape) const;
};

/// Nothing where the text is none of those in TensorSpec.
std::optional<Init> read_init(std::string_view text);

}  // namespace automodel::recsys
