#include "recsys/features/expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/place.hpp"
#include "recsys/features/feature.hpp"

namespace automodel::recsys {

namespace {

constexpr std::array<std::string_view, 13> names{"",        "count",      "mean",     "std",     "recency",
                                                 "age",     "popularity", "residual", "similar", "hour",
                                                 "weekday", "bucket",     "cross"};
constexpr std::array<std::pair<char, std::int64_t>, 5> units{
    {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr std::uint32_t default_similar_last = 50;

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

/// `user` and `item` first, then by name.
bool key_order(const std::string& a, const std::string& b) {
  const auto rank = [](const std::string& name) { return name == "user" ? 0 : name == "item" ? 1 : 2; };
  return std::pair(rank(a), std::string_view(a)) < std::pair(rank(b), std::string_view(b));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Expression> parse() {
    auto expression = feature(0);
    if (!expression) return expression;
    if (expression->function == Function::column) {
      at_ = 0;
      return error("a column alone is no feature: models read columns anyway");
    }
    blanks();
    if (at_ < text_.size()) return error("nothing was expected here");
    return expression;
  }

 private:
  Result<Expression> feature(int depth) {
    if (depth > 8) return error("too deeply nested");
    blanks();
    const std::size_t start = at_;
    const std::string word = name();
    if (word.empty()) return error("a feature was expected here");
    if (!take('(')) {
      Expression column;
      column.key = {word};
      return column;
    }
    const auto found = std::find(names.begin() + 1, names.end(), word);
    if (found == names.end()) {
      at_ = start;
      return error("no function '" + word + "'");
    }
    Expression out;
    out.function = static_cast<Function>(found - names.begin());
    auto filled = arguments(out, depth);
    if (!filled) return fail(filled.error());
    if (!take(')')) return error("')' was expected here");
    return out;
  }

  Result<void> arguments(Expression& out, int depth) {
    switch (out.function) {
      case Function::hour:
      case Function::weekday:
        return time_argument(out);
      case Function::bucket:
        return bucket_arguments(out, depth);
      case Function::cross:
        return cross_arguments(out, depth);
      default:
        return history_arguments(out);
    }
  }

  Result<void> time_argument(Expression& out) {
    const std::size_t start = at_;
    out.key = {name()};
    if (out.key[0] == "time") return {};
    at_ = start;
    return error("'time' was expected here");
  }

  Result<void> bucket_arguments(Expression& out, int depth) {
    auto part = feature(depth + 1);
    if (!part) return fail(part.error());
    out.parts.push_back(std::move(*part));
    const bool comma = take(',');
    const auto count = comma ? number() : std::nullopt;
    if (!count || *count < 2 || *count > 1024 || *count != std::floor(*count))
      return error("the number of buckets, from 2 to 1024, was expected here");
    out.buckets = static_cast<std::uint32_t>(*count);
    return {};
  }

  Result<void> cross_arguments(Expression& out, int depth) {
    do {
      auto part = feature(depth + 1);
      if (!part) return fail(part.error());
      out.parts.push_back(std::move(*part));
    } while (take(','));
    if (out.parts.size() < 2 || out.parts.size() > 4) return error("a cross has two to four parts");
    std::sort(out.parts.begin(), out.parts.end(),
              [](const auto& a, const auto& b) { return canonical(a) < canonical(b); });
    return {};
  }

  /// [value |] key [, window] [, last=n] [, w=x]
  Result<void> history_arguments(Expression& out) {
    const bool of_value = out.function == Function::mean || out.function == Function::deviation;
    const bool may_value =
        of_value || out.function == Function::residual || out.function == Function::similar;
    std::string first = name();
    if (first.empty()) return error("a name was expected here");
    if (may_value && take('|')) {
      out.value = first;
      first = name();
      if (first.empty()) return error("a name was expected here");
    } else if (of_value) {
      return error("'|' and a key were expected here, as in mean(label | user)");
    } else if (may_value) {
      out.value = "label";
    }
    out.key = {first};
    while (take('*')) {
      out.key.push_back(name());
      if (out.key.back().empty() || out.key.size() > 4)
        return error("a name was expected here (a key has at most four)");
    }
    std::sort(out.key.begin(), out.key.end(), key_order);
    if (std::adjacent_find(out.key.begin(), out.key.end()) != out.key.end())
      return error("a key names a column twice");
    if (out.function == Function::similar) {
      if (out.key != std::vector<std::string>{"user"}) return error("similar() is of the user only");
      out.last = default_similar_last;
    }
    while (take(','))
      if (auto read = option(out); !read) return read;
    if (out.window > 0 && out.last > 0) return error("a window and last=… exclude each other");
    return {};
  }

  Result<void> option(Expression& out) {
    blanks();
    const Function f = out.function;
    const std::size_t start = at_;
    if (at_ < text_.size() && digit(text_[at_])) {
      const auto amount = number();
      const auto unit = std::find_if(units.begin(), units.end(),
                                     [&](auto u) { return at_ < text_.size() && text_[at_] == u.first; });
      if (!amount || unit == units.end())
        return error("a window such as 30d, 12h, 45m or 10s was expected here");
      ++at_;
      const double seconds = *amount * static_cast<double>(unit->second);
      out.window = seconds >= 1 && seconds < 1e11 ? static_cast<std::int64_t>(seconds) : 0;
      const bool allowed = f == Function::count || f == Function::mean || f == Function::deviation ||
                           f == Function::residual || f == Function::popularity;
      if (allowed && out.window > 0) return {};
      at_ = start;
      return error(allowed ? "the window is too short or too long" : "no window is possible here");
    }
    const std::string word = name();
    const double value = take('=') ? number().value_or(0) : 0;
    if (word == "last" &&
        (f == Function::mean || f == Function::deviation || f == Function::residual ||
         f == Function::similar) &&
        value >= 1 && value <= 1000 && value == std::floor(value)) {
      out.last = static_cast<std::uint32_t>(value);
      return {};
    }
    if (word == "w" && (f == Function::mean || f == Function::deviation || f == Function::residual) &&
        value > 0 && value <= 1e6) {
      out.weight = value;
      return {};
    }
    at_ = start;
    return error(
        "an option was expected here: a window such as 30d, last=1…1000, or w=… above 0, where the function "
        "has it");
  }

  std::string name() {
    blanks();
    std::string out;
    if (at_ < text_.size() && starts_name(text_[at_]))
      while (at_ < text_.size() && (starts_name(text_[at_]) || digit(text_[at_]))) out += text_[at_++];
    return out;
  }

  std::optional<double> number() {
    blanks();
    double value = 0;
    const auto [end, problem] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value, std::chars_format::fixed);
    if (problem != std::errc{} || !std::isfinite(value)) return std::nullopt;
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  tl::unexpected<Error> error(const std::string& what) const {
    return fail("features.syntax", what, place_in(text_, at_), "For example: mean(label | user, last=10)");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} ? std::string(text.data(), end) : std::string();
}

std::string options_text(const Expression& expression) {
  std::string text;
  if (expression.window > 0)
    for (const auto& [unit, seconds] : units) {
      if (unit == 'w' || expression.window % seconds != 0) continue;  // weeks are written as days
      text += ", " + std::to_string(expression.window / seconds) + unit;
      break;
    }
  if (expression.last > 0 &&
      !(expression.function == Function::similar && expression.last == default_similar_last))
    text += ", last=" + std::to_string(expression.last);
  if (expression.weight != default_weight) text += ", w=" + number_text(expression.weight);
  return text;
}

}  // namespace

Result<Expression> parse_feature(std::string_view text) { return Parser(text).parse(); }

std::string canonical(const Expression& expression) {
  if (expression.function == Function::column) return expression.key[0];
  std::string text = std::string(names[static_cast<std::size_t>(expression.function)]) + "(";
  for (std::size_t p = 0; p < expression.parts.size(); ++p)
    text += (p ? ", " : "") + canonical(expression.parts[p]);
  if (expression.function == Function::bucket) text += ", " + std::to_string(expression.buckets);
  const bool implied = expression.value == "label" && (expression.function == Function::residual ||
                                                       expression.function == Function::similar);
  if (!expression.value.empty() && !implied) text += expression.value + " | ";
  for (std::size_t k = 0; k < expression.key.size(); ++k) text += (k ? "*" : "") + expression.key[k];
  return text + options_text(expression) + ")";
}

Result<std::string> canonical_feature(std::string_view expression) {
  auto parsed = parse_feature(expression);
  if (!parsed) return fail(parsed.error());
  return canonical(*parsed);
}

}  // namespace automodel::recsys
