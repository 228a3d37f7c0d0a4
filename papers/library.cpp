#include "papers/library.hpp"

namespace automodel::papers {

std::optional<LibraryCard> find_in_library(std::string_view name) {
  for (const auto& card : library()) {
    if (card.name == name) return card;
  }
  return {};
}

}  // namespace automodel::papers
