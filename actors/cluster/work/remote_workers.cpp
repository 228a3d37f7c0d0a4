#include "actors/cluster/work/remote_workers.hpp"

#include <algorithm>

#include "actors/cluster/work/artifacts_of.hpp"
#include "actors/runtime/log.hpp"

namespace automodel::cluster {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint32_t most_slots = 1024;  // of one node
constexpr auto look_around = std::chrono::milliseconds(200);

}  // namespace

/// One slot of one start of another node.
class RemoteRunner final : public actors::JobRunner {
 public:
  RemoteRunner(RemoteWorkers& workers, PeerNumber peer, std::uint64_t incarnation, std::string node)
      : workers_(workers), peer_(peer), incarnation_(incarnation), node_(std::move(node)) {}

  events::JobResultT run(const events::JobT& job, const actors::ProgressSink& progress) override {
    const std::uint64_t run = workers_.begin(peer_, incarnation_);
    auto result = attempt(run, job, progress);
    workers_.end(run);
    {
      const std::lock_guard lock(workers_.mutex_);
      cancelled_.erase(job.id);
    }
    if (result) return std::move(*result);
    lost_ = true;
    actors::log().warn("job {} is lost with node {} and runs again: {}", job.id, node_,
                       to_string(result.error()));
    return actors::failed_job(job.id, result.error());
  }

  void cancel(const std::string& job) override {
    {
      const std::lock_guard lock(workers_.mutex_);
      cancelled_.insert(job);
    }
    workers_.wake();
  }

  bool lost() const override { return lost_; }

 private:
  bool cancelled(const std::string& job) const {
    const std::lock_guard lock(workers_.mutex_);
    return cancelled_.contains(job);
  }

  /// An error means: not carried out, as far as this node will ever know.
  Result<events::JobResultT> attempt(std::uint64_t run, const events::JobT& job,
                                     const actors::ProgressSink& progress) {
    if (workers_.is_lost(peer_, incarnation_)) return gone();
    events::RunJobT ask;
    ask.run = run;
    ask.job = std::make_unique<events::JobT>(job);
    if (auto sent = workers_.link_.send(peer_, std::move(ask), workers_.limits_.lost_after); !sent) {
      const bool unfit =
          sent.error().code == "events.incomplete" || sent.error().code == "cluster.message_too_large";
      if (unfit) return actors::failed_job(job.id, sent.error());  // no other node would take it
      return fail(sent.error());
    }
    std::optional<Clock::time_point> stop_by;
    for (;;) {
      if (cancelled(job.id) && !stop_by) {
        stop_by = Clock::now() + workers_.limits_.grace;
        if (auto told = tell(events::RunCancelledT{}, run); !told) return fail(told.error());
      }
      if (stop_by && Clock::now() > *stop_by) return events::JobResultT{};  // nobody wants it any more
      auto said = workers_.wait(run, look_around);
      if (!said && workers_.is_lost(peer_, incarnation_)) return gone();
      if (!said) continue;
      if (auto* finished = said->AsRunFinished()) return take(job, std::move(*finished->result));
      if (const auto* epoch = said->AsRunProgressed()) {
        events::RunAnsweredT answer;
        answer.go_on = progress(*epoch->progress) && !cancelled(job.id);
        if (auto told = tell(answer, run); !told) return fail(told.error());
      }
    }
  }

  /// What the result names is here before anybody hears of it. Where it cannot be had though the node is
  /// there, that is how the job ended: to run it again would help nobody.
  Result<events::JobResultT> take(const events::JobT& job, events::JobResultT result) {
    for (const std::string& hash : artifacts_made(result)) {
      const auto fetched = workers_.fetcher_.artifact(peer_, hash);
      if (fetched) continue;
      const std::string& code = fetched.error().code;
      if (code == "cluster.unreachable" || code == "cluster.stopped") return fail(fetched.error());
      return actors::failed_job(job.id, fetched.error());
    }
    return result;
  }

  template <class T>
  Result<void> tell(T body, std::uint64_t run) {
    body.run = run;
    return workers_.link_.send(peer_, std::move(body), workers_.limits_.lost_after);
  }

  static tl::unexpected<Error> gone() { return fail("cluster.worker_lost", "nothing was heard of it"); }

