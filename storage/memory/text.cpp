// The small text helpers of query.hpp: natural order, times, mistyped names.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "storage/memory/query.hpp"

namespace automodel::storage {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// The run of digits at `at`, without leading zeros.
std::string_view digits(std::string_view text, std::size_t at, std::size_t& end) {
  end = at;
  while (end < text.size() && digit(text[end])) ++end;
  while (at + 1 < end && text[at] == '0') ++at;
  return text.substr(at, end - at);
}

/// Levenshtein's distance, one row at a time.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

int natural_compare(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      std::size_t a_end = 0, b_end = 0;
      const auto x = digits(a, i, a_end), y = digits(b, j, b_end);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
      if (const int c = x.compare(y); c != 0) return c;
      i = a_end;
      j = b_end;
    } else {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]) ? -1 : 1;
      ++i;
      ++j;
    }
  }
  if (i < a.size()) return 1;
  return j < b.size() ? -1 : 0;
}

std::string time_text(std::int64_t nanoseconds) {
  using namespace std::chrono;
  const sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(nanoseconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  using namespace std::chrono;
  int y = 0, minute = 0, second = 0, hour = 0, used = 0;
  unsigned m = 0, d = 0;
  std::string copy(text);
  if (copy.ends_with("Z")) copy.pop_back();
  const int size = static_cast<int>(copy.size());
  const bool whole =
      (std::sscanf(copy.c_str(), "%4d-%2u-%2u%n", &y, &m, &d, &used) == 3 && used == size) ||
      (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d%n", &y, &m, &d, &hour, &minute, &used) == 5 &&
       used == size) ||
      (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &y, &m, &d, &hour, &minute, &second, &used) ==
           6 &&
       used == size);
  const year_month_day date{year(y), month(m), day(d)};
  if (!whole || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  if (y < 1970 || y > 2200) return std::nullopt;  // beyond, 64 bits of nanoseconds end
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return duration_cast<nanoseconds>(time.time_since_epoch()).count();
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t fewest = name.size() / 3 + 2;
  for (const auto& candidate : known)
    if (auto count = edits(name, candidate); count < fewest) fewest = count, best = &candidate;
  return best ? *best : std::string();
}

}  // namespace automodel::storage
