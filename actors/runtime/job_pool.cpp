#include "actors/runtime/job_pool.hpp"

#include <algorithm>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/spawn_options.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "actors/runtime/log.hpp"

namespace automodel::actors {

namespace {

constexpr std::chrono::seconds reply_patience{60};
constexpr std::chrono::milliseconds retry_pause{200};

class InProcessRunner final : public JobRunner {
 public:
  using Execute = std::function<events::JobResultT(const events::JobT&, const ProgressSink&)>;
  explicit InProcessRunner(Execute execute) : execute_(std::move(execute)) {}
  events::JobResultT run(const events::JobT& job, const ProgressSink& progress) override {
    auto result = execute_(
        job, [&](const events::JobProgressT& epoch) { return !cancelled(job.id) && progress(epoch); });
    const std::lock_guard lock(mutex_);
    cancelled_.erase(job.id);  // another try of it may come
    return result;
  }
  void cancel(const std::string& job) override {
    const std::lock_guard lock(mutex_);
    cancelled_.insert(job);
  }

 private:
  bool cancelled(const std::string& job) {
    const std::lock_guard lock(mutex_);
    return cancelled_.contains(job);
  }

  Execute execute_;
  std::mutex mutex_;
  std::set<std::string> cancelled_;
};

// --- one slot --------------------------------------------------------------------------------------

using Slot = caf::typed_actor<caf::reacts_to<events::JobT>, caf::reacts_to<stop_atom>>;

/// Detached: `run` blocks its thread for as long as the job takes.
Slot::behavior_type slot(Slot::pointer self, std::uint64_t index, std::shared_ptr<JobRunner> runner,
                         caf::actor_system* system, caf::weak_actor_ptr pool_address) {
  const auto pool = [pool_address] {
    auto strong = pool_address.lock();
    return strong ? caf::actor_cast<JobPool>(strong) : JobPool{};
  };
  return {
      [=](const events::JobT& job) {
        caf::scoped_actor waiter{*system};
        const auto progress = [&](const events::JobProgressT& epoch) {
          bool go_on = false;
          const auto target = pool();
          if (!target) return false;
          waiter->request(target, caf::infinite, index, epoch)
              .receive([&](bool answer) { go_on = answer; }, [&](const caf::error&) { go_on = false; });
          return go_on;
        };
        events::JobResultT result;
        try {
          result = runner->run(job, progress);
        } catch (const std::exception& e) {
          result = failed_job(job.id, {"jobs.failed", e.what(), job.id, {}});
        }
        result.job = job.id;
        if (const auto target = pool()) self->send(target, index, std::move(result));
      },
      [=](stop_atom) { self->quit(caf::exit_reason::user_shutdown); },
  };
}

// --- the pool --------------------------------------------------------------------------------------

using JobKey = std::pair<std::string, std::string>;  // owner, id

struct Entry {
  JobView view;
  std::uint64_t slot = 0;
  bool cancelled = false;
  bool reporting = false;  // done; the owner does not know yet
};

struct SlotState {
  Slot actor;  // none: closed
  std::shared_ptr<JobRunner> runner;
  std::string node;  // whose worker it is; empty: this node's
  std::optional<JobKey> job;
};

/// A command on its way to the owner of a job.
struct Report {
  JobKey key;
  events::CommandT command;
  std::optional<caf::typed_response_promise<bool>> go_on;  // progress; absent: the result
  bool under_way = false;
};

class Pool final : public JobPool::base {
 public:
  Pool(caf::actor_config& config, std::size_t slots, RunnerFactory make_runner)
      : JobPool::base(config), slots_(slots), make_runner_(std::move(make_runner)) {}

  const char* name() const override { return "automodel.jobs"; }

  void on_exit() override {
    for (auto& s : slots_)
      if (s.actor) caf::anon_send(s.actor, stop_atom_v);
    slots_.clear();
    agents_.clear();
    reports_.clear();
  }

