// A document's text with places in it: every message of the compiler points at a line, with the formula and a caret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "papers/latex/syntax.hpp"

namespace automodel::papers {

/// The whole text of a card, and behind it those of the cards that it extends: places are bytes of all of them together. Names are
/// for messages: the file's name or the library's method.
class Source {
 public:
  Source() = default;
  Source(std::string name, std::string text);

  /// Gives the place of its first byte.
  std::uint32_t append(std::string name, const std::string& text);

  /// Of the card itself, or of the document that has the place.
  const std::string& name(std::uint32_t offset = 0) const { return documents_[document(offset)].name; }
  /// 0: the card itself; 1: what it extends; …
  std::size_t document(std::uint32_t offset) const;
  const std::string& text() const { return text_; }
  /// Counted from 1, in its document. A column counts bytes.
  std::uint32_t line(std::uint32_t offset) const;
  std::uint32_t column(std::uint32_t offset) const;
  /// "line 12", "line 12 of deepfm": for messages.
  std::string place(std::uint32_t offset) const;
  std::string_view text_of(Span span) const;
  /// Of the card itself.
  std::string_view line_text(std::uint32_t line) const;
  std::string_view line_text_at(std::uint32_t offset) const;

 private:
  struct Document {
    std::string name;
    std::uint32_t begin = 0, first_line = 0;  // first_line: into line_starts_
  };
  std::size_t line_index(std::uint32_t offset) const;

  std::string text_;
  std::vector<Document> documents_ = {{}};
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
