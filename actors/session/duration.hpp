// Spans of time as people write them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace automodel::actors {

/// "90s", "3m", "1h30m", "2.5h", "500ms", "1d"; a bare number is seconds. Returns seconds, above zero and at
/// most a year. Errors: usage.bad_duration.
Result<double> parse_duration(std::string_view text);

/// "3 m 05 s", "12.3 s", "1 h 02 m".
std::string duration_text(double seconds);

}  // namespace automodel::actors
