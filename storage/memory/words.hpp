// Small pieces of sentences. Private to storage/memory.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "events/codec.hpp"

namespace automodel::storage::words {

/// Four significant digits: 0.8312, 1.5, 3.2e+07.
inline std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

inline std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

inline std::string joined(const std::vector<std::string>& names, const std::string& between = ", ") {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : between) + name;
  return text;
}

/// "auc 0.81, logloss 0.44".
inline std::string metrics(const std::vector<std::unique_ptr<events::MetricT>>& values) {
  std::vector<std::string> parts;
  for (const auto& metric : values)
    if (metric) parts.push_back(metric->name + " " + number(metric->value));
  return joined(parts);
}

/// "+0.012 auc (95 % interval 0.004 to 0.02)".
inline std::string difference(const events::MetricT& metric) {
  std::string text = (metric.value >= 0 ? "+" : "") + number(metric.value) + " " + metric.name;
  if (metric.has_interval)
    text += " (95 % interval " + number(metric.low) + " to " + number(metric.high) + ")";
  return text;
}

/// "": nothing is added. "reason.": "; reason", without the full stop, since more may follow.
inline std::string after(const std::string& mark, const std::string& text) {
  return text.empty() ? "" : mark + text.substr(0, text.size() - (text.ends_with('.') ? 1 : 0));
}

inline std::string failure(const std::unique_ptr<events::FailureT>& value) {
  if (!value) return "no reason given";
  return value->message + (value->code.empty() ? "" : " [" + value->code + "]");
}

inline std::string seconds(double value) {
  const auto whole = static_cast<long>(value + 0.5);
  if (whole < 120) return counted(static_cast<std::size_t>(whole < 0 ? 0 : whole), "second");
  return counted(static_cast<std::size_t>((whole + 30) / 60), "minute");
}

}  // namespace automodel::storage::words
