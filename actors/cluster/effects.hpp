// What a node's protocol asks of the shell that carries it. All are values; the shell carries them out in
// order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "events/cluster_messages.hpp"
#include "events/codec.hpp"

namespace automodel::cluster {

/// Names a waiting caller; the shell's own number.
using Ticket = std::uint64_t;

/// A command as the protocol sees it. (sender, number) names it for ever; the bytes are a packed Command.
struct AgentCommand {
  std::string sender;
  std::uint64_t number = 0;
  events::Bytes bytes;
};

/// To a peer, over its channel.
struct Send {
  std::string peer;
  events::PeerMessageT message;
};

/// To the agent, which runs here: `ClusterCore::answered` when its events are durable, or
/// `ClusterCore::returned` where a freeze kept it from being decided.
struct Deliver {
  std::string agent;
  std::uint64_t delivery = 0;
  AgentCommand command;
};

/// To who asked: the agent's reply, or why there is none.
struct AnswerCaller {
  Ticket ticket = 0;
  events::Bytes reply;
  std::optional<Error> error;
};

/// What becomes of an agent on this node.
struct Control {
  enum class Kind : std::uint8_t {
    start,     // recover it from the store, run it and its open jobs, and send its outbox, under `epoch`
    freeze,    // decide nothing any more, answer what was decided, return the rest, then `frozen`
    unfreeze,  // go on, appending under `epoch`
    retire,    // it is gone from here: stop its jobs and its outbox, keep its history for reading
  } kind = Kind::start;
  std::string agent;
  std::uint64_t epoch = 0;
};

/// Reads what the agent holds beyond version `after`, at most about `bytes` of records but at least one:
/// `ClusterCore::read`. From version 0 on a part may begin with a snapshot instead of the records before it;
/// then it has all replies of the inbox. Replies and messages come with the records of their versions.
/// `last`: all that is left, and which messages are open.
struct Read {
  std::string agent;
  std::uint64_t move = 0;
  std::uint64_t after = 0;
  std::size_t bytes = 0;
  bool last = false;
};

/// What a `Read` came to.
struct ReadPart {
  events::MovePartT part;  // `until` and the contents; the rest is filled in by the protocol
  std::size_t left = 0;    // bytes that came since and are not in it, about
};

/// One transaction of the store, answered by `ClusterCore::written` when it is durable, or with the reason
/// why nothing was written. Those of one agent take effect in the order in which they were asked for.
struct Write {
  enum class Kind : std::uint8_t {
    started,  // appends MigrationStarted to the node's own stream, beside the agent, which goes on appending;
              // its version there names the move
    committed,  // appends MigrationCommitted at exactly `version`+1 and raises the stream's epoch to
                // `new_epoch`
    abandoned,  // appends MigrationAbandoned: where `new_epoch` is higher than `epoch` to the agent's stream,
                // and raises its epoch; else to the node's own, because the agent works
    part,       // keeps a part of a moved agent beside the streams
    activated,  // the kept parts and `record` (MigrationCommitted, `version`) become the stream, owned here;
                // appends MigrationActivated under `new_epoch`, and raises the epoch to it
    discarded,  // drops the kept parts, if they are those of this move of `peer`
    adopted,    // appends AgentAdopted to the replica under `new_epoch`, owned here from now on
    fenced,     // the agent is another node's by `new_epoch`: sets aside what came after `version`
  } kind = Kind::started;
  std::uint64_t id = 0;
  std::string agent;
  std::uint64_t move = 0;
  std::uint64_t epoch = 0;  // of the append: a stream with a higher one refuses
  std::uint64_t new_epoch = 0;
  std::uint64_t version = 0;
  std::string peer;  // target or source
  std::string reason;
  events::Bytes record;
  events::MovePartT part;

  explicit Write(Kind what = Kind::started) : kind(what) {}
};

struct Written {
  std::uint64_t version = 0;  // of the stream, afterwards
  events::Bytes record;       // of a commit: the packed Envelope
};

/// Whether this node can take an agent: has room, knows its method, reads its state's schema and the kinds of
/// its events. `ClusterCore::considered` says so.
struct Consider {
  std::string source;
  events::MoveOfferT offer;
};

/// For the log: something that the operator may want to know; `fault`: something that must not happen.
struct Note {
  bool fault = false;
  Error what;
};

using Effect = std::variant<Send, Deliver, AnswerCaller, Control, Read, Write, Consider, Note>;

/// What the store knows of an agent when the node starts; of one that this node owns, after the start has
/// raised the stream's epoch, so that nothing of the life before can append.
struct RecoveredAgent {
  std::string agent;
  std::uint64_t epoch = 0;
  std::string owner;  // by the last MigrationCommitted, MigrationActivated or AgentAdopted of its stream
  std::uint64_t adopted_at = 0;  // of the newest adoption; 0: none
  std::uint64_t open_move = 0;   // a MigrationStarted of this node that nothing ended; 0: none
  // Of the MigrationCommitted that gave it away, where the owner is another node.
  std::uint64_t committed_move = 0;
  std::uint64_t committed_version = 0;
  events::Bytes committed_record;
};

/// Kept parts of an agent that was on its way here.
struct RecoveredParts {
  std::string agent;
  std::uint64_t move = 0;
  std::string source;
  std::uint64_t epoch = 0;    // of the agent when it was offered
  std::uint64_t version = 0;  // that the parts reach
  bool whole = false;         // the last one is there
};

}  // namespace automodel::cluster
