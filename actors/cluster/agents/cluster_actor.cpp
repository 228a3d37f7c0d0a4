#include "actors/cluster/agents/cluster_actor.hpp"

#include <algorithm>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "actors/cluster/agents/store_thread.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/stored_reply.hpp"

namespace automodel::cluster {
namespace {

using namespace std::chrono_literals;
using actors::log;

constexpr auto caller_patience = 55s;  // shorter than any asker's own: he is told why
constexpr auto others_patience = 5s;   // for a first word of those whom this node joins

/// An agent of this node: who it is while it lives, and what it was given and has not answered.
struct Local {
  actors::AgentActor actor;
  std::map<std::uint64_t, AgentCommand> open;  // by delivery
  bool freezing = false;
};

class Cluster final : public ClusterActor::base {
 public:
  Cluster(caf::actor_config& config, ClusterActorOptions options, std::vector<RecoveredAgent> agents,
          std::vector<RecoveredParts> parts)
      : ClusterActor::base(config),
        options_(std::move(options)),
        core_(options_.protocol),
        agents_(std::move(agents)),
        parts_(std::move(parts)) {}

  const char* name() const override { return "automodel.cluster"; }

  void on_exit() override {
    store_thread_.reset();  // its tasks hold this actor: it may not be left to them to destroy it
    supervisor_ = nullptr;
    local_.clear();
    promises_.clear();
    options_.store.reset();
    options_.send = nullptr;
    options_.heard = nullptr;
  }

 private:
  using Promise = caf::typed_response_promise<events::ReplyT>;

  behavior_type make_behavior() override {
    delayed_send(this, options_.tick, actors::tick_atom_v);
    begun_at_ = clock().now();
    return {
        [this](const std::string& agent, const events::CommandT& command) {
          return ask([&](Ticket ticket) {
            AgentCommand packed{command.sender, command.number, events::pack(command)};
            core_.command(ticket, agent, std::move(packed), core_.now() + ticks(caller_patience));
          });
        },
        [this](actors::migrate_atom, const std::string& agent, const std::string& node) {
          return ask([&](Ticket ticket) { core_.migrate(ticket, agent, node); });
        },
        [this](actors::list_atom) { return places(); },
        [this](const actors::Supervisor& supervisor) {
          supervisor_ = supervisor;
          if (!options_.joins) begin();
        },
        [this](const actors::KnowAgent& known) { lives(known); },
        [this](const PeerNews& news) { peer_said(news); },
        [this](const MoveAnswered& answer) {
          answer.tell(core_);
          carry_out();
        },
        [this](actors::tick_atom) { tick(); },
        [this](actors::stop_atom) {
          for (auto& [ticket, promise] : promises_)
            promise.deliver(actors::refusal({"runtime.stopping", "the node stops", {}, "ask elsewhere"}));
          quit(caf::exit_reason::user_shutdown);
        },
    };
  }

  std::uint64_t ticks(std::chrono::milliseconds time) const {
    return static_cast<std::uint64_t>(time / options_.tick);
  }

  template <class Ask>
  caf::result<events::ReplyT> ask(const Ask& what) {
    auto promise = make_response_promise<events::ReplyT>();
    const Ticket ticket = ++last_ticket_;
    promises_[ticket] = promise;
    what(ticket);
    carry_out();
    return promise;
  }

  // --- the start -------------------------------------------------------------------------------------

  /// A node that joins hears of the others first: an agent of its store may be theirs by now.
  void begin() {
    begun_ = true;
    std::vector<std::string> seeds;
    for (const auto& [peer, incarnation] : greeted_) seeds.push_back(peer);
    std::set<std::string> known;
    for (const auto& agent : agents_) known.insert(agent.agent);
    core_.recovered(std::move(agents_), std::move(parts_), seeds);
    if (!options_.joins)
      for (const auto& agent : options_.agents)
        if (!known.contains(agent)) create(agent);
    for (const auto& [peer, incarnation] : greeted_) core_.peer_started(peer, incarnation);
    for (auto& news : std::exchange(early_, {})) core_.received(news.peer, std::move(*news.message));
    carry_out();
  }

  /// The life before may have raised the epoch of a stream without events.
  void create(const std::string& agent) {
    const auto last = options_.store->epoch(agent);
    const auto epoch = last ? *last + 1 : 1;
    if (auto raised = options_.store->raise_epoch(agent, epoch); !raised)
      log().error("{} keeps the epoch of its last start: {}", agent, to_string(raised.error()));
    core_.created(agent, epoch);
  }

  // --- other nodes -----------------------------------------------------------------------------------

  void peer_said(const PeerNews& news) {
    if (news.started != 0) {
      greeted_[news.peer] = news.started;
      unsent_.erase(news.peer);
      if (!begun_) return supervisor_ ? begin() : void();
      core_.peer_started(news.peer, news.started);
    } else if (!begun_) {
      early_.push_back(news);
      return;
    } else {
      core_.peer_heard(news.peer);
      core_.received(news.peer, std::move(*news.message));
    }
    carry_out();
  }

