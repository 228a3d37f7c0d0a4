#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "storage/memory/memory.hpp"

namespace automodel::storage {

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts{""};
  for (char c : text) {
    if (c == ',')
      parts.emplace_back();
    else if (c != ' ' && c != '[' && c != ']')
      parts.back() += c;
  }
  return parts;
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// Settings range over magnitudes: a factor counts, not a difference; a factor of 100 is as far as can be.
double number_distance(double a, double b) {
  if (a == b) return 0;
  if (a > 0 && b > 0) return std::min(1.0, std::abs(std::log(a / b)) / std::log(100.0));
  return std::min(1.0, std::abs(a - b) / std::max(std::abs(a), std::abs(b)));
}

double setting_distance(const std::string& a, const std::string& b) {
  if (a == b) return 0;
  auto left = split(a), right = split(b);
  const auto longer = std::max(left.size(), right.size()), shorter = std::min(left.size(), right.size());
  double sum = static_cast<double>(longer - shorter);
  for (std::size_t i = 0; i < shorter; ++i) {
    auto x = number(left[i]), y = number(right[i]);
    sum += x && y ? number_distance(*x, *y) : left[i] == right[i] ? 0.0 : 1.0;
  }
  return sum / static_cast<double>(longer);
}

double jaccard_distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::set<std::string> left(a.begin(), a.end()), right(b.begin(), b.end());
  std::size_t common = 0;
  for (const auto& name : left) common += right.count(name);
  const auto all = left.size() + right.size() - common;
  return all == 0 ? 0 : 1 - static_cast<double>(common) / static_cast<double>(all);
}

}  // namespace

double distance(const events::TrialConfigT& a, const events::TrialConfigT& b) {
  constexpr double method_weight = 2;
  std::map<std::string, std::pair<const std::string*, const std::string*>> settings;
  for (const auto& setting : a.settings)
    if (setting) settings[setting->name].first = &setting->value;
  for (const auto& setting : b.settings)
    if (setting) settings[setting->name].second = &setting->value;

  double sum = a.method == b.method ? 0 : method_weight;
  for (const auto& [name, values] : settings)
    sum += values.first && values.second ? setting_distance(*values.first, *values.second) : 1.0;
  sum += jaccard_distance(a.features, b.features);
  return sum / (method_weight + static_cast<double>(settings.size()) + 1);
}

std::vector<events::TrialRowT> nearest(const Memory& memory, const events::TrialConfigT& config,
                                       std::size_t k) {
  std::vector<std::pair<double, events::TrialRowT>> found;
  for (auto& trial : memory.all<events::TrialRowT>("trials")) {
    if (!trial.config) continue;
    const double far = distance(config, *trial.config);
    found.emplace_back(far, std::move(trial));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (found.size() > k) found.resize(k);
  std::vector<events::TrialRowT> rows;
  for (auto& entry : found) rows.push_back(std::move(entry.second));
  return rows;
}

}  // namespace automodel::storage
