// A LaTeX document as one text: comments gone, other files taken in, macros replaced.
#pragma once

#include <string>
#include <vector>

#include "papers/reading/paper.hpp"

namespace automodel::papers {

/// Byte i of `text` stands at `offsets[i]` of the source; what a macro makes stands where it was used.
struct FlatText {
  std::string text;
  std::vector<std::uint32_t> offsets;

  /// The place of bytes [begin, end).
  Span span(std::size_t begin, std::size_t end) const;
};

/// Adds the files that it reads to `paper.source`, the macros' names and problems. Works off a stack of texts, never recursing.
FlatText flatten(Paper& paper, const FindFile& find, const PaperLimits& limits);

}  // namespace automodel::papers
