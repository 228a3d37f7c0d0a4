// A document's text with places in it: every message of the compiler points at a line, with the formula and a caret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "papers/latex/syntax.hpp"

namespace automodel::papers {

/// The whole text of a card. `name` is for messages: the file's name or the library's method.
class Source {
 public:
  Source() = default;
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  /// Counted from 1. A column counts bytes.
  std::uint32_t line(std::uint32_t offset) const;
  std::uint32_t column(std::uint32_t offset) const;
  std::string_view text_of(Span span) const;
  std::string_view line_text(std::uint32_t line) const;

 private:
  std::string name_, text_;
  std::vector<std::uint32_t> line_starts_;
};

/// Something wrong or open at a place. `code` as in `Error`: papers.syntax, papers.unknown_symbol, papers.shape_conflict, …
struct Problem {
  std::string code;
  std::string message;
  Span span;
  std::vector<std::string> candidates;  // what could be meant; what a card could say
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// As compilers print it, several lines:
///   deepfm.md:14: the shapes differ: W_l x_l has (d), b_l has (k)
///      14 | $$ x_{l+1} = x_0 \odot (W_l x_l + b_l) + x_l $$
///         |                         ^~~~~~~~~~~~~
///      d is from line 9; k is from line 3      <- candidates, one a line
std::string describe(const Problem& problem, const Source& source);

/// A formula's LaTeX; byte i of `text` stands at `offsets[i]` in the document (offsets has one more: the end).
struct MathText {
  std::string text;
  std::vector<std::uint32_t> offsets;
  bool display = false;
};

struct Parsed {
  std::vector<Statement> statements;
  std::vector<Problem> problems;  // empty where all was understood
  std::size_t expanded = 0;       // what its macros cost of Limits::expansions
};

}  // namespace automodel::papers
