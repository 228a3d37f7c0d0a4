// Private to meaning: what a card adds to the loss of its task.
#pragma once

#include <string>

#include "papers/meaning/method.hpp"

namespace automodel::papers {

/// Of \mathcal{L}.
constexpr const char* kLossKey = "cal:L";

/// `\mathcal{L} = \mathcal{L}_\mathrm{task} + x` becomes `\mathcal{L} = x`; a change of what another card adds, with
/// `\leftarrow`, stays. Else says what is wrong.
std::string keep_what_is_added(Definition& definition, const Naming& naming);

}  // namespace automodel::papers
