// Candidate features of a data set, from its profile alone: no column is known by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/generated.hpp"

namespace automodel::actors::autofeature {

struct Candidate {
  std::string feature;  // an expression of recsys/features/feature.hpp, in canonical form
  std::string why;
};

struct Family {
  std::string name;  // history-mean, history-count, history-value, similar, recency, popularity, …
  std::string why;
  double expected_gain = 0;  // in AUC, before there is any experience
  std::vector<Candidate> candidates;
};

/// Families with at most 8 candidates each, most promising first. Columns that the label is made of are left
/// out.
std::vector<Family> families(const events::KnownDatasetT& dataset, std::string_view label);

}  // namespace automodel::actors::autofeature
