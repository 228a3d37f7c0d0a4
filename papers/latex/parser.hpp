// LaTeX mathematics as papers write it -> statements. Reads untrusted text: no recursion deeper than `Limits::depth`, no
// time that grows faster than the text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "papers/document/source.hpp"
#include "papers/latex/syntax.hpp"

namespace automodel::papers {

/// \newcommand's of a document: name without backslash -> number of arguments and body.
struct Macro {
  std::uint8_t arguments = 0;
  std::string body;
};
using Macros = std::map<std::string, Macro>;

struct Limits {
  std::size_t depth = 100;          // of nested groups
  std::size_t nodes = 20'000;       // in one formula
  std::size_t bytes = 64 * 1024;    // of one formula
  std::size_t expansions = 10'000;  // of macros in one formula, and tokens that they make
  std::size_t chain = 500;          // of + - \odot / and the like in one formula: its tree grows a level with each
  std::size_t problems = 20;        // of one formula
};

/// Statements of one formula (without its dollar signs), in order. Definitions (\newcommand, \def with #1) inside are added to
/// `macros`. Errors: papers.syntax, papers.too_large, as `Problem`s with their place.
Parsed parse_formula(const MathText& formula, Macros& macros, const Limits& limits = {});

}  // namespace automodel::papers
