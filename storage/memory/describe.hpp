// Events in plain words, for `explain`, live views and logs: one sentence or two that an engineer reads
// without the schema beside it.
#pragma once

#include <string>

#include "events/codec.hpp"

namespace automodel::storage {

/// "coordinator chose autotrain/c2/1 (search deepfm) out of 7 options: …; expected gain 0.004". Total: a kind
/// of a newer program gives its name.
std::string describe(const events::Recorded& event);

/// The events that this one gives as its reasons: evidence and, for an outcome, its decision; as references.
std::vector<std::string> evidence_of(const events::Recorded& event);

/// "deepfm (dim 16, lr 0.001) with 2 features: count(user), mean(label | item)".
std::string describe(const events::TrialConfigT& config);

}  // namespace automodel::storage
