#include "storage/memory/configuration.hpp"

#include <algorithm>
#include <cmath>

#include "storage/memory/numbers.hpp"

namespace automodel::storage::configuration {

std::optional<double> Value::positive() const {
  return parts.size() == 1 && parts[0].number && *parts[0].number > 0 ? parts[0].number : std::nullopt;
}

Value value_of(std::string_view text) {
  Value value{std::string(text), {{}}};
  for (char c : text) {
    if (c == ',')
      value.parts.emplace_back();
    else if (c != ' ' && c != '[' && c != ']')
      value.parts.back().text += c;
  }
  for (auto& part : value.parts) part.number = parse_number(part.text);
  return value;
}

double number_distance(double a, double b) {
  if (a == b) return 0;
  if (a > 0 && b > 0) return std::min(1.0, std::abs(std::log(a / b)) / std::log(100.0));
  return std::min(1.0, std::abs(a - b) / std::max(std::abs(a), std::abs(b)));
}

double value_distance(const Value& a, const Value& b) {
  if (a.text == b.text) return 0;
  const auto longer = std::max(a.parts.size(), b.parts.size()),
             shorter = std::min(a.parts.size(), b.parts.size());
  double sum = static_cast<double>(longer - shorter);
  for (std::size_t i = 0; i < shorter; ++i) {
    const auto &x = a.parts[i], &y = b.parts[i];
    sum += x.number && y.number ? number_distance(*x.number, *y.number) : x.text == y.text ? 0.0 : 1.0;
  }
  return sum / static_cast<double>(longer);
}

double jaccard_distance(std::size_t a, std::size_t b, std::size_t common) {
  const auto all = a + b - common;
  return all == 0 ? 0 : 1 - static_cast<double>(common) / static_cast<double>(all);
}

std::map<std::string, Value> settings_of(const events::TrialConfigT& config) {
  std::map<std::string, Value> settings;
  for (const auto& setting : config.settings)
    if (setting) settings[setting->name] = value_of(setting->value);
  return settings;
}

std::vector<std::string> features_of(const events::TrialConfigT& config) {
  auto features = config.features;
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  return features;
}

}  // namespace automodel::storage::configuration
