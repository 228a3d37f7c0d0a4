// The parts that events, commands and jobs must have, for tests to which it does not matter what they are.
#pragma once

#include <memory>

#include "events/codec.hpp"

namespace automodel::events::testing {

inline std::unique_ptr<DataRefT> some_data() {
  auto made = std::make_unique<DataRefT>();
  made->name = "movielens";
  made->hash = "d47a";
  return made;
}

inline std::unique_ptr<GoalT> some_goal() {
  auto made = std::make_unique<GoalT>();
  made->id = "goal-1";
  made->data = some_data();
  return made;
}

inline std::unique_ptr<EventRefT> some_event() {
  auto made = std::make_unique<EventRefT>();
  made->stream = "autotrain/main";
  made->version = 1;
  return made;
}

}  // namespace automodel::events::testing
