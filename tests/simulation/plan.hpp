// What happens in one simulated run, drawn from a seed: commands, moves and faults, each at its time. A plan
// is a list, so that a failing one can be made smaller by leaving things out.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace automodel::cluster::simulation {

using Time = std::uint64_t;
constexpr Time tick_length = 10;

struct Action {
  enum class Kind : std::uint8_t {
    command,  // client `a` sends one to agent `b`, which then tells agent `c` (-1: nobody)
    repeat,   // client `a` sends a command again, from node `b`
    move,     // agent `a` to node `b`
    leave,    // node `a` empties itself
    crash,    // node `a` stops, for `length`; what was not synced is lost
    cut,  // nothing arrives from node `a` at node `b` (-1: at any, and nothing of any at it), for `length`
    slow_disk,  // of node `a`, for `length`
    full_disk,  // the same
  } kind = Kind::command;
  Time at = 0;
  int a = 0;
  int b = 0;
  int c = -1;
  Time length = 0;
};

struct Plan {
  std::uint64_t seed = 0;
  int nodes = 2;
  int agents = 1;
  int clients = 1;
  int loss = 0;        // per cent of batches
  int repetition = 0;  // the same
  int delay = 0;       // the same: much later, so that others overtake it
  bool patient =
      true;  // clients send many at once and wait for ever; else one at a time, and again when it fails
  bool stragglers = false;  // a frozen agent's last append may come to the store late
  Time faults_end = 0;
  std::vector<Action> actions;  // by time
};

Plan draw_plan(std::uint64_t seed);
std::string describe(const Plan& plan);

}  // namespace automodel::cluster::simulation
