// The protocol of one node of a cluster, whole: members, places, commands and moves. Pure: no sockets, no
// clock, no disk, no threads. A shell feeds it what happens and carries out, in order, the effects that come
// of it:
//
//   core.tick();                          // or received, command, answered, written, …
//   for (auto& effect : core.effects()) … // Send, Deliver, AnswerCaller, Control, Read, Write, Consider,
//   Note
//
// Peers are reached over a `Channel` each; everything here may be lost with a peer's start and is said again
// then.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/cluster/arrivals.hpp"
#include "actors/cluster/callers.hpp"
#include "actors/cluster/departures.hpp"
#include "actors/cluster/executor.hpp"
#include "actors/cluster/shared.hpp"

namespace automodel::cluster {

/// How an agent of this node is, for people.
struct AgentStatus {
  std::string agent;
  std::uint64_t epoch = 0;
  std::string state;    // "runs", or the step of its move
  std::string towards;  // or from
};

class ClusterCore {
 public:
  explicit ClusterCore(ClusterOptions options);

  /// What the store holds: once, before anything else. Agents start when the seeds have said what they own,
  /// or `unreachable_after` ticks later: an agent that was adopted meanwhile does not serve again. Without
  /// seeds, at once.
  void recovered(std::vector<RecoveredAgent> agents, std::vector<RecoveredParts> parts,
                 const std::vector<std::string>& seeds);
  /// An agent that is new in this cluster, made here.
  void created(const std::string& agent, std::uint64_t epoch = 1);

  void tick();
  /// A channel to the peer began: after its first batch, before its messages.
  void peer_started(const std::string& peer, Incarnation incarnation);
  /// A batch of the peer arrived, also one without messages.
  void peer_heard(const std::string& peer);
  void received(const std::string& peer, events::PeerMessageT message);

  /// A command of a caller on this node. `patience` in ticks: after it the caller is told that the outcome is
  /// not known; 0: until there is an answer, as for messages of an outbox, which is acknowledged then. Those
  /// of one sender to one agent keep their order.
  void command(Ticket ticket, const std::string& agent, AgentCommand command, std::uint64_t patience);
  void answered(std::uint64_t delivery, const events::Bytes& reply);
  void returned(std::uint64_t delivery);
  void frozen(const std::string& agent, std::uint64_t version);
  void read(const std::string& agent, std::uint64_t move, Result<ReadPart> part);
  void written(std::uint64_t id, const Result<Written>& result);
  /// `have`: up to which version this node has the agent's records and replies, from earlier moves.
  void considered(const std::string& agent, std::uint64_t move, const std::optional<Error>& refusal,
                  std::uint64_t have);

  /// Operator: each is answered by `AnswerCaller`, with an error or an empty reply.
  void migrate(Ticket ticket, const std::string& agent, const std::string& target);
  /// Takes over an agent of a node that is lost. Errors: cluster.not_lost, cluster.moving, and the store's.
  void adopt(Ticket ticket, const std::string& agent);
  /// Moves every agent away, then says goodbye.
  void leave(Ticket ticket);

  /// The effects since the last call.
  std::vector<Effect> effects();

  const Membership& members() const { return shared_.members; }
  const Directory& directory() const { return shared_.directory; }
  std::vector<AgentStatus> agents() const;
  bool runs(const std::string& agent) const;
  bool owns(const std::string& agent) const { return shared_.local(agent) != nullptr; }
  bool leaving() const { return leaving_; }
  std::size_t waiting() const { return callers_.waiting(); }
  std::uint64_t overflows() const { return executor_.overflows(); }
  std::uint64_t now() const { return shared_.now; }

 private:
  void dispatch(const std::string& peer, events::PeerMessageT message);
  void dispatch_move(const std::string& peer, events::PeerMessageT message);
  void greet(const std::string& peer);
  void greeted(const std::string& peer, const events::PeerGreetingT& greeting);
  void learn(const events::PlaceT& place);
  void fence(const std::string& agent, const events::PlaceT& place);
  void tell_places();
  void start_recovered();
  void watch_members();
  void empty_this_node();
  bool written_here(std::uint64_t id, const Result<Written>& result);

  struct Adoption {
    Ticket ticket;
    std::string agent;
    std::uint64_t epoch;
  };
  struct Fence {
    std::uint64_t write = 0;
    std::uint64_t again_at = 0;
    Write wanted;
  };

  Shared shared_;
  Callers callers_;
  Executor executor_;
  Departures departures_;
  Arrivals arrivals_;
  std::vector<RecoveredAgent> to_start_;
  std::set<std::string> unheard_seeds_;
  std::map<std::uint64_t, Adoption> adoptions_;  // by write
  std::map<std::string, Fence> fences_;          // by agent
  bool leaving_ = false;
  bool left_ = false;
  std::optional<Ticket> leave_ticket_;
  std::uint64_t next_target_ = 0;
  std::uint64_t told_revision_ = 0;
};

}  // namespace automodel::cluster