 private:
  behavior_type make_behavior() override {
    for (std::uint64_t i = 0; i < slots_.size(); ++i) open_slot(i, make_runner_(), {});
    return {
        [this](start_atom, const std::string& owner, const events::JobT& job) { enqueue(owner, job); },
        [this](cancel_atom, const std::string& owner, const std::string& id) {
          cancel({owner, id});
        },
        [this](list_atom) { return views(); },
        [this](const KnowAgent& known) { agent_started(known); },
        [this](const NewSlot& offered) { add_slot(offered); },
        [this](std::uint64_t index, const events::JobProgressT& epoch) { return progressed(index, epoch); },
        [this](std::uint64_t index, const events::JobResultT& result) { finished(index, result); },
        [this](retry_atom, std::uint64_t report) { send_report(report); },
        [this](stop_atom) { return stop(); },
    };
  }

  void open_slot(std::uint64_t index, std::shared_ptr<JobRunner> runner, std::string node) {
    auto& opened = slots_[index];
    opened.runner = std::move(runner);
    opened.node = std::move(node);
    opened.actor = home_system().spawn<caf::detached>(slot, index, opened.runner, &home_system(),
                                                      caf::weak_actor_ptr{ctrl()});
  }

  void add_slot(const NewSlot& offered) {
    if (stopping_) return;
    const auto closed =
        std::find_if(slots_.begin(), slots_.end(), [](const SlotState& s) { return !s.actor; });
    const auto index = static_cast<std::uint64_t>(closed - slots_.begin());
    if (closed == slots_.end()) slots_.emplace_back();
    open_slot(index, offered.runner, offered.node);
    start_next();
  }

  void close_slot(SlotState& closed) {
    send(closed.actor, stop_atom_v);
    closed = {};
  }

  void enqueue(const std::string& owner, const events::JobT& job) {
    const JobKey key{owner, job.id};
    if (stopping_ || entries_.contains(key)) return;
    Entry entry;
    entry.view.owner = owner;
    entry.view.job = job;
    entries_.emplace(key, std::move(entry));
    queue_.push_back(key);
    start_next();
  }

  void start_next() {
    for (auto& s : slots_) {
      if (queue_.empty() || stopping_) return;
      if (s.job || !s.actor) continue;
      s.job = queue_.front();
      queue_.pop_front();
      auto& entry = entries_.at(*s.job);
      entry.view.running = true;
      entry.view.node = s.node;
      entry.slot = static_cast<std::uint64_t>(&s - slots_.data());
      send(s.actor, entry.view.job);
    }
  }

  void cancel(const JobKey& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.reporting) return;
    if (!found->second.view.running) {
      std::erase(queue_, key);
      entries_.erase(found);
      return;
    }
    found->second.cancelled = true;
    slots_[found->second.slot].runner->cancel(key.second);
    end_progress(key);
  }

  /// A job that waits for the answer to its progress is told to stop.
  void end_progress(const JobKey& key) {
    for (auto report = reports_.begin(); report != reports_.end();) {
      if (report->second.key == key && report->second.go_on) {
        report->second.go_on->deliver(false);
        report = reports_.erase(report);
      } else {
        ++report;
      }
    }
  }

  caf::result<bool> progressed(std::uint64_t index, const events::JobProgressT& epoch) {
    auto& key = slots_.at(index).job;
    if (!key || stopping_ || entries_.at(*key).cancelled) return false;
    auto& view = entries_.at(*key).view;
    if (epoch.epoch) view.epochs.push_back(*epoch.epoch);
    events::JobProgressedT body;
    body.progress = std::make_unique<events::JobProgressT>(epoch);
    body.progress->job = key->second;
    auto promise = make_response_promise<bool>();
    report(*key, command_for(view.job, epoch.epoch ? epoch.epoch->epoch : 0, std::move(body)), promise);
    return promise;
  }

  void finished(std::uint64_t index, const events::JobResultT& result) {
    auto& s = slots_.at(index);
    if (!s.job) return;
    const auto key = *std::exchange(s.job, std::nullopt);
    auto& entry = entries_.at(key);
    entry.view.running = false;
    const bool lost = s.runner->lost();
    if (lost) close_slot(s);
    if (stopping_ || entry.cancelled) {
      entries_.erase(key);
    } else if (lost) {
      entry.view.epochs.clear();
      queue_.push_front(key);
    } else {
      entry.reporting = true;
      events::JobFinishedT body;
      body.result = std::make_unique<events::JobResultT>(result);
      report(key, command_for(entry.view.job, 0, std::move(body)), std::nullopt);
    }
    if (stopping_) return end_when_idle();
    start_next();
  }

