// What a store does for streams that move between nodes: what it reads for their new owner, the transactions
// of both sides, and what it knows of owners after a start. When each is asked for is decided by
// actors/cluster.
//
// A stream's records keep their content and their hashes wherever they go: `sequence` and `commit_hash` alone
// are of the store that they lie in. The owner is whoever wrote the stream's last record, unless that is a
// MigrationCommitted: then it is the node that it names. A node writes of its moves to a stream of its own,
// "node/NAME"; streams whose names begin so are no agents'.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "events/cluster_messages.hpp"
#include "events/codec.hpp"

namespace automodel::storage {

/// One transaction, answered when it is durable, or with the reason why nothing was written. Those of one
/// agent take effect in the order in which they were asked for.
struct MoveWrite {
  enum class Kind : std::uint8_t {
    started,  // appends MigrationStarted to the node's own stream, beside the agent, which goes on appending;
              // its version there names the move. The agent's epoch must be `epoch`
    committed,  // appends MigrationCommitted at exactly `version`+1 and raises the stream's epoch to
                // `new_epoch`
    abandoned,  // appends MigrationAbandoned: where `new_epoch` is higher than `epoch` to the agent's stream,
                // and raises its epoch; else to the node's own, because the agent works
    part,       // verifies the records of a part, then puts those that are new behind the stream: a true
                // beginning of a history does no harm where nobody owns it. What only the owner needs is kept
                // beside. Part 1 of another move replaces what was kept; a repeated part changes nothing
    activated,  // the stream is owned here from now on: `record` (MigrationCommitted, `version`) and
                // MigrationActivated under `new_epoch`, to which the epoch is raised, are put behind it; its
                // messages are those that were kept
    discarded,  // drops the kept parts, if they are those of this move of `peer`
    adopted,    // appends AgentAdopted to the replica under `new_epoch`, owned here from now on
    fenced,     // the agent is another node's by `new_epoch`: sets aside what came after `version`
  } kind = Kind::started;
  std::uint64_t id = 0;
  std::string agent;
  std::uint64_t move = 0;
  std::uint64_t epoch = 0;  // of the append, or of the agent as offered: a stream with a higher one refuses
  std::uint64_t new_epoch = 0;
  std::uint64_t version = 0;
  std::string peer;  // target or source
  std::string reason;
  events::Bytes record;
  events::MovePartT part;

  explicit MoveWrite(Kind what = Kind::started) : kind(what) {}
};

struct MoveWritten {
  std::uint64_t version = 0;  // of the stream, afterwards
  events::Bytes record;       // of a commit: the packed Envelope
};

/// What a read of a stream for its new owner came to.
struct ReadPart {
  events::MovePartT part;  // `until` and the contents; the rest is filled in by the protocol
  std::size_t left = 0;    // bytes that came since and are not in it, about
};

/// What the store knows of an agent when the node starts; of one that this node owns, after the start has
/// raised the stream's epoch, so that nothing of the life before can append.
struct RecoveredAgent {
  std::string agent;
  std::uint64_t epoch = 0;
  std::string owner;             // by the stream's last record
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

}  // namespace automodel::storage
