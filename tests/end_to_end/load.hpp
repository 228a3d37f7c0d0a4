// Commands from consoles, one console for each node, for as long as it lives; and what was answered to each.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/end_to_end/nodes.hpp"

namespace automodel::test {

/// What the events, by version of the coordinator's stream, show of commands that were lost or doubled or
/// came out of order, given the versions that each console was told; empty where all is well.
std::vector<std::string> wrong_commands(const std::vector<std::vector<std::uint64_t>>& told,
                                        const std::map<std::uint64_t, nlohmann::json>& events);

/// "resume" is the command: the coordinator writes exactly one GoalResumed for each, whose cause names it.
class Load {
 public:
  Load(const Nodes& nodes, std::chrono::milliseconds between);
  ~Load();
  void stop();

  std::size_t acknowledged() const { return acknowledged_; }
  /// The answer did not come, or was that nobody knows: carried out or not, but not twice.
  std::size_t unanswered() const { return unanswered_; }
  /// What a cluster may never answer, and `wrong_commands`. After `stop`.
  std::vector<std::string> wrong(const std::map<std::uint64_t, nlohmann::json>& events) const;

 private:
  void run(const std::string& endpoint, std::size_t console);

  std::chrono::milliseconds between_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> acknowledged_{0}, unanswered_{0};
  mutable std::mutex mutex_;  // of what follows
  std::vector<std::string> refused_;
  std::vector<std::vector<std::uint64_t>> versions_;  // that were acknowledged, by console
  std::vector<std::thread> threads_;
};

}  // namespace automodel::test
