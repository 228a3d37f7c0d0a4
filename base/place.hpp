// Where in a text that a person wrote something is wrong, for the `where` of an Error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace automodel {

/// "column 7 of 'mean(user)'": in one line, whatever the text holds. Columns count bytes from 1; of a long
/// text the part around the place is shown.
std::string place_in(std::string_view text, std::size_t at);

}  // namespace automodel
