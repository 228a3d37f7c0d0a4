// The tokens of a formula without what only pleases the eye.
#pragma once

#include "papers/latex/token.hpp"

namespace automodel::papers {

/// Leaves out spacing, sizes, labels; spells commands in one way (`canonical`); joins `\left(` to `(`,
/// `\left|` to \lvert, `:=` to
/// `=`, `\mathrm{deep}` to one name, `\begin{cases}` to one token; environments that only align become `\\`;
/// line breaks and `&` beside an operator, outside of cases and matrices, go. Always ends with a token of
/// type `end`.
Tokens tidy(Tokens tokens, std::vector<Problem>& problems);

}  // namespace automodel::papers
