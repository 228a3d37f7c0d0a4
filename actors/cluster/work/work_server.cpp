#include "actors/cluster/work/work_server.hpp"

#include <algorithm>
#include <utility>

#include "actors/cluster/work/artifacts_of.hpp"
#include "actors/runtime/log.hpp"

namespace automodel::cluster {
namespace {

constexpr auto look_around = std::chrono::milliseconds(200);
constexpr std::uint64_t offer_every = 5;  // of these rounds

}  // namespace

WorkServer::WorkServer(Link& link, Fetcher& fetcher, std::uint32_t slots,
                       const actors::RunnerFactory& make_runner, WorkLimits limits)
    : link_(link), fetcher_(fetcher), limits_(limits) {
  link_.on(events::NodeBody::RunJob, [this](PeerNumber peer, events::NodeMessageT message) {
    ask_came(peer, std::move(*message.body.AsRunJob()));
  });
  link_.on(events::NodeBody::RunCancelled, [this](PeerNumber peer, events::NodeMessageT message) {
    cancel(peer, message.body.AsRunCancelled()->run);
  });
  link_.on(events::NodeBody::RunAnswered, [this](PeerNumber peer, events::NodeMessageT message) {
    const auto& told = *message.body.AsRunAnswered();
    const std::lock_guard lock(mutex_);
    for (const auto& slot : slots_)
      if (slot->now && slot->now->peer == peer && slot->now->what.run == told.run) slot->answer = told.go_on;
    changed_.notify_all();
  });
  link_.on_greeted([this, slots](const PeerState& peer, bool) {
    const std::lock_guard lock(mutex_);
    if (!stopping_) offer(peer, slots);
  });
  for (std::uint32_t i = 0; i < slots; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->runner = make_runner();
  }
  for (const auto& slot : slots_) slot->thread = std::thread([this, &slot = *slot] { run_slot(slot); });
  watcher_ = std::thread([this] { watch(); });
}

void WorkServer::offer(const PeerState& peer, std::uint32_t slots) {
  if (std::ranges::find(peer.roles, "agents") == peer.roles.end()) return;
  events::WorkersOfferedT told;
  told.slots = slots;
  static_cast<void>(link_.send(peer.number, told));  // a peer that takes nothing now hears the next one
}

void WorkServer::offer_all(std::uint32_t slots) {
  for (const PeerState& peer : link_.transport().peers())
    if (peer.silent_ticks * link_.transport().tick() <= limits_.lost_after) offer(peer, slots);
}

WorkServer::~WorkServer() { stop(); }

void WorkServer::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    queue_.clear();
    for (const auto& slot : slots_)
      if (slot->now) slot->runner->cancel(slot->now->what.job->id);
    changed_.notify_all();
  }
  watcher_.join();  // it offers no more
  offer_all(0);
  fetcher_.stop();
  for (const auto& slot : slots_) slot->thread.join();
}

std::size_t WorkServer::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& slot) { return slot->now.has_value(); }));
}

void WorkServer::refuse(PeerNumber peer, std::uint64_t run, const Error& error) {
  events::RunFinishedT finished;
  finished.run = run;
  finished.result = std::make_unique<events::JobResultT>(actors::failed_job({}, error));
  static_cast<void>(link_.send(peer, std::move(finished)));  // it will see that nothing comes
}

void WorkServer::ask_came(PeerNumber number, events::RunJobT what) {
  const auto peer = link_.peer(number);
  if (!peer) return;
  std::unique_lock lock(mutex_);
  if (stopping_) return;
  const bool known =
      std::ranges::any_of(queue_,
                          [&](const Asked& a) { return a.peer == number && a.what.run == what.run; }) ||
      std::ranges::any_of(slots_, [&](const auto& s) {
        return s->now && s->now->peer == number && s->now->what.run == what.run;
      });
  if (known) return;
  // Each owner gives a slot one job at a time: more than that is no queue that anybody meant.
  const auto waiting = static_cast<std::size_t>(
      std::ranges::count_if(queue_, [&](const Asked& a) { return a.peer == number; }));
  if (waiting >= slots_.size()) {
    lock.unlock();
    return refuse(number, what.run, {"cluster.busy", "more jobs than there are workers", {}, {}});
  }
  queue_.push_back({number, peer->incarnation, std::move(what)});
  changed_.notify_all();
}

