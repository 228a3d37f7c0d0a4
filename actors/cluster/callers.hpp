// Commands of this node's own callers on their way to agents, here or elsewhere. Pure.
//
// A lane holds the commands of one sender to one agent, in order. Those to an agent that runs here are
// delivered as they come. Those to another node travel as a train: up to `max_train` commands in one Ask, and
// the next train waits for the answer to the one before, so that no command overtakes another of its sender,
// whatever way the two took. A train may be asked again, elsewhere or twice: the agent knows each command by
// (sender, number).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "actors/cluster/shared.hpp"

namespace automodel::cluster {

class Callers {
 public:
  explicit Callers(Shared& shared) : shared_(shared) {}

  /// `expires`: the tick at which the caller gives up; 0: never, as for messages of an outbox.
  void command(Ticket ticket, const std::string& agent, AgentCommand command, std::uint64_t expires);
  /// What a delivery of this class came to; false: it is not one of its own.
  bool answered(std::uint64_t delivery, const events::Bytes& reply);
  bool returned(std::uint64_t delivery);
  void told(events::ToldT& told);

  /// Something about where the agent is has changed: what waits for it goes on.
  void look_again(const std::string& agent);
  /// The peer started again: what it was asked is asked anew.
  void peer_started(const std::string& peer);
  /// The agent moved away: the messages of its outbox are sent from there.
  void drop_sender(const std::string& sender);
  void tick();
  std::size_t waiting() const { return waiting_; }

 private:
  struct Waiting {
    enum class State : std::uint8_t { waits, under_way, done };
    Ticket ticket = 0;
    AgentCommand command;
    std::uint64_t expires = 0;
    std::uint64_t delivery = 0;  // where it was delivered here
    State state = State::waits;
  };
  struct Lane {
    std::deque<Waiting> commands;
    std::size_t under_way = 0;
    std::string asked;           // the node; empty: none, or this one
    std::uint64_t request = 0;   // of the train under way; 0: none
    std::uint64_t again_at = 0;  // tick: ask again, or try again
    std::uint32_t attempts = 0;
    std::uint64_t next_expiry = ~std::uint64_t{0};
  };
  using Key = std::pair<std::string, std::string>;  // agent, sender
  using Lanes = std::map<Key, Lane>;

  void pump(const Key& key, Lane& lane);
  void deliver(const Key& key, Lane& lane);
  void ask(const Key& key, Lane& lane, const std::string& node);
  void send_train(const Key& key, Lane& lane);
  void look_up(const Key& key, Lane& lane);
  void stop_train(Lane& lane);
  void expire(const Key& key, Lane& lane);
  void settle(Lane& lane);
  void sweep();

  Shared& shared_;
  Lanes lanes_;
  std::unordered_map<std::uint64_t, Key> requests_;    // of trains under way
  std::unordered_map<std::uint64_t, Key> deliveries_;  // here, not answered
  std::size_t waiting_ = 0;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_delivery_ = 1;  // odd; those of `Executor` are even
};

}  // namespace automodel::cluster
