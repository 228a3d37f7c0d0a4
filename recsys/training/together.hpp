// Private to training: what the processes of one training tell each other between steps. Where `group` is
// null there is one process, and nothing to tell.
#pragma once

#include <functional>

#include "recsys/evaluation/metrics.hpp"
#include "recsys/models/net.hpp"
#include "recsys/training/collective.hpp"

namespace automodel::recsys {

/// Every process takes the steps for itself, so their weights must stay the same bits. Errors:
/// training.processes_differ.
Result<void> compare_weights(Collective* group, Net& net, std::uint32_t epoch);

/// What rank 0 measures. Errors: those of `measure` there.
Result<Metrics> measured_by_first(Collective* group, const std::function<Result<Metrics>()>& measure);

/// Whether nobody wants to stop. `kept`: whether this process could keep the state. Errors: that of `kept`,
/// anywhere.
Result<bool> all_go_on(Collective* group, const Result<void>& kept, bool go_on);

}  // namespace automodel::recsys
