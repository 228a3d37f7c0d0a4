// The paragraphs of a Markdown text, each the running text and the formulas in it.
#pragma once

#include <string>
#include <vector>

#include "papers/document/formulas.hpp"

namespace automodel::papers {

/// Running text, or the formula with this number.
struct Run {
  std::string text;             // white space collapsed to one blank
  std::ptrdiff_t formula = -1;  // index into the formulas; -1: text
  Span span;
};

/// Paragraphs, headings, list items and table cells of `text` from `begin` on, in order. Code is left out;
/// formulas in it are none. False: md4c had no memory.
bool read_markdown(const std::string& text, std::size_t begin, const std::vector<Formula>& formulas,
                   std::vector<std::vector<Run>>& paragraphs);

}  // namespace automodel::papers
