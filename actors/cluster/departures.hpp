// The source's side of a move: an agent of this node goes to another one. Pure.
//
//   starting    MigrationStarted is written: the move has a name
//   offering    the target was asked whether it takes the agent
//   copying     the bulk goes over, while the agent works
//   freezing    the agent finishes what it decided, and returns the rest
//   last_part   what changed since goes over; the target answers when everything is on its disk: prepared
//   committing  MigrationCommitted is written, which fences this node: the one commit point
//   committed   the target is told until it says that it runs the agent
//   abandoning  MigrationAbandoned is written, with a new epoch where the agent was frozen; then it goes on
//   here
//
// Before `committing` the source may give up at any time, and the target can do nothing without its word.
// While `committing` only the store's answer decides. A source that starts again finds in the agent's stream
// which it was.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "actors/cluster/callers.hpp"
#include "actors/cluster/executor.hpp"
#include "actors/cluster/shared.hpp"

namespace automodel::cluster {

struct Departure {
  enum class Step : std::uint8_t {
    starting,
    offering,
    copying,
    freezing,
    last_part,
    committing,
    committed,
    abandoning,
  } step = Step::starting;
  std::string agent;
  std::string target;
  std::optional<Ticket> ticket;  // of the operator, until answered
  std::uint64_t move = 0;        // version of MigrationStarted in the node's own stream
  std::uint64_t epoch = 0;       // before the move
  std::uint64_t version = 0;     // that was sent so far; of the commit, once that is written
  std::uint32_t part = 0;        // sent
  std::size_t left = 0;          // bytes
  bool frozen = false;
  std::uint64_t write = 0;       // under way; 0: none
  std::uint64_t started_at = 0;  // ticks
  std::uint64_t progress_at = 0;
  std::uint64_t frozen_at = 0;
  std::uint64_t again_at = 0;
  std::optional<Error> reason;  // it is to be abandoned
  events::Bytes record;         // of the commit
};

std::string_view name_of(Departure::Step step);

class Departures {
 public:
  Departures(Shared& shared, Callers& callers, Executor& executor)
      : shared_(shared), callers_(callers), executor_(executor) {}

  /// Begins a move; who asked is answered when it is over, or why it can't begin. Errors: cluster.not_here,
  /// cluster.moving, cluster.bad_target, cluster.no_such_node, cluster.not_reachable, cluster.member_silent,
  /// cluster.too_many_moves.
  void migrate(std::optional<Ticket> ticket, const std::string& agent, const std::string& target);
  /// From the store, when the node starts: a move that was given up by the crash, and one that was committed.
  void recover_open(const RecoveredAgent& agent);
  void recover_committed(const RecoveredAgent& agent);

  void answered(const std::string& peer, const events::MoveAnswerT& answer);
  void read(const std::string& agent, std::uint64_t move, Result<ReadPart> read);
  void stored(const std::string& peer, const events::MovePartStoredT& stored);
  void frozen(const std::string& agent, std::uint64_t version);
  /// False: the write is not one of a departure.
  bool written(std::uint64_t id, const Result<Written>& result);
  void activated(const std::string& peer, const events::MoveActivatedT& activated);
  void refused(const std::string& peer, const events::MoveAbandonedT& refused);
  void question(const std::string& peer, const events::MoveQuestionT& question);

  void peer_started(const std::string& peer);
  void peer_gone(const std::string& peer, const Error& why);
  void tick();
  /// The agent is another's by a higher epoch, or came back: nothing is left to do.
  void forget(const std::string& agent, const Error* why);

  const Departure* find(const std::string& agent) const;
  /// Moves that are not over: `open` without those that wait for their target only.
  std::size_t open() const;
  std::size_t size() const { return departures_.size(); }

 private:
  Result<void> may_begin(const std::string& agent, const std::string& target) const;
  Departure* match(const std::string& peer, const std::string& agent, std::uint64_t move);
  void read_on(Departure& departure);
  void begin_freeze(Departure& departure);
  void commit(Departure& departure);
  void committed(Departure& departure, const Written& written);
  void abandon(Departure& departure, Error reason);
  void write_abandoned(Departure& departure);
  void abandoned(Departure& departure);
  void say_committed(Departure& departure);

  Shared& shared_;
  Callers& callers_;
  Executor& executor_;
  std::map<std::string, Departure> departures_;
};

}  // namespace automodel::cluster
