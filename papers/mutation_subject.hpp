// Private to mutations: what can be changed in a card.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "papers/compile.hpp"
#include "papers/interactions.hpp"

namespace automodel::papers {

/// An equation that can be said anew: its quantity has no other, and no index.
struct Equation {
  std::string key, name;  // of the quantity; short_name
  std::string left;       // LaTeX
  const Node* right = nullptr;
};

struct Subject {
  CompiledCard card;
  std::string answer;           // \hat{y}, LaTeX; empty where its equation cannot be said anew
  bool sigma = false;           // it is the sigma of the sum
  std::vector<Node> summands;   // of the answer; what is subtracted is a negation
  std::vector<Equation> equations;  // of which the answer depends, the answer's own last
  Writing writing;
};

/// Nothing where the card cannot be found or has problems.
std::optional<Subject> subject_of(const std::string& parent, const FindCard& find);

/// "fm" of y_fm, "pairs" of h_pairs, "z" of z.
std::string short_name(const std::string& name);

/// `tree` with `by` in the place of `old`, a node of it.
Node replaced(const Node& tree, const Node* old, const Node& by);
/// LaTeX that is known to parse, as a tree.
Node parsed(const std::string& latex);
/// Lists in brackets of two things or more, without an ellipsis: `[a; b]`.
std::vector<const Node*> joins_in(const Node& tree);
/// `[\mathbf{e}_1; \dots; \mathbf{e}_n]`, of all fields.
std::vector<const Node*> all_fields_in(const Node& tree, const Subject& subject);

}  // namespace automodel::papers
