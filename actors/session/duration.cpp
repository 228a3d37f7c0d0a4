#include "actors/session/duration.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace automodel::actors {
namespace {

double seconds_of(std::string_view unit) {
  if (unit == "ms") return 0.001;
  if (unit == "s") return 1;
  if (unit == "m" || unit == "min") return 60;
  if (unit == "h") return 3600;
  if (unit == "d") return 86400;
  return 0;
}

auto bad(std::string_view text) {
  return fail("usage.bad_duration", "'" + std::string(text) + "' is no span of time", {},
              "write it as 90s, 3m, 1h30m or 2.5h");
}

}  // namespace

Result<double> parse_duration(std::string_view text) {
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) return bad(text);
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(number) || number < 0) return bad(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view unit = rest.substr(0, rest.find_first_of("0123456789."));
    rest.remove_prefix(unit.size());
    const bool bare = unit.empty() && total == 0 && rest.empty();
    const double factor = bare ? 1 : seconds_of(unit);
    if (factor == 0) return bad(text);
    total += number * factor;
  }
  if (!(total > 0) || total > 366.0 * 86400) return bad(text);
  return total;
}

std::string duration_text(double seconds) {
  char text[48];
  if (!(seconds >= 0)) seconds = 0;
  const auto whole = static_cast<long long>(std::llround(std::min(seconds, 1e15)));
  if (seconds < 59.95)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%lld m %02lld s", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld h %02lld m", whole / 3600, whole % 3600 / 60);
  return text;
}

}  // namespace automodel::actors
