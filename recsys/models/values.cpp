#include "recsys/models/values.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace automodel::recsys {

std::optional<double> to_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::vector<std::int64_t>> whole_list(std::string_view text) {
  std::vector<std::int64_t> out;
  while (true) {
    const auto comma = text.find(',');
    const auto part = text.substr(0, comma);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value < 1 || value > 4096)
      return std::nullopt;
    out.push_back(value);
    if (out.size() > 16) return std::nullopt;
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string short_text(double value) {
  std::array<char, 32> buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr};
}

double number(const Settings& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? 0 : to_number(found->second).value_or(0);
}

}  // namespace automodel::recsys
