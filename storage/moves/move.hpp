// One transaction of a move: checked by the thread that asks, written by the writer thread. Private to
// storage/.
#pragma once

#include <optional>

#include "storage/heads.hpp"
#include "storage/moves.hpp"
#include "storage/moves/moved_records.hpp"
#include "storage/moves/recent_replies.hpp"

namespace automodel::storage {

/// What needs no look at the store was found to be right.
struct PreparedMove {
  std::string node;  // this one, as its cluster calls it
  MoveWrite write;   // without its records, messages and state
  std::int64_t time = 0;
  std::vector<MovedRecord> records;  // of the part, or the record of the commit
  std::vector<KeptParts::Message> messages;
  std::optional<StoredSnapshot> state;
};

/// Errors: storage.bad_request, storage.corrupt, events.newer_kind, storage.unsupported.
Result<PreparedMove> prepare_move(const std::string& node, MoveWrite write);

/// A refusal writes nothing and leaves the others of the group alone; the outer error is the transaction's.
using MoveOutcome = Result<MoveWritten>;

/// Checks and writes one; moves `heads` along. `store` is the name with which this store marks its events.
Result<MoveOutcome> write_move(WriteTransaction& transaction, const PreparedMove& move,
                               const std::string& store, Heads& heads);

/// The two sides, each with what it must look at in the store (departure.cpp, arrival.cpp).
Result<MoveOutcome> write_departure(WriteTransaction& transaction, const PreparedMove& move,
                                    const std::string& store, Heads& heads);
Result<MoveOutcome> write_arrival(WriteTransaction& transaction, const PreparedMove& move,
                                  const std::string& store, Heads& heads);

/// Appends one event of this store's own, at exactly the version after `head`, under `epoch`.
Result<MoveOutcome> append_event(WriteTransaction& transaction, const PreparedMove& move,
                                 const std::string& stream, std::uint64_t version, std::uint64_t epoch,
                                 events::EventT event, const std::string& store, Heads& heads);

inline double seconds_between(std::int64_t from, std::int64_t to) {
  return to > from ? static_cast<double>(to - from) * 1e-9 : 0.0;
}

/// Where the row of a move of this agent lies, in `meta`; and of all of them the beginning.
inline Key kept_parts_keys() { return Key().name("move"); }
inline Key kept_parts_key(const std::string& agent) { return kept_parts_keys().rest(agent); }

/// Where lies up to which version this store has all of the agent's records and replies, in `meta`: since it
/// gave the agent away, or as parts brought them.
inline Key whole_key(const std::string& agent) { return Key().name("whole").rest(agent); }
/// 0: nothing, or it is not known.
Result<std::uint64_t> whole_until(const Transaction& transaction, const std::string& agent);

/// `recent`: the replies at version `after` and later; where that is not known, all of them are read.
Result<ReadPart> read_move(const Transaction& transaction, const std::string& stream, std::uint64_t after,
                           std::size_t bytes, bool last,
                           const std::optional<std::vector<RecentReplies::Reply>>& recent);
Result<std::vector<RecoveredAgent>> recover_agents(WriteTransaction& transaction, const std::string& node,
                                                   const std::string& store, Heads& heads);
Result<std::vector<RecoveredParts>> recover_parts(const Transaction& transaction);

}  // namespace automodel::storage
