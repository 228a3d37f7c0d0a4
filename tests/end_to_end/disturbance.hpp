// Moves of agents at random, and trouble at random moments of some of them; and what must hold after it.
#pragma once

#include <functional>
#include <random>

#include "tests/end_to_end/load.hpp"

namespace automodel::test {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise);

/// Agent and its node, as `node` sees them.
std::map<std::string, std::string> places(const Nodes& nodes, const std::string& node);

class Disturbance {
 public:
  /// What happens to a node, and its end: `pause` is for how long. May throw.
  using Trouble = std::function<void(const std::string& node, std::chrono::milliseconds pause)>;

  Disturbance(Nodes& nodes, std::uint64_t seed, std::uint64_t moves, std::uint64_t troubles, Trouble trouble);

  /// False where nothing moved for two minutes.
  bool run();
  std::uint64_t moved() const { return moved_; }
  std::uint64_t troubled() const { return troubled_; }
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  bool step(bool trouble);
  bool move(const std::string& owner, const std::string& agent, const std::string& target);

  Nodes& nodes_;
  std::mt19937_64 random_;
  std::uint64_t moves_, troubles_, moved_ = 0, troubled_ = 0;
  Trouble trouble_;
  std::map<std::string, std::string> agents_;  // where they are, as far as is known
  std::vector<std::string> known_;
  std::string last_refusal_;
};

/// SIGKILL, and a start after the pause.
Disturbance::Trouble kill_and_start(Nodes& nodes);

/// The whole of it: a load of commands, so many moves and troubles, then all that must hold. A failing run
/// leaves its stores and says where; the last line has the counts.
void check_under_load(Nodes& nodes, std::uint64_t seed, std::uint64_t moves, std::uint64_t troubles,
                      const Disturbance::Trouble& trouble);

}  // namespace automodel::test