void WorkServer::cancel(PeerNumber peer, std::uint64_t run) {
  const std::lock_guard lock(mutex_);
  std::erase_if(queue_, [&](const Asked& asked) { return asked.peer == peer && asked.what.run == run; });
  for (const auto& slot : slots_) {
    if (!slot->now || slot->now->peer != peer || slot->now->what.run != run || slot->cancelled) continue;
    slot->cancelled = true;
    slot->runner->cancel(slot->now->what.job->id);
  }
  changed_.notify_all();
}

bool WorkServer::wanted(const Asked& asked) const {
  const auto peer = link_.peer(asked.peer);
  return peer && peer->incarnation == asked.incarnation &&
         peer->silent_ticks * link_.transport().tick() <= limits_.lost_after;
}

/// Jobs whose owner is lost are stopped: it gives them to others, and their results would go nowhere.
void WorkServer::stop_unwanted() {
  std::vector<Asked> open;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& slot : slots_) {
      if (!slot->now || slot->cancelled) continue;
      open.push_back({slot->now->peer, slot->now->incarnation, {}});
      open.back().what.run = slot->now->what.run;
    }
  }
  for (const Asked& asked : open)
    if (!wanted(asked)) cancel(asked.peer, asked.what.run);
}

void WorkServer::watch() {
  const auto slots = static_cast<std::uint32_t>(slots_.size());
  for (std::uint64_t round = 1;; ++round) {
    stop_unwanted();
    if (round % offer_every == 0) offer_all(slots);
    const auto next = std::chrono::steady_clock::now() + look_around;
    std::unique_lock lock(mutex_);
    if (changed_.wait_until(lock, next, [this] { return stopping_; })) return;
  }
}

void WorkServer::run_slot(Slot& slot) {
  for (;;) {
    Asked asked;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      asked = std::move(queue_.front());
      queue_.pop_front();
      slot.now.emplace();
      slot.now->peer = asked.peer;
      slot.now->incarnation = asked.incarnation;
      slot.now->what = asked.what;
      slot.cancelled = false;
      slot.answer.reset();
    }
    events::RunFinishedT finished;
    finished.run = asked.what.run;
    finished.result = std::make_unique<events::JobResultT>(carry_out(slot, asked));
    bool tell = false;
    {
      const std::lock_guard lock(mutex_);
      tell = !stopping_ && !slot.cancelled;
      slot.now.reset();
    }
    if (!tell) continue;
    if (auto sent = link_.send(asked.peer, std::move(finished), limits_.lost_after); !sent)
      actors::log().warn("the result of job {} cannot be told: {}", asked.what.job->id,
                         to_string(sent.error()));
  }
}

Result<void> WorkServer::bring(const Asked& asked) {
  const events::JobT& job = *asked.what.job;
  if (auto here = fetcher_.data_set(asked.peer, job.data->name, job.data->hash); !here) return here;
  for (const std::string& hash : artifacts_read(job))
    if (auto here = fetcher_.artifact(asked.peer, hash); !here) return here;
  return {};
}

events::JobResultT WorkServer::carry_out(Slot& slot, const Asked& asked) {
  const events::JobT& job = *asked.what.job;
  if (auto here = bring(asked); !here) return actors::failed_job(job.id, here.error());
  return slot.runner->run(job,
                          [&](const events::JobProgressT& progress) { return go_on(slot, asked, progress); });
}

bool WorkServer::go_on(Slot& slot, const Asked& asked, const events::JobProgressT& progress) {
  {
    const std::lock_guard lock(mutex_);
    slot.answer.reset();
  }
  events::RunProgressedT epoch;
  epoch.run = asked.what.run;
  epoch.progress = std::make_unique<events::JobProgressT>(progress);
  if (!link_.send(asked.peer, std::move(epoch), limits_.lost_after)) return false;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || slot.cancelled || slot.answer.has_value(); });
  return !stopping_ && !slot.cancelled && slot.answer.value_or(false);
}

}  // namespace automodel::cluster
