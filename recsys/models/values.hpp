// Private to recsys: settings are text; these read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recsys/models/method.hpp"

namespace automodel::recsys {

/// The whole text as a finite number.
std::optional<double> to_number(std::string_view text);
/// "128,64": widths from 1 to 4096, at most 16 of them.
std::optional<std::vector<std::int64_t>> whole_list(std::string_view text);
/// A number in its shortest form.
std::string short_text(double value);

/// A setting that `complete_settings` has checked; 0 where there is none.
double number(const Settings& settings, const char* name);

}  // namespace automodel::recsys