  RemoteWorkers& workers_;
  PeerNumber peer_;
  std::uint64_t incarnation_;
  std::string node_;
  std::atomic<bool> lost_{false};
  std::set<std::string> cancelled_;
};

RemoteWorkers::RemoteWorkers(Link& link, Fetcher& fetcher,
                             std::function<void(std::shared_ptr<actors::JobRunner>, const std::string&)> add,
                             WorkLimits limits)
    : link_(link),
      fetcher_(fetcher),
      add_(std::move(add)),
      limits_(limits),
      // No other start of this node used these numbers: incarnations are nanoseconds.
      next_run_(link.transport().self().incarnation) {
  link_.on(events::NodeBody::WorkersOffered, [this](PeerNumber peer, events::NodeMessageT message) {
    offered(peer, *message.body.AsWorkersOffered());
  });
  link_.on(events::NodeBody::RunProgressed, [this](PeerNumber peer, events::NodeMessageT message) {
    const auto run = message.body.AsRunProgressed()->run;
    heard(peer, run, std::move(message.body));
  });
  link_.on(events::NodeBody::RunFinished, [this](PeerNumber peer, events::NodeMessageT message) {
    const auto run = message.body.AsRunFinished()->run;
    heard(peer, run, std::move(message.body));
  });
}

void RemoteWorkers::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void RemoteWorkers::wake() { changed_.notify_all(); }

void RemoteWorkers::offered(PeerNumber number, const events::WorkersOfferedT& told) {
  const auto peer = link_.peer(number);
  if (!peer) return;
  std::vector<std::shared_ptr<RemoteRunner>> made;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    Offer& offer = offers_[number];
    if (offer.incarnation != peer->incarnation) offer = {peer->incarnation, 0, {}};
    offer.slots = std::min(told.slots, most_slots);
    std::erase_if(offer.runners, [](const auto& runner) {
      const auto there = runner.lock();
      return !there || there->lost();
    });
    while (offer.runners.size() < offer.slots) {
      made.push_back(std::make_shared<RemoteRunner>(*this, number, peer->incarnation, peer->node));
      offer.runners.push_back(made.back());
    }
    changed_.notify_all();  // a node that offers none any more has stopped
  }
  if (!made.empty()) actors::log().info("node {} offers {} workers", peer->node, made.size());
  for (auto& runner : made) add_(std::move(runner), peer->node);
}

void RemoteWorkers::heard(PeerNumber peer, std::uint64_t number, events::NodeBodyUnion body) {
  {
    const std::lock_guard lock(mutex_);
    const auto run = runs_.find(number);
    if (run != runs_.end() && run->second.peer == peer) {
      run->second.said.push_back(std::move(body));
      changed_.notify_all();
      return;
    }
  }
  // Given up here meanwhile: it need not go on.
  if (body.type != events::NodeBody::RunProgressed) return;
  events::RunCancelledT cancelled;
  cancelled.run = number;
  static_cast<void>(link_.send(peer, cancelled));
}

std::uint64_t RemoteWorkers::begin(PeerNumber peer, std::uint64_t incarnation) {
  const std::lock_guard lock(mutex_);
  runs_[++next_run_] = {peer, incarnation, {}};
  return next_run_;
}

void RemoteWorkers::end(std::uint64_t run) {
  const std::lock_guard lock(mutex_);
  runs_.erase(run);
}

std::optional<events::NodeBodyUnion> RemoteWorkers::wait(std::uint64_t run, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  auto& said = runs_.at(run).said;
  if (said.empty()) changed_.wait_for(lock, time);
  if (said.empty()) return std::nullopt;
  auto next = std::move(said.front());
  said.pop_front();
  return next;
}

bool RemoteWorkers::is_lost(PeerNumber number, std::uint64_t incarnation) const {
  {
    const std::lock_guard lock(mutex_);
    const auto offer = offers_.find(number);
    if (stopped_ || offer == offers_.end() || offer->second.slots == 0) return true;
  }
  const auto peer = link_.peer(number);
  if (!peer || peer->incarnation != incarnation) return true;
  return peer->silent_ticks * link_.transport().tick() > limits_.lost_after;
}

}  // namespace automodel::cluster
