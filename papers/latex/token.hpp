// LaTeX as tokens with their places: what a macro's body and a formula are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "papers/document/source.hpp"
#include "papers/latex/syntax.hpp"

namespace automodel::papers {

struct Token {
  enum class Type : std::uint8_t {
    letter,     // one Latin letter
    digit,      // one digit
    mark,       // any other character; text is its UTF-8
    command,    // \name: text is the name, or the one character behind the backslash
    open,       // {
    close,      // }
    parameter,  // #1 in a macro's body: text is the digit
    name,       // after `tidy`: upright words, `\mathrm{deep}` or `\text{where}`; text is what they say
    begin,      // after `tidy`: \begin{text}
    finish,     // after `tidy`: \end{text}
    end,        // behind the last one
  };
  Type type = Type::end;
  Font font = Font::upright;  // of a name: \mathit{…} is italic
  bool spaced = false;        // white space stands before it
  std::string text;
  Span span;

  bool is(Type wanted, std::string_view said) const { return type == wanted && text == said; }
  bool is_command(std::string_view said) const { return is(Type::command, said); }
  bool is_mark(std::string_view said) const { return is(Type::mark, said); }
};
using Tokens = std::vector<Token>;

/// Comments (% to the end of the line) are left out. Every token stands where `formula.offsets` says.
Tokens lex(const MathText& formula);
/// The body of a macro: all its tokens stand at `place`, where the macro was used.
Tokens lex(std::string_view body, Span place);
/// LaTeX that `lex` makes the same tokens of.
std::string spell(const Token& token);

}  // namespace automodel::papers
