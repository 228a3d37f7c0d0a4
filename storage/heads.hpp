// Where the node and its streams stand. The events say it: the last record in `events` is the node's last
// commit, the last entry of a stream in `streams` leads to its last event. Private to storage/.
#pragma once

#include <string>
#include <unordered_map>

#include "storage/lmdb/environment.hpp"
#include "storage/lmdb/records.hpp"

namespace automodel::storage {

/// The newest sequence, 0 of an empty store. The record itself is not looked at.
Result<std::uint64_t> load_last_sequence(const Transaction& transaction);

/// The stream's version, 0 where it has no event.
Result<std::uint64_t> load_version(const Transaction& transaction, const std::string& stream);

/// The stream's head; of a stream without events version 0. The epoch is the higher one of its last event
/// and of what raise_epoch() recorded, at least 1. Where its last event is archived and cannot be read, it is
/// what archiving kept of it. Errors: storage.corrupt.
Result<StreamHead> load_head(const Transaction& transaction, const std::string& stream);

/// What the `state` row says: true of some commit, seldom of the newest (next_message always counts).
Result<NodeState> load_stored_state(const Transaction& transaction);
Result<void> store_state(WriteTransaction& transaction, const NodeState& state);

/// Heads in memory, so that an append touches as few trees as it can. The writer thread's own.
class Heads {
 public:
  /// The node's state with everything that the transaction wrote. The first time it is read, the last record
  /// is checked against the one before it: nothing is put behind a record that is not what it was.
  Result<NodeState*> state(const Transaction& transaction);
  /// A stream's head; valid until the next call.
  Result<StreamHead*> head(const Transaction& transaction, const std::string& stream);

  /// One stream's head was changed in the store.
  void forget(const std::string& stream) { streams_.erase(stream); }
  /// A transaction did not hold: whatever is known may be of it.
  void forget() {
    streams_.clear();
    known_ = false;
  }

 private:
  std::unordered_map<std::string, StreamHead> streams_;
  NodeState state_;
  bool known_ = false;
};

}  // namespace automodel::storage
