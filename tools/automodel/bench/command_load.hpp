// Commands at a fixed rate, and how long each waited for its answer.
#pragma once

#include <atomic>
#include <caf/actor_system.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/cluster/agents/cluster_actor.hpp"

namespace automodel::tools {

class CommandLoad {
 public:
  using Clock = std::chrono::steady_clock;
  struct Answered {
    Clock::time_point due;  // when it was to be sent: one that is sent late has waited, too
    double seconds = 0;     // from then until its answer
  };

  /// Begins at once: `rate` a second, in turn from so many senders.
  CommandLoad(caf::actor_system& system, cluster::ClusterActor cluster, std::string agent, double rate,
              unsigned senders);
  ~CommandLoad();

  /// Sends no more, and waits for the answers that are missing. Errors: bench.lost, with the first refusal.
  Result<void> finish();
  std::uint64_t sent() const { return sent_; }
  /// Those that were due in this time and are answered.
  std::vector<Answered> between(Clock::time_point from, Clock::time_point until) const;

 private:
  struct Shared;
  void send(std::stop_token stop);
  std::shared_ptr<Shared> shared_;
  caf::actor sender_;
  double rate_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::jthread thread_;
};

}  // namespace automodel::tools
