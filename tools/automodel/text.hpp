// Small things for text that people read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace automodel::tools {

/// Columns that UTF-8 text takes, one a code point.
std::size_t columns(std::string_view text);
/// Cut to `width` columns, with … where something is missing. Control characters become spaces.
std::string clip(std::string_view text, std::size_t width);
/// Padded with spaces to `width` columns, at the right or at the left.
std::string pad_right(std::string text, std::size_t width);
std::string pad_left(std::string text, std::size_t width);
/// "0.8412" with `digits` after the point.
std::string fixed(double value, int digits);
/// "100,004".
std::string grouped(std::uint64_t value);
/// Rows of cells with aligned columns, two spaces between; the first row is the head, with a line under it.
std::string table_text(const std::vector<std::vector<std::string>>& rows);
/// "2016-10-17 12:00:00" in UTC.
std::string time_text(std::int64_t nanoseconds);

}  // namespace automodel::tools
