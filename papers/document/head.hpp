// The TOML head of a card.
#pragma once

#include <string_view>
#include <vector>

#include "papers/document/card.hpp"

namespace automodel::papers {

/// `toml` begins at `offset` of the document. Problems: papers.head.
Head read_head(std::string_view toml, std::uint32_t offset, std::vector<Problem>& problems);

}  // namespace automodel::papers