  void send_to(const std::string& peer, const events::PeerMessageT& message) {
    auto& waiting = unsent_[peer];
    if (!waiting.empty() || !options_.send(peer, message)) waiting.push_back(message);
  }

  void send_again() {
    for (auto& [peer, waiting] : unsent_)
      while (!waiting.empty() && options_.send(peer, waiting.front())) waiting.pop_front();
  }

  void tick() {
    delayed_send(this, options_.tick, actors::tick_atom_v);
    send_again();
    if (!begun_ && supervisor_ && clock().now() - begun_at_ > others_patience) {
      log().warn("nobody answers whom this node joins: it goes on with the agents of its store");
      begin();
    }
    if (!begun_) return;
    for (const auto& peer : options_.heard())
      if (greeted_.contains(peer)) core_.peer_heard(peer);
    core_.tick();
    carry_out();
  }

  // --- agents of this node ---------------------------------------------------------------------------

  /// It may have started again: what it had not answered is given to it once more, and has its effect once.
  void lives(const actors::KnowAgent& known) {
    auto& local = local_[known.name];
    local.actor = caf::actor_cast<actors::AgentActor>(known.agent);
    for (const auto& [delivery, command] : local.open) give(known.name, delivery, command);
    if (local.freezing) freeze(known.name);
  }

  void deliver(Deliver& effect) {
    auto& local = local_[effect.agent];
    const auto& command = local.open[effect.delivery] = std::move(effect.command);
    if (local.actor) give(effect.agent, effect.delivery, command);
  }

  void give(const std::string& agent, std::uint64_t delivery, const AgentCommand& command) {
    auto unpacked = events::unpack<events::CommandT>(command.bytes);
    if (!unpacked) return answered(agent, delivery, actors::refusal(unpacked.error()));
    request(local_[agent].actor, caf::infinite, std::move(*unpacked))
        .then([this, agent, delivery](const events::ReplyT& reply) { answered(agent, delivery, reply); },
              [](const caf::error&) {});  // it ended: `lives` gives it again
  }

  void answered(const std::string& agent, std::uint64_t delivery, const events::ReplyT& reply) {
    const auto local = local_.find(agent);
    if (local == local_.end()) return;
    const std::string code = reply.failure ? reply.failure->code : "";
    if (code == "runtime.restarting" || code == "runtime.stopping") return;  // as where it ended
    if (local->second.open.erase(delivery) == 0) return;
    if (code == actors::frozen_code)
      core_.returned(delivery);
    else
      core_.answered(delivery, actors::pack_reply(reply));
    carry_out();
  }

  void control(const Control& what) {
    auto& local = local_[what.agent];
    switch (what.kind) {
      case Control::Kind::start:
        log().info("{} runs here, epoch {}", what.agent, what.epoch);
        return send(supervisor_, actors::start_atom_v, what.agent, what.epoch);
      case Control::Kind::freeze:
        local.freezing = true;
        return freeze(what.agent);
      case Control::Kind::unfreeze:
        local.freezing = false;
        send(supervisor_, actors::start_atom_v, what.agent, what.epoch);  // of its next start, if it ends
        if (local.actor) send(local.actor, actors::unfreeze_atom_v, what.epoch);
        return;
      case Control::Kind::retire:
        local_.erase(what.agent);
        return send(supervisor_, actors::retire_atom_v, what.agent);
    }
  }

  void freeze(const std::string& agent) {
    const auto& local = local_[agent];
    if (!local.actor) return;  // `lives` does it
    request(local.actor, caf::infinite, actors::freeze_atom_v)
        .then(
            [this, agent](std::uint64_t version) {
              if (!std::exchange(local_[agent].freezing, false)) return;
              core_.frozen(agent, version);
              carry_out();
            },
            [](const caf::error&) {});
  }

  // --- the store -------------------------------------------------------------------------------------

  void read(const Read& wanted) {
    store_thread_->run([store = options_.store, self = ClusterActor{this}, wanted] {
      auto part = std::make_shared<Result<ReadPart>>(
          store->read_move(wanted.agent, wanted.after, wanted.bytes, wanted.last));
      caf::anon_send(self, MoveAnswered{[wanted, part](ClusterCore& core) {
                       core.read(wanted.agent, wanted.move, std::move(*part));
                     }});
    });
  }

  void write(Write& wanted) {
    store_thread_->run([store = options_.store, self = ClusterActor{this}, node = options_.protocol.node,
                        write = std::make_shared<Write>(std::move(wanted))] {
      const auto id = write->id;
      store->write_move(node, std::move(*write), [self, id](Result<Written> result) {
        caf::anon_send(self, MoveAnswered{[id, result = std::move(result)](ClusterCore& core) {
                         core.written(id, result);
                       }});
      });
    });
  }

