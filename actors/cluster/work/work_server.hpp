// This node's workers, for the agents of others: carries out their jobs, brings what these need here first,
// and stops what nobody waits for any more.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "actors/cluster/work/remote_workers.hpp"

namespace automodel::cluster {

class WorkServer {
 public:
  /// Before the link starts. One runner for each slot; each offers itself to every node that has agents.
  /// `link` and `fetcher` must outlive it.
  WorkServer(Link& link, Fetcher& fetcher, std::uint32_t slots, const actors::RunnerFactory& make_runner,
             WorkLimits limits = {});
  /// Stops.
  ~WorkServer();

  /// Says that there are no workers any more, cancels what runs, and waits for it. Safe to repeat.
  void stop();

  /// Jobs that run now.
  std::size_t running() const;

 private:
  struct Asked {
    PeerNumber peer = 0;
    std::uint64_t incarnation = 0;
    events::RunJobT what;
  };
  struct Slot {
    std::unique_ptr<actors::JobRunner> runner;
    std::thread thread;
    std::optional<Asked> now;    // what it carries out
    bool cancelled = false;      // that
    std::optional<bool> answer;  // of the owner, to the last progress
  };

  void ask_came(PeerNumber peer, events::RunJobT what);
  void cancel(PeerNumber peer, std::uint64_t run);
  void run_slot(Slot& slot);
  void offer(const PeerState& peer, std::uint32_t slots);
  void offer_all(std::uint32_t slots);
  void stop_unwanted();
  void watch();
  events::JobResultT carry_out(Slot& slot, const Asked& asked);
  Result<void> bring(const Asked& asked);
  bool go_on(Slot& slot, const Asked& asked, const events::JobProgressT& progress);
  bool wanted(const Asked& asked) const;
  void refuse(PeerNumber peer, std::uint64_t run, const Error& error);

  Link& link_;
  Fetcher& fetcher_;
  WorkLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Asked> queue_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::thread watcher_;
  bool stopping_ = false;
};

}  // namespace automodel::cluster
