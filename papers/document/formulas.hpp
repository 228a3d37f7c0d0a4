// Where the formulas of a Markdown text are. They are found before Markdown is read: it would take the
// underscores, bars, brackets and leading signs in them for its own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "papers/document/source.hpp"

namespace automodel::papers {

/// A formula, or a definition of a macro that stands in the text.
struct Formula {
  Span whole;     // with its delimiters
  MathText math;  // without them; `\begin{cases}` and the like stay
  bool definition = false;
};

/// `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, `\begin{align}` and its like, and `\newcommand`, `\def`,
/// `\DeclareMathOperator` outside of formulas, in order, from `begin` on; none in code spans and fenced code.
/// A formula ends before an empty line: one that is never closed is a problem. `\$` is a dollar.
std::vector<Formula> find_formulas(const std::string& text, std::size_t begin,
                                   std::vector<Problem>& problems);

/// `text` with every byte of a formula replaced by a letter.
std::string without_formulas(std::string text, const std::vector<Formula>& formulas);

}  // namespace automodel::papers
