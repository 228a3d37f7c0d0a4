// Private to meaning: what a card takes away from the card that it extends.
#pragma once

#include <vector>

#include "papers/meaning/method.hpp"

namespace automodel::papers {

/// `remove = ["y_fm"]`: the quantity is 0 where it is a summand. Problems: papers.unknown_symbol,
/// papers.cannot_remove.
void remove_quantities(Method& method, std::vector<Problem>& problems);

}  // namespace automodel::papers
