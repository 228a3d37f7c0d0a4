// Which known name a mistyped one probably meant: for the hints of errors.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace automodel::recsys {

/// Levenshtein distance in characters.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// "did you mean 'auc'? known: auc, gauc, …" (the question only where some name is near).
std::string suggest(std::string_view wrong, std::span<const std::string> known);

}  // namespace automodel::recsys
