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

/// Every card that is one step from `parent`, compiles, and whose program is another. Of the answer, the argument of its sigma or the
/// score itself: an interaction (of the fields' embeddings; of the user, the candidate and the history) added, put in place of a
/// summand, or a summand taken away. Of what is laid out side by side for a network: an interaction's vector added, or a part taken
/// away. In place of the fields' embeddings: what an interaction makes of them, so that two methods are stacked. Of a defined
/// vector, family or summand: a learnt gate that it passes, and of a recurrence one between a round and the one before. Of hidden
/// layers and rounds: more of them, or wider ones, than the card's own choices offer. In a fixed order, without two of one name.
/// `find` gives what the parent extends, and the parent itself.
std::vector<Mutation> mutations_of(const std::string& parent, const FindCard& find);

}  // namespace automodel::papers
