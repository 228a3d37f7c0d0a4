// Numbers written as text: settings ("lr" -> "0.001") and the values of filters. Private to storage/memory.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace automodel::storage {

/// The finite number that the whole text is; nothing where it is none.
inline std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace automodel::storage
