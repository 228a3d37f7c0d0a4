// A store's history at another node: what a follower keeps of it, and what it is given.
//
// A replica is a store of its own, beside that of the node that keeps it: the origin's events under the
// origin's numbers, with the origin's hashes, byte for byte. It takes no other appends. Everything that reads
// a store reads a replica.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "events/codec.hpp"
#include "storage/event_store.hpp"

namespace automodel::storage {

class Environment;     // storage/lmdb/environment.hpp
class LmdbEventStore;  // storage/lmdb_event_store.hpp

/// Where a history stands: its last event, or the beginning.
struct HistoryPosition {
  std::uint64_t sequence = 0;
  events::Hash256 commit_hash{};  // covers all events up to this one, and their order
  std::int64_t time = 0;          // of the last event; UTC, ns
};

/// Whose events a replica holds.
struct Origin {
  std::string node;      // its name in the cluster
  std::string identity;  // of its store (storage/identity.hpp)
};

/// The directory of the replicas that a store's node keeps, one folder for each origin.
inline std::filesystem::path replicas_of(const std::filesystem::path& store) { return store / "replicas"; }

class Replica {
 public:
  /// Opens or creates `directory`. `own`: the store of the node that keeps it; must outlive the replica.
  /// Errors: those of EventStore::open; storage.bad_request (a store that is no replica), storage.diverged
  /// (it holds events of another store).
  static Result<std::unique_ptr<Replica>> open(const std::filesystem::path& directory, const Origin& origin,
                                               const EventStore& own,
                                               Durability durability = Durability::durable);
  ~Replica();

  /// Takes the origin's events `after` + 1, `after` + 2, … in one transaction; returns when they are durable.
  /// Each is checked as one that comes with an agent that moves: its form to the bit, its kind, its payload,
  /// its hashes, that it follows the event before it in its stream; and that it follows the event before it
  /// at the origin. Those that are here are compared. On any error nothing was written: storage.corrupt (a
  /// record that was changed, a gap), events.newer_kind, storage.diverged (another event is here under that
  /// number; it is said to be of the own node, whose store has not got it), storage.full, storage.io.
  Result<HistoryPosition> write(std::uint64_t after, std::vector<events::Bytes> records);

  /// Errors: storage.corrupt, storage.io.
  Result<HistoryPosition> position() const;
  const EventStore& events() const;

 private:
  Replica(Origin origin, const EventStore& own, std::unique_ptr<LmdbEventStore> store);
  Origin origin_;
  const EventStore& own_;
  std::string own_node_;  // the name with which `own` marks its events
  std::unique_ptr<LmdbEventStore> store_;
};

/// A store's history as its followers get it. Thread-safe; the store may go on appending.
class SharedHistory {
 public:
  struct Part {
    std::vector<events::Bytes> records;
    std::uint64_t last_sequence = 0;  // of the store, at least
  };
  /// Errors: those of opening the file to read.
  static Result<SharedHistory> open(const EventStore& store);

  /// Events after `after`: about so many bytes, at least one where there is any. Errors: storage.diverged
  /// (the history has no such event, or another one under that number), storage.corrupt, storage.io.
  Result<Part> read(const HistoryPosition& after, std::size_t bytes) const;

 private:
  explicit SharedHistory(std::shared_ptr<Environment> environment) : environment_(std::move(environment)) {}
  std::shared_ptr<Environment> environment_;
};

}  // namespace automodel::storage
