// What a node's protocol is told once. Times are ticks: the shell says how long one is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "actors/cluster/channel.hpp"
#include "actors/cluster/rules.hpp"

namespace automodel::cluster {

struct ClusterOptions {
  std::string node;             // its name: what the directory says
  std::string identity;         // of its store; two nodes with one identity refuse each other
  Incarnation incarnation = 0;  // of this start

  // membership: silence, in ticks
  std::uint32_t suspect_after = 10;
  std::uint32_t unreachable_after = 30;
  std::uint32_t left_after = 6000;

  // commands
  std::size_t max_waiting = 65536;  // commands of this node's own that wait for answers; more are refused
  std::size_t max_stashed = 4096;   // commands of other nodes that wait for one agent that moves
  std::size_t max_train = 256;      // commands in one Ask
  std::size_t max_train_bytes = 1u << 20;
  std::uint32_t ask_again = 20;  // ticks without an answer; doubles each time
  std::uint32_t ask_again_at_most = 320;
  std::uint32_t look_up_again = 4;  // ticks between attempts to find an agent
  std::uint32_t max_hops = 2;

  // places
  std::size_t places_at_once = 1024;  // in one message
  std::uint32_t tell_again = 20;      // ticks until a peer that acknowledged nothing is told again

  // moves
  std::size_t max_moves = 4;     // away from this node at once
  std::size_t max_arrivals = 4;  // to this node at once
  std::size_t part_bytes = 1u << 20;
  std::size_t freeze_below = 256u << 10;  // bytes that are left to send: the agent is frozen
  std::uint32_t max_rounds = 64;          // parts before the freeze: then it freezes whatever is left
  std::uint32_t step_again = 8;           // ticks until a step that needs an answer is said again
  std::uint32_t give_up_after = 100;      // ticks without progress before the freeze
  std::uint32_t thaw_after = 60;          // ticks that an agent may be frozen before the move is abandoned

  Rules rules = {};
};

}  // namespace automodel::cluster
