// Private to meaning: comparing and changing syntax trees.
#pragma once

#include <optional>
#include <string>

#include "papers/latex/syntax.hpp"

namespace automodel::papers {

/// Whether `letter` stands anywhere in it.
bool mentions(const Node& node, const std::string& letter);
/// With `letter` in place of every `old` letter.
Node with_letter(const Node& node, const std::string& old, const std::string& letter);

/// `first` and `last` of an enumeration `e_1, \dots, e_n`: the tree with `letter` where they differ, and what stands there.
/// Nothing where they are the same, or differ in more than one way.
struct Generalised {
  Node tree, low, high;
};
std::optional<Generalised> generalise(const Node& first, const Node& last, const std::string& letter);

}  // namespace automodel::papers