  template <class T>
  static events::CommandT command_for(const events::JobT& job, std::uint64_t number, T body) {
    events::CommandT command;
    command.sender = "job/" + job.id;
    command.number = number;
    command.correlation = job.goal;
    command.body.Set(std::move(body));
    return command;
  }

  // --- reports to the owners -------------------------------------------------------------------------

  void report(const JobKey& key, events::CommandT command,
              std::optional<caf::typed_response_promise<bool>> go_on) {
    const auto id = next_report_++;
    reports_[id] = Report{key, std::move(command), std::move(go_on), false};
    send_report(id);
  }

  void send_report(std::uint64_t id) {
    const auto found = reports_.find(id);
    if (found == reports_.end() || found->second.under_way) return;
    const auto agent = agents_.find(found->second.key.first);
    if (agent == agents_.end()) return;  // goes out when the agent is known
    found->second.under_way = true;
    request(agent->second, reply_patience, found->second.command)
        .then([this, id](const events::ReplyT& reply) { reported(id, reply); },
              [this, id](const caf::error&) { report_later(id); });
  }

  void report_later(std::uint64_t id) {
    const auto found = reports_.find(id);
    if (found == reports_.end()) return;
    found->second.under_way = false;
    delayed_send(this, retry_pause, retry_atom_v, id);
  }

  void reported(std::uint64_t id, const events::ReplyT& reply) {
    const auto found = reports_.find(id);
    if (found == reports_.end()) return;
    if (is_transient(reply)) return report_later(id);
    auto settled = std::move(found->second);
    reports_.erase(found);
    if (!reply.accepted)
      log().warn("{} refused {} of job {}: {}", settled.key.first, settled.go_on ? "progress" : "the result",
                 settled.key.second, reply.failure ? reply.failure->message : "without a reason");
    if (settled.go_on)
      settled.go_on->deliver(!reply.stop);
    else
      entries_.erase(settled.key);
  }

  void agent_started(const KnowAgent& known) {
    agents_[known.name] = known.agent;
    std::vector<std::uint64_t> waiting;
    for (const auto& [id, report] : reports_)
      if (report.key.first == known.name) waiting.push_back(id);
    for (auto id : waiting) send_report(id);
  }

  JobViews views() const {
    JobViews all;
    for (const auto& [key, entry] : entries_)
      if (!entry.reporting) all.push_back(entry.view);
    return all;
  }

  // --- the end ---------------------------------------------------------------------------------------

  caf::result<bool> stop() {
    stopping_ = true;
    queue_.clear();
    auto promise = make_response_promise<bool>();
    stopped_.push_back(promise);
    for (auto& s : slots_) {
      if (!s.job) continue;
      s.runner->cancel(s.job->second);
      end_progress(*s.job);
    }
    end_when_idle();
    return promise;
  }

  void end_when_idle() {
    for (const auto& s : slots_)
      if (s.job) return;
    for (auto& promise : stopped_) promise.deliver(true);
    stopped_.clear();
    quit(caf::exit_reason::user_shutdown);
  }

  std::vector<SlotState> slots_;
  RunnerFactory make_runner_;
  std::map<std::string, CommandActor> agents_;
  std::map<JobKey, Entry> entries_;
  std::deque<JobKey> queue_;
  std::map<std::uint64_t, Report> reports_;
  std::uint64_t next_report_ = 1;
  std::vector<caf::typed_response_promise<bool>> stopped_;
  bool stopping_ = false;
};

}  // namespace

std::unique_ptr<JobRunner> in_process_runner(
    std::function<events::JobResultT(const events::JobT&, const ProgressSink&)> execute) {
  return std::make_unique<InProcessRunner>(std::move(execute));
}

JobPool spawn_job_pool(caf::actor_system& system, std::size_t slots, const RunnerFactory& make_runner) {
  return system.spawn<Pool>(slots, make_runner);
}

}  // namespace automodel::actors
