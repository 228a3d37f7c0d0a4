// Cards that change another card in one place: the steps of a search over equations.
#pragma once

#include <string>
#include <vector>

#include "papers/document/family.hpp"

namespace automodel::papers {

/// A card that `extends` its parent.
struct Mutation {
  std::string name;    // the method's: deepfm-with-cross, deepfm-without-fm, deepfm-cross-for-fm, deepfm-gating-deep
  std::string change;  // in words: "adds cross layers over the embeddings to the answer"
  std::string text;    // the card, at most 64 KiB
};

/// Every card that is one step from `parent` and compiles: an interaction of the fields' embeddings added to the answer, put in
/// place of one of its summands, or a summand taken away; a defined vector or summand that passes a learnt gate. Each step works
/// on the argument of the answer's sigma; a card whose answer is no sigma of a sum has none. In a fixed order, without two of
/// one name. `find` gives what the parent extends, and the parent itself. Depth and width are no steps: they are hyper-parameters.
std::vector<Mutation> mutations_of(const std::string& parent, const FindCard& find);

}  // namespace automodel::papers
