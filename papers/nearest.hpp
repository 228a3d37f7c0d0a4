// What could have been meant by a word that nobody knows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace automodel::papers {

/// The known words with the fewest changes from `word`, at most `count`, nearest first; none where nothing is
/// near (more than a third of its letters differ) or the word is longer than anybody's.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known,
                                 std::size_t count = 1);

}  // namespace automodel::papers
