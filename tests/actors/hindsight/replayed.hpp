// A scenario's history, judged again.
#pragma once

#include "actors/hindsight/hindsight.hpp"
#include "tests/actors/given_when_then.hpp"

namespace automodel::tests {

/// As a store would give them.
inline std::vector<events::Recorded> recorded(const std::string& stream,
                                              const std::vector<events::EventT>& history) {
  std::vector<events::Recorded> list;
  for (const auto& event : history) {
    events::Recorded one;
    one.stream = stream;
    one.version = list.size() + 1;
    one.sequence = 100 + one.version;
    one.time = 1'000'000'000;
    one.event = event;
    list.push_back(std::move(one));
  }
  return list;
}

inline actors::Hindsight judged(const std::vector<events::Recorded>& history,
                                const actors::Policy& policy = {}) {
  actors::Retrospect retrospect(policy);
  for (const auto& event : history) retrospect.see(event);
  return retrospect.account();
}

inline std::size_t decisions(const std::vector<events::Recorded>& history) {
  return static_cast<std::size_t>(std::count_if(history.begin(), history.end(), [](const auto& event) {
    return event.event.body.AsDecisionMade() != nullptr;
  }));
}

}  // namespace automodel::tests
