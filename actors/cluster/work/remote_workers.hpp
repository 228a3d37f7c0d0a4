// Workers of other nodes as runners of this node's job pool. A job whose node is lost runs again elsewhere:
// the runner says so (`lost`), and the pool takes the job back.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "actors/cluster/files/fetcher.hpp"
#include "actors/runtime/job_pool.hpp"

namespace automodel::cluster {

struct WorkLimits {
  std::chrono::milliseconds lost_after{10000};  // without a word from the other node
  std::chrono::milliseconds grace{5000};  // between telling a job to stop and not waiting for it any more
};

class RemoteRunner;

class RemoteWorkers {
 public:
  /// `add` is told of each slot of each node that offers some, from the transport's thread: it must be quick.
  /// Nodes offer again and again: of one that was lost for a while and is back, the slots are there again.
  /// `link` and `fetcher` must outlive the runners.
  RemoteWorkers(Link& link, Fetcher& fetcher,
                std::function<void(std::shared_ptr<actors::JobRunner>, const std::string& node)> add,
                WorkLimits limits = {});
  /// Jobs under way are lost, now and from now on.
  void stop();

 private:
  friend class RemoteRunner;
  /// One try of one job at another node.
  struct Run {
    PeerNumber peer = 0;
    std::uint64_t incarnation = 0;
    std::deque<events::NodeBodyUnion> said;
  };

  /// What a peer offered last, and the runners that came of it.
  struct Offer {
    std::uint64_t incarnation = 0;
    std::uint32_t slots = 0;
    std::vector<std::weak_ptr<RemoteRunner>> runners;
  };

  void offered(PeerNumber peer, const events::WorkersOfferedT& offer);
  void heard(PeerNumber peer, std::uint64_t run, events::NodeBodyUnion body);
  std::uint64_t begin(PeerNumber peer, std::uint64_t incarnation);
  void end(std::uint64_t run);
  /// The next that was said of a run; nothing when the time is over or somebody was woken.
  std::optional<events::NodeBodyUnion> wait(std::uint64_t run, std::chrono::milliseconds time);
  void wake();
  bool is_lost(PeerNumber peer, std::uint64_t incarnation) const;

  Link& link_;
  Fetcher& fetcher_;
  std::function<void(std::shared_ptr<actors::JobRunner>, const std::string&)> add_;
  WorkLimits limits_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::map<std::uint64_t, Run> runs_;
  std::map<PeerNumber, Offer> offers_;
  std::uint64_t next_run_;
  bool stopped_ = false;
};

}  // namespace automodel::cluster
