// \newcommand and its like: definitions are taken in, uses are replaced.
#pragma once

#include "papers/latex/parser.hpp"
#include "papers/latex/token.hpp"

namespace automodel::papers {

/// `tokens` without definitions (which go to `macros`) and with every use of a macro replaced by what it
/// stands for, at the place of the use; arguments keep their own places. `work` is what may yet be spent: an
/// expansion costs one and one more for every token of what it stands for. It is lowered; at zero, or at the
/// first error, a problem is added and the rest is left out.
Tokens expand(Tokens tokens, Macros& macros, std::size_t& work, std::vector<Problem>& problems);

}  // namespace automodel::papers
