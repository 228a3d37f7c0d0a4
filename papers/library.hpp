// The cards that come with the program: papers/library/*.md, kept in the program itself.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace automodel::papers {

struct LibraryCard {
  std::string_view name;  // of the method, as in the card's head
  std::string_view text;
};

/// By name.
const std::vector<LibraryCard>& library();
std::optional<LibraryCard> find_in_library(std::string_view name);

}  // namespace automodel::papers
