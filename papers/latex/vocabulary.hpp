// The commands that are understood, and what each is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "papers/latex/syntax.hpp"

namespace automodel::papers {

/// "varepsilon" -> "epsilon"; Greek letters and other signs that are names, such as \ell and \infty. Null:
/// not one of them.
const std::string* letter_name(std::string_view command);
/// "widehat" -> "hat": what is appended to the decorated letter.
const std::string* decoration(std::string_view command);
/// \mathbf, \mathcal, …; \mathrm and its like are `upright_words`.
std::optional<Font> font(std::string_view command);
/// \mathrm, \text, \operatorname, …: their argument is words. \mathit is one of them where it has several
/// letters.
bool upright_words(std::string_view command);
/// \tanh, \max: functions that LaTeX has commands for.
bool function_command(std::string_view command);
/// "sum", "prod", and those that are big where they have an index: "max", "min", "mean".
bool big_operator(std::string_view name);
bool big_with_index(std::string_view name);
/// "<", "le", "triangleq" -> "<", "<=", "="; "leftarrow" -> "<-". Of marks and of commands.
const std::string* relation(std::string_view mark_or_command);
/// Other spellings of one command: "leq" -> "le", "ldots" -> "dots", "Vert" -> "|".
std::string_view canonical(std::string_view command);
/// "≤" -> "le", "α" -> "alpha"; empty where the character is not known.
std::string_view of_character(std::string_view utf8);
/// \, \displaystyle and what else says nothing.
bool says_nothing(std::string_view command);
/// \label{…}, \tag{…}, \hspace{…}: say nothing, with their argument.
bool says_nothing_with_argument(std::string_view command);
/// Words between formulas: "where", "for all".
bool joins_statements(std::string_view words);
/// Everything of the above, for suggestions.
const std::vector<std::string>& known_commands();

}  // namespace automodel::papers
