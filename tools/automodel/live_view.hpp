// What evolve shows while it works. Pure: events fold into a state, a state becomes lines; who prints them is
// not decided here (live_terminal.hpp, commands/evolve.cpp).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "events/codec.hpp"

namespace automodel::tools {

struct LiveTrial {
  std::string method;
  std::string purpose;
  std::uint32_t epoch = 0;
  std::uint32_t max_epochs = 0;
  std::vector<double> values;  // of the goal's metric, one an epoch, over all rungs
};

struct LiveState {
  std::string goal;
  std::string data;
  std::string metric = "auc";
  double budget_seconds = 0;
  std::uint32_t max_trials = 0;
  std::uint32_t cycle = 0;
  double seconds_left = 0;       // when `left_at` was
  std::int64_t left_at = 0;      // UTC, ns; 0: unknown
  std::int64_t last_time = 0;    // of the last event seen
  std::set<std::string> trials;  // started; a trial that goes on in a later rung is still one
  std::uint32_t features_kept = 0;
  std::uint32_t features_retired = 0;
  std::map<std::string, LiveTrial> running;
  std::string champion;  // model; empty until one is promoted
  std::string champion_method;
  std::vector<double> champion_values;  // of each champion in turn
  std::deque<std::string> recent;       // newest last, at most 6
  std::string state = "starting";       // starting, running, paused, reporting, finished
  std::string reason;                   // why it finished
};

/// Folds one event of the goal's history. Events of other goals are left out.
void observe(LiveState& state, const events::Recorded& event);

/// One plain sentence for an event that is worth a line, else empty. `state` has not seen the event yet.
std::string noteworthy(const LiveState& state, const events::Recorded& event);

/// At most 20 lines of at most `width` columns. `now`: UTC, ns. `color`: with ANSI colours.
std::vector<std::string> render(const LiveState& state, std::int64_t now, std::size_t width, bool color);

/// "▁▂▃▅█": the last `width` values from the lowest to the highest; equal values lie low.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace automodel::tools
