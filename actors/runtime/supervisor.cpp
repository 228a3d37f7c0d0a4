#include "actors/runtime/supervisor.hpp"

#include <algorithm>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "actors/runtime/log.hpp"

namespace automodel::actors {

namespace {

constexpr std::chrono::seconds steady{60};  // an agent that lived so long starts with the first pause again

struct Child {
  AgentFactory make;
  AgentActor actor;
  caf::actor_addr address;
  std::chrono::milliseconds pause;
  caf::actor_clock::time_point started;
  std::optional<std::uint64_t> epoch;  // of a cluster
  bool wanted = true;                  // it runs here, or starts again
  bool taken_again = false;            // it came back before it had ended
};

class SupervisorActor final : public Supervisor::base {
 public:
  SupervisorActor(caf::actor_config& config, SupervisorOptions options)
      : Supervisor::base(config), options_(std::move(options)) {}

  const char* name() const override { return "automodel.supervisor"; }

  void on_exit() override {
    // After a stop there are none left; where this actor was ended by force, they must not outlive it.
    for (auto& [stream, child] : children_)
      if (child.actor) caf::anon_send_exit(child.actor, caf::exit_reason::kill);
    children_.clear();
    options_.pool = nullptr;
    options_.cluster = nullptr;
    options_.proxies.clear();
    options_.agents.clear();
  }

 private:
  behavior_type make_behavior() override {
    set_down_handler([this](caf::down_msg& down) { ended(down); });
    for (auto& [stream, make] : options_.agents) {
      const bool alone = !options_.cluster;
      children_[stream] = Child{make, {}, {}, options_.first_pause, {}, {}, alone};
      if (alone) start(stream);
    }
    if (options_.pool)
      for (const auto& [name, proxy] : options_.proxies) send(options_.pool, KnowAgent{name, proxy});
    return {
        [this](const std::string& stream, const events::CommandT& command) {
          return pass_on(stream, command);
        },
        [this](respawn_atom, const std::string& stream) {
          const auto& child = children_.at(stream);
          if (!stopping_ && child.wanted && !child.actor) start(stream);
        },
        [this](start_atom, const std::string& stream, std::uint64_t epoch) { take(stream, epoch); },
        [this](retire_atom, const std::string& stream) { give_away(stream); },
        [this](stop_atom) { return stop(); },
    };
  }

  caf::result<events::ReplyT> pass_on(const std::string& stream, const events::CommandT& command) {
    const auto child = children_.find(stream);
    if (child == children_.end() || !child->second.wanted)
      return refusal({"agents.no_such_agent", "no agent '" + stream + "' on this node", {}, {}});
    if (stopping_) return refusal({"runtime.stopping", "the node stops", stream, "ask after the next start"});
    if (!child->second.actor)
      return refusal({"runtime.restarting", "the agent starts again", stream, "ask again"});
    return delegate(child->second.actor, command);
  }

  void take(const std::string& stream, std::uint64_t epoch) {
    const auto child = children_.find(stream);
    if (child == children_.end()) return log().error("{} is this node's, and no agent that it knows", stream);
    child->second.epoch = epoch;
    child->second.taken_again = !child->second.wanted && child->second.actor;
    child->second.wanted = true;
    if (!stopping_ && !child->second.actor) start(stream);
  }

  /// It ends; where it comes back before that, it starts again when it has ended.
  void give_away(const std::string& stream) {
    const auto child = children_.find(stream);
    if (child == children_.end()) return;
    child->second.wanted = false;
    options_.greetings.erase(stream);  // of the node's start
    if (child->second.actor) send(child->second.actor, retire_atom_v);
  }

  void start(const std::string& stream) {
    auto& child = children_.at(stream);
    child.actor = child.make(home_system(), child.epoch);
    child.address = child.actor.address();
    child.started = clock().now();
    monitor(child.actor);
    if (const auto greeting = options_.greetings.find(stream); greeting != options_.greetings.end())
      for (const auto& command : greeting->second) caf::anon_send(child.actor, command);
    if (options_.cluster) {
      for (const auto& [name, proxy] : options_.proxies)
        if (name != stream) send(child.actor, KnowAgent{name, proxy});
      return send(options_.cluster, KnowAgent{stream, child.actor});
    }
    for (auto& [name, other] : children_) {
      if (!other.actor) continue;
      send(other.actor, KnowAgent{stream, child.actor});
      if (name != stream) send(child.actor, KnowAgent{name, other.actor});
    }
    if (options_.pool) send(options_.pool, KnowAgent{stream, child.actor});
  }

  void ended(const caf::down_msg& down) {
    for (auto& [stream, child] : children_) {
      if (child.address != down.source) continue;
      child.actor = nullptr;
      if (stopping_) return end_when_alone();
      if (!child.wanted) return;
      if (child.taken_again) {
        child.taken_again = false;
        return start(stream);
      }
      if (clock().now() - child.started > steady) child.pause = options_.first_pause;
      log().warn("{} ended ({}); it starts again in {} ms", stream, caf::to_string(down.reason),
                 child.pause.count());
      delayed_send(this, child.pause, respawn_atom_v, stream);
      child.pause = std::min(child.pause * 2, options_.longest_pause);
      return;
    }
  }

  caf::result<bool> stop() {
    stopping_ = true;
    auto promise = make_response_promise<bool>();
    stopped_.push_back(promise);
    for (auto& [stream, child] : children_)
      if (child.actor) send(child.actor, stop_atom_v);
    end_when_alone();
    return promise;
  }

  void end_when_alone() {
    if (std::any_of(children_.begin(), children_.end(),
                    [](const auto& child) { return bool(child.second.actor); }))
      return;
    for (auto& promise : stopped_) promise.deliver(true);
    stopped_.clear();
    quit(caf::exit_reason::user_shutdown);
  }

  SupervisorOptions options_;
  std::map<std::string, Child> children_;
  std::vector<caf::typed_response_promise<bool>> stopped_;
  bool stopping_ = false;
};

}  // namespace

Supervisor spawn_supervisor(caf::actor_system& system, SupervisorOptions options) {
  return system.spawn<SupervisorActor>(std::move(options));
}

}  // namespace automodel::actors
