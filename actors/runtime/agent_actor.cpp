#include "actors/runtime/agent_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "actors/runtime/log.hpp"

namespace automodel::actors {

namespace {

constexpr std::chrono::seconds reply_patience{60};
constexpr std::chrono::milliseconds first_retry{100};
constexpr std::chrono::milliseconds longest_retry{10'000};

/// Messages for one target: in order, one at a time.
struct Delivery {
  std::deque<storage::PendingMessage> waiting;
  bool under_way = false;
  std::chrono::milliseconds pause = first_retry;
};

class Agent final : public AgentActor::base {
 public:
  Agent(caf::actor_config& config, std::unique_ptr<Machine> machine, AgentOptions options)
      : AgentActor::base(config),
        stream_(options.core.stream),
        store_(options.store),
        pool_(std::move(options.pool)),
        core_(std::make_unique<AgentCore>(std::move(machine), options.store, std::move(options.core))) {}

  const char* name() const override { return "automodel.agent"; }

  void on_exit() override {  // handles in members would keep actors alive that know each other
    pool_ = nullptr;
    agents_.clear();
    promises_.clear();
    freezes_.clear();
    core_.reset();
    store_.reset();
  }

 private:
  using ReplyPromise = caf::typed_response_promise<events::ReplyT>;

  behavior_type make_behavior() override {
    send(this, recover_atom_v);
    return {
        [](const events::CommandT&) -> caf::result<events::ReplyT> { return caf::skip(); },
        [this](const KnowAgent& known) { agents_[known.name] = known.agent; },
        [this](recover_atom) { recover(); },
        [](const Committed&) {},
        [](retry_atom, const std::string&) {},
        [this](stop_atom) { quit(caf::exit_reason::user_shutdown); },
        [](freeze_atom) -> caf::result<std::uint64_t> { return caf::skip(); },
        [](unfreeze_atom, std::uint64_t) {},
        [this](retire_atom) { quit(caf::exit_reason::user_shutdown); },
    };
  }

  behavior_type running() {
    return {
        [this](const events::CommandT& command) { return accept(command); },
        [this](const KnowAgent& known) {
          agents_[known.name] = known.agent;
          deliver_to(known.name);
        },
        [](recover_atom) {},
        [this](const Committed& answer) { carry_out(core_->committed(answer.append, answer.result)); },
        [this](retry_atom, const std::string& target) { deliver_to(target); },
        [this](stop_atom) {
          stopping_ = true;
          end_when_idle();
        },
        [this](freeze_atom) { return freeze(); },
        [this](unfreeze_atom, std::uint64_t epoch) {
          thaw_ = epoch;
          thaw_when_idle();
        },
        [this](retire_atom) { retire(); },
    };
  }

  void recover() {
    if (auto recovered = core_->recover(); !recovered) return die(recovered.error());
    become(running());
    load_outbox();
    sync_jobs();
  }

  caf::result<events::ReplyT> accept(const events::CommandT& command) {
    auto promise = make_response_promise<events::ReplyT>();
    if (stopping_) {
      promise.deliver(refusal({"runtime.stopping", "the node stops", stream_, "ask after the next start"}));
      return promise;
    }
    if (frozen_) {
      promise.deliver(refusal({frozen_code, "the agent moves", stream_, "ask again"}));
      return promise;
    }
    const auto ticket = next_ticket_++;
    promises_[ticket] = promise;
    carry_out(core_->submit(command, ticket));
    return promise;
  }

  void carry_out(Step step) {
    // While it waits for the disk an agent could do nothing but take what waits for it.
    const bool idle = mailbox().empty();
    for (auto& append : step.appends) {
      auto committed = [self = AgentActor{this}, id = append.id](Result<storage::Appended> result) {
        caf::anon_send(self, Committed{id, std::move(result)});
      };
      if (idle)
        store_->append_here(std::move(append.request), std::move(committed));
      else
        store_->append_async(std::move(append.request), std::move(committed));
    }
    for (auto& answer : step.answers) {
      auto promise = promises_.find(answer.ticket);
      if (promise == promises_.end()) continue;
      promise->second.deliver(std::move(answer.reply));
      promises_.erase(promise);
    }
    if (step.died) return die(*step.died);
    if (step.messages) load_outbox();
    if (step.committed && !stopping_) sync_jobs();
    if (step.committed) save_snapshot(core_->due_snapshot());
    tell_frozen();
    thaw_when_idle();
    end_when_idle();
  }

  // --- moves -----------------------------------------------------------------------------------------

  caf::result<std::uint64_t> freeze() {
    frozen_ = true;
    auto promise = make_response_promise<std::uint64_t>();
    freezes_.push_back(promise);
    tell_frozen();
    return promise;
  }

  void tell_frozen() {
    if (!frozen_ || !core_ || !core_->idle()) return;
    for (auto& promise : std::exchange(freezes_, {})) promise.deliver(core_->durable_version());
  }

  /// Until then it refuses commands still: what it decided stands on the epoch before.
  void thaw_when_idle() {
    if (!thaw_ || !core_ || !core_->idle()) return;
    frozen_ = false;
    if (auto resumed = core_->resume(*std::exchange(thaw_, std::nullopt)); !resumed)
      return die(resumed.error());
    sync_jobs();
  }

  /// Nothing of it is this node's any more: no snapshot, and what still waits to be sent is sent from there.
  void retire() {
    for (const auto& job : running_) send(pool_, cancel_atom_v, stream_, job);
    running_.clear();
    quit(caf::exit_reason::user_shutdown);
  }

  void end_when_idle() {
    if (!stopping_ || !core_ || !core_->idle()) return;
    save_snapshot(core_->last_snapshot());
    quit(caf::exit_reason::user_shutdown);
  }

  void die(const Error& error) {
    log().error("{} ends and starts again: {}", stream_, to_string(error));
    quit(caf::make_error(caf::sec::runtime_error, error.code, error.message));
  }

  // --- jobs ------------------------------------------------------------------------------------------

  /// Starts what is open and does not run, cancels what runs and is no longer open. A job's id is started
  /// once in this actor's life, so that a job whose outcome the decider does not take cannot run for ever.
  void sync_jobs() {
    std::set<std::string> open;
    for (auto& job : core_->open_jobs()) {
      open.insert(job.id);
      if (!started_.insert(job.id).second) continue;
      if (!pool_) {
        log().error("{} wants job {}, and this node runs none", stream_, job.id);
        continue;
      }
      running_.insert(job.id);
      send(pool_, start_atom_v, stream_, std::move(job));
    }
    std::erase_if(running_, [&](const std::string& id) {
      if (open.contains(id)) return false;
      send(pool_, cancel_atom_v, stream_, id);  // the pool knows whether it still runs
      return true;
    });
  }

  void save_snapshot(std::optional<storage::Snapshot> snapshot) {
    if (!snapshot) return;
    store_->save_snapshot_async(stream_, std::move(*snapshot), [stream = stream_](const Result<void>& saved) {
      if (!saved)
        log().warn("{}: no snapshot, the next start replays more: {}", stream, to_string(saved.error()));
    });
  }

  // --- messages to other agents ----------------------------------------------------------------------

  void load_outbox() {
    auto pending = store_->outbox(stream_);
    if (!pending) return die(pending.error());
    std::set<std::string> targets;
    for (auto& message : *pending) {
      if (!message.message.command || message.id <= newest_loaded_) continue;
      newest_loaded_ = message.id;
      targets.insert(message.message.target);
      deliveries_[message.message.target].waiting.push_back(std::move(message));
    }
    for (const auto& target : targets) deliver_to(target);
  }

  void deliver_to(const std::string& target) {
    auto& delivery = deliveries_[target];
    const auto agent = agents_.find(target);
    if (delivery.under_way || delivery.waiting.empty() || agent == agents_.end()) return;
    delivery.under_way = true;
    request(agent->second, reply_patience, *delivery.waiting.front().message.command)
        .then([this, target](const events::ReplyT& reply) { delivered(target, reply); },
              [this, target](const caf::error&) { deliver_later(target); });
  }

  void delivered(const std::string& target, const events::ReplyT& reply) {
    if (is_transient(reply)) return deliver_later(target);
    auto& delivery = deliveries_[target];
    const auto message = std::move(delivery.waiting.front());
    delivery.waiting.pop_front();
    delivery.under_way = false;
    delivery.pause = first_retry;
    if (!reply.accepted)
      log().warn("{} refused message {} of {}: {}", target, message.message.command->number, stream_,
                 reply.failure ? reply.failure->message : "without a reason");
    if (auto kept = store_->acknowledge(stream_, message.id); !kept)
      log().warn("{}: message {} will be sent again: {}", stream_, message.id, to_string(kept.error()));
    deliver_to(target);
  }

  /// The target restarts, or it takes too long: its deduplication makes another attempt harmless.
  void deliver_later(const std::string& target) {
    auto& delivery = deliveries_[target];
    delivery.under_way = false;
    delayed_send(this, delivery.pause, retry_atom_v, target);
    delivery.pause = std::min(delivery.pause * 2, longest_retry);
  }

  std::string stream_;
  std::shared_ptr<storage::EventStore> store_;
  JobPool pool_;
  std::unique_ptr<AgentCore> core_;
  std::map<std::string, CommandActor> agents_;
  std::map<Ticket, ReplyPromise> promises_;
  Ticket next_ticket_ = 1;
  std::set<std::string> started_;  // jobs, ever
  std::set<std::string> running_;  // jobs that the pool was asked to run and not to cancel
  std::map<std::string, Delivery> deliveries_;
  std::uint64_t newest_loaded_ = 0;  // outbox entry
  bool stopping_ = false;
  bool frozen_ = false;
  std::optional<std::uint64_t> thaw_;                                // it is to go on under this epoch
  std::vector<caf::typed_response_promise<std::uint64_t>> freezes_;  // who waits for it to be still
};

}  // namespace

AgentActor spawn_agent(caf::actor_system& system, std::unique_ptr<Machine> machine, AgentOptions options) {
  return system.spawn<Agent>(std::move(machine), std::move(options));
}

}  // namespace automodel::actors
