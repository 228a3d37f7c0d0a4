// A goal and the data set that it is about, checked together before a node hears of them.
#pragma once

#include "actors/session/goal_text.hpp"
#include "base/error.hpp"
#include "events/codec.hpp"
#include "recsys/data/dataset.hpp"
#include "recsys/data/split.hpp"

namespace automodel::tools {

struct GoalCommands {
  events::CommandT register_dataset;  // to autofeature/main, first
  events::CommandT submit_goal;       // to coordinator/main
};

/// Fills in the data's name and hash, evaluates the label and cuts the slices. Errors: data.bad_label,
/// data.bad_ratios, data.no_time, goal.one_class where a slice has only positives or only negatives.
Result<GoalCommands> commands_for(const recsys::Dataset& data, events::GoalT goal);

}  // namespace automodel::tools
