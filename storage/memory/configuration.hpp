// The parts that a distance between configurations is made of, shared by the plain scan and by the index:
// both must give the same numbers, bit for bit. Private to storage/memory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/generated.hpp"

namespace automodel::storage::configuration {

/// A method that differs counts as much as this many settings that do.
inline constexpr double method_weight = 2;

/// A setting's value taken apart once: numbers and texts between commas, brackets and spaces aside.
struct Value {
  struct Part {
    std::string text;
    std::optional<double> number;
  };
  std::string text;
  std::vector<Part> parts;

  /// The one positive number that it is; nothing for lists, texts, 0 and less.
  std::optional<double> positive() const;
};
Value value_of(std::string_view text);

/// Settings range over magnitudes: a factor counts, not a difference; a factor of 100 is as far as can be.
double number_distance(double a, double b);
/// 0 to 1; lists element by element.
double value_distance(const Value& a, const Value& b);

/// Of sets with so many elements, `common` of them in both.
double jaccard_distance(std::size_t a, std::size_t b, std::size_t common);

/// Settings by name, each name once: the last one counts.
std::map<std::string, Value> settings_of(const events::TrialConfigT& config);
/// Features in order, each once.
std::vector<std::string> features_of(const events::TrialConfigT& config);

/// What the parts' sum is divided by.
inline double parts_of(std::size_t settings) { return method_weight + static_cast<double>(settings) + 1; }

}  // namespace automodel::storage::configuration
