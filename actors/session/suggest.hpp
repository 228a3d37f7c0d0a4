// What somebody who mistyped a word may have meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace automodel::actors {

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment;
/// Damerau 1964).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word nearest to `word`, ignoring case; empty where none is near (more than a third of its
/// letters differ, and it is no beginning of a known word).
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// A hint: "did you mean 'evolve'?", else "known: a, b, c"; empty where nothing is known.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace automodel::actors