  void consider(const Consider& wanted) {
    const auto& offer = wanted.offer;
    if (!options_.agents.contains(offer.agent)) {
      const Error refusal{"cluster.cannot_run", "node '" + options_.protocol.node + "' knows no such agent",
                          offer.agent, "the same version of the program on both nodes, with the role agents"};
      return core_.considered(offer.agent, offer.move, refusal, 0);
    }
    const auto have = options_.store->whole_until(offer.agent);
    core_.considered(offer.agent, offer.move, have ? std::optional<Error>() : have.error(), have.value_or(0));
  }

  void answer(AnswerCaller& effect) {
    const auto at = promises_.find(effect.ticket);
    if (at == promises_.end()) return;
    auto promise = std::move(at->second);
    promises_.erase(at);
    events::ReplyT reply;
    reply.accepted = true;
    if (effect.error) {
      reply = actors::refusal(*effect.error);
    } else if (!effect.reply.empty()) {
      auto unpacked = actors::unpack_reply(effect.reply);
      reply = unpacked ? std::move(*unpacked) : actors::refusal(unpacked.error());
    }
    promise.deliver(std::move(reply));
  }

  void note(const Note& said) {
    if (said.fault)
      log().error("{}", to_string(said.what));
    else
      log().info("{}", to_string(said.what));
  }

  /// Some effects give the core its answer at once, which may have effects of its own.
  void carry_out() {
    if (std::exchange(carrying_out_, true)) return;
    for (auto effects = core_.effects(); !effects.empty(); effects = core_.effects())
      for (auto& effect : effects)
        std::visit(
            [this](auto& one) {
              using Kind = std::decay_t<decltype(one)>;
              if constexpr (std::is_same_v<Kind, Send>) send_to(one.peer, one.message);
              if constexpr (std::is_same_v<Kind, Deliver>) deliver(one);
              if constexpr (std::is_same_v<Kind, AnswerCaller>) answer(one);
              if constexpr (std::is_same_v<Kind, Control>) control(one);
              if constexpr (std::is_same_v<Kind, Read>) read(one);
              if constexpr (std::is_same_v<Kind, Write>) write(one);
              if constexpr (std::is_same_v<Kind, Consider>) consider(one);
              if constexpr (std::is_same_v<Kind, Note>) note(one);
            },
            effect);
    carrying_out_ = false;
  }

  AgentPlaces places() const {
    AgentPlaces all;
    std::map<std::string, std::string> states;
    for (const auto& status : core_.agents())
      states[status.agent] = status.towards.empty() ? status.state : status.state + ", " + status.towards;
    for (const auto& agent : options_.agents)
      if (const auto* place = core_.directory().find(agent))
        all.push_back({agent, place->node, place->epoch, states[agent]});
    return all;
  }

  ClusterActorOptions options_;
  std::optional<StoreThread> store_thread_{std::in_place};
  ClusterCore core_;
  std::vector<RecoveredAgent> agents_;
  std::vector<RecoveredParts> parts_;
  actors::Supervisor supervisor_;
  std::map<std::string, Local> local_;
  std::map<Ticket, Promise> promises_;
  Ticket last_ticket_ = 0;
  std::map<std::string, Incarnation> greeted_;
  std::deque<PeerNews> early_;  // before it began
  std::map<std::string, std::deque<events::PeerMessageT>> unsent_;
  caf::actor_clock::time_point begun_at_;
  bool begun_ = false;
  bool carrying_out_ = false;
};

/// A store that worked alone has agents of the same names: either its or the others' would be lost.
Result<void> check_joins(const ClusterActorOptions& options, const std::vector<RecoveredAgent>& agents) {
  if (!options.joins) return {};
  for (const auto& agent : agents) {
    if (agent.owner != options.protocol.node) continue;
    bool came = false;
    auto read = options.store->read_stream(agent.agent, 1, [&](const events::Recorded& event) {
      came = event.event.body.type == events::EventBody::MigrationActivated;
      return !came;
    });
    if (!read) return fail(read.error());
    if (!came)
      return fail("cluster.has_agents",
                  "this store has worked alone: its " + agent.agent + " is not the cluster's",
                  options.store->path().string(), "join with a store of its own (--store DIR)");
  }
  return {};
}

}  // namespace

Result<ClusterActor> spawn_cluster(caf::actor_system& system, ClusterActorOptions options) {
  auto agents = options.store->recover_agents(options.protocol.node);
  if (!agents) return fail(agents.error());
  auto parts = options.store->recover_parts();
  if (!parts) return fail(parts.error());
  if (auto fits = check_joins(options, *agents); !fits) return fail(fits.error());
  return system.spawn<Cluster>(std::move(options), std::move(*agents), std::move(*parts));
}

actors::CommandActor spawn_proxy(caf::actor_system& system, const ClusterActor& cluster, std::string agent) {
  return system.spawn([cluster, agent = std::move(agent)](
                          actors::CommandActor::pointer self) -> actors::CommandActor::behavior_type {
    return {[=](const events::CommandT& command) { return self->delegate(cluster, agent, command); }};
  });
}

}  // namespace automodel::cluster
