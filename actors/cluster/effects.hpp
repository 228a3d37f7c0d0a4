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
#include "storage/moves.hpp"

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

using storage::ReadPart;
/// Answered by `ClusterCore::written`.
using Write = storage::MoveWrite;
using Written = storage::MoveWritten;

/// Whether this node can take an agent: has room, knows its method, reads its state's schema and the kinds of
/// its events; and what it has of the agent already. `ClusterCore::considered` says so.
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

using storage::RecoveredAgent;
using storage::RecoveredParts;

}  // namespace automodel::cluster
