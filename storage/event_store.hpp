// The append-only event store: one LMDB environment per node.
//
// Thread safety: every member function may be called from any thread. Appends are gathered by the store's own
// writer thread into one transaction and one fsync (group commit), or written by the caller where he is alone
// (`append`, `append_here`); callbacks run on the thread that writes and must neither block nor throw.
// Visitors run outside of any transaction: they may take their time, and append.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::events {
struct EnvelopeView;  // events/envelope_view.hpp
}

namespace automodel::storage {

struct EventFilter;    // storage/filter.hpp
struct MoveWrite;      // storage/moves.hpp
struct MoveWritten;
struct ReadPart;
struct RecoveredAgent;
struct RecoveredParts;
struct OpenReader;     // storage/readers.hpp
struct Verification;   // storage/verification.hpp
struct VerifyOptions;  // storage/verification.hpp

/// What the stream's version must be for an append to hold.
struct Expected {
  enum class Kind : std::uint8_t { any, none, exists, exactly } kind = Kind::any;
  std::uint64_t version = 0;
  static Expected any() { return {}; }
  static Expected none() { return {Kind::none, 0}; }
  static Expected exists() { return {Kind::exists, 0}; }
  static Expected exactly(std::uint64_t v) { return {Kind::exactly, v}; }
};

/// One atomic append: all of it becomes durable, or none of it.
struct AppendRequest {
  std::string stream;
  Expected expected;
  std::uint64_t epoch = 1;  // lower than the stream's recorded epoch: refused with storage.fenced
  std::string sender;       // empty: not a command, no deduplication
  std::uint64_t number = 0;
  std::string correlation;
  std::string causation;
  std::int64_t time = 0;  // UTC ns, taken by whoever decided
  std::vector<events::EventT> events;
  std::vector<events::OutboxMessageT> outbox;  // written in the same transaction
  events::Bytes reply;                         // a packed Reply, returned again for a repeated command
};

struct Appended {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t version = 0;  // of the stream, after the append
  bool repeated = false;      // the command was known: nothing was written, `reply` is what was stored then
  events::Bytes reply;
};

/// A stream's snapshot: a cache of folded state, never the truth.
struct Snapshot {
  std::uint64_t version = 0;
  std::string schema;  // names the state's type and version; another one means: replay instead
  events::Bytes bytes;
};

struct PendingMessage {
  std::uint64_t id = 0;  // of the outbox entry
  std::string stream;    // who sent it
  events::OutboxMessageT message;
};

/// What an acknowledgement promises.
enum class Durability : std::uint8_t {
  durable,  // the commit is on the disk: it outlives a power cut
  relaxed,  // it outlives the process; a power cut may undo the commits of the last `sync_interval`. The
            // store is never damaged, and what is left of the history is a whole beginning of it.
};

struct StoreOptions {
  bool create = true;
  bool read_only = false;      // opens beside a running writer
  std::string node = "local";  // of a new store; an existing one keeps the name that it was created with
  std::size_t max_queued_appends = 4096;  // beyond it `append_async` blocks: back-pressure
  Durability durability = Durability::durable;
  std::chrono::milliseconds sync_interval{50};  // of a relaxed store: at the latest so long after a commit
  /// Told once, by the thread that writes, of each reader that has been open for so long: while it stays, the
  /// file only grows.
  std::function<void(const OpenReader&)> long_reader;
  std::chrono::seconds long_reader_after{60};
};

class Projection;  // storage/projection.hpp
class RowReader;
class RowWriter;

/// How far the stored rows of a projection are.
struct ProjectionState {
  std::uint64_t sequence = 0;            // what the rows that answer have applied
  std::string schema;                    // of these rows
  std::optional<std::uint64_t> rebuilt;  // how far the rows are that will take their place
};

/// What a fold over the history did. Threads share the work: the parts together may exceed `seconds`.
struct FoldFigures {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of their records
  double seconds = 0;
  double checking = 0;  // reading, verifying and hashing
  double applying = 0;
  double writing = 0;  // packing and putting rows
};

class EventStore {
 public:
  /// Opens or creates the store in directory `path`. Errors: storage.newer_format (with both versions),
  /// storage.locked (another process writes to it), storage.not_a_store, storage.io, storage.full.
  static Result<std::unique_ptr<EventStore>> open(const std::filesystem::path& path,
                                                  StoreOptions options = {});
  virtual ~EventStore() = default;  // drains queued appends, then closes

  /// Appends and waits until it is durable. Errors: storage.version_conflict (message has the actual
  /// version), storage.fenced, storage.full, storage.io, storage.read_only, storage.bad_request (an event
  /// without a body, a name longer than 240 bytes). On any error nothing was written. Not from a callback of
  /// this store.
  virtual Result<Appended> append(AppendRequest request) = 0;
  /// The same without waiting; `done` is called exactly once, from the writer thread, after the commit.
  virtual void append_async(AppendRequest request, std::function<void(Result<Appended>)> done) = 0;
  /// The same for one who has nothing better to do: where nobody else appends, the calling thread writes, and
  /// `done` is called on it before this returns. Not from a callback of this store.
  virtual void append_here(AppendRequest request, std::function<void(Result<Appended>)> done) {
    append_async(std::move(request), std::move(done));
  }

  /// Visits a stream's events from `from_version` on, in order, until `visit` returns false.
  virtual Result<void> read_stream(const std::string& stream, std::uint64_t from_version,
                                   const std::function<bool(const events::Recorded&)>& visit) const = 0;
  /// Visits all events from sequence `from` on, in commit order.
  virtual Result<void> read_all(std::uint64_t from,
                                const std::function<bool(const events::Recorded&)>& visit) const = 0;
  /// Visits the events that pass a filter, in commit order or newest first: by the index of streams where
  /// that is shorter, else by looking at every envelope of the range.
  virtual Result<void> read(const EventFilter& filter,
                            const std::function<bool(const events::Recorded&)>& visit) const;

  /// Visits records where they lie, sequences `from` to `until`, both included, as far as there are any:
  /// several times faster than `read_all`, for a price. `visit` runs inside a read transaction: it must be
  /// quick and must not call this store at all, least of all append (the writer may be waiting for it to
  /// end); what it is given is gone when it returns. Long scans renew their transaction now and then (65,536
  /// events, 50 ms), so that a scan does not keep old pages. The envelope is verified as a FlatBuffer and
  /// lies where it should; contents are not checked against their hashes: `read_all` and `verify` do that.
  /// Errors: storage.corrupt.
  virtual Result<void> scan(std::uint64_t from, std::uint64_t until,
                            const std::function<bool(const events::EnvelopeView&)>& visit) const;
  /// The same for the versions of one stream.
  virtual Result<void> scan_stream(const std::string& stream, std::uint64_t from_version,
                                   std::uint64_t until_version,
                                   const std::function<bool(const events::EnvelopeView&)>& visit) const;

  virtual Result<std::optional<events::Recorded>> find(const std::string& stream,
                                                       std::uint64_t version) const = 0;
  virtual Result<std::vector<std::string>> streams() const = 0;
  virtual std::uint64_t last_sequence() const = 0;
  virtual Result<std::uint64_t> stream_version(const std::string& stream) const = 0;  // 0: no such stream

  virtual Result<void> save_snapshot(const std::string& stream, Snapshot snapshot) = 0;
  /// The same without waiting; `done` is called exactly once, perhaps from the writer thread.
  virtual void save_snapshot_async(const std::string& stream, Snapshot snapshot,
                                   std::function<void(const Result<void>&)> done) {
    done(save_snapshot(stream, std::move(snapshot)));
  }
  virtual Result<std::optional<Snapshot>> load_snapshot(const std::string& stream) const = 0;

  /// The stored reply to a command of (stream, sender, number), if it was carried out.
  virtual Result<std::optional<events::Bytes>> find_reply(const std::string& stream,
                                                          const std::string& sender,
                                                          std::uint64_t number) const = 0;

  /// Messages not yet acknowledged by their targets, oldest first; of one stream.
  virtual Result<std::vector<PendingMessage>> outbox(const std::string& stream) const = 0;
  virtual Result<void> acknowledge(const std::string& stream, std::uint64_t outbox_id) = 0;

  /// The stream's ownership epoch (1 at first). Raising it fences every append with a lower one.
  virtual Result<std::uint64_t> epoch(const std::string& stream) const = 0;
  virtual Result<void> raise_epoch(const std::string& stream, std::uint64_t epoch) = 0;

  /// What moves of streams between nodes need (storage/moves.hpp). `node` is the name that this node has in
  /// its cluster. `write_move` calls `done` exactly once, after the commit, perhaps from the writer thread.
  /// On any error nothing was written: storage.version_conflict, storage.fenced, storage.corrupt (a record that
  /// is not what its hash says, or not the one that must follow), storage.diverged (another record is here at
  /// that version), storage.no_parts, storage.bad_request, events.newer_kind, storage.full, storage.io,
  /// storage.unsupported (adopted, fenced; any of them in stores that move nothing).
  virtual void write_move(const std::string& node, MoveWrite write,
                          std::function<void(Result<MoveWritten>)> done);
  /// What a stream holds beyond version `after`: about `bytes` of records, but at least one; `last`: all that
  /// is left, with the messages that are still to be sent.
  virtual Result<ReadPart> read_move(const std::string& stream, std::uint64_t after, std::size_t bytes,
                                     bool last) const;
  /// Up to which version this store has the records and the replies of an agent that is not this node's: what
  /// a move here can leave out. 0: nothing.
  virtual Result<std::uint64_t> whole_until(const std::string& stream) const;
  /// All streams of agents, with their owners; raises the epochs of those that are this node's, durably.
  virtual Result<std::vector<RecoveredAgent>> recover_agents(const std::string& node);
  virtual Result<std::vector<RecoveredParts>> recover_parts() const;

  /// Called after each commit with the newest sequence, from the thread that wrote it. Returns a handle;
  /// destroying it unsubscribes.
  virtual std::shared_ptr<void> on_commit(std::function<void(std::uint64_t last_sequence)> observer) = 0;

  /// Walks the whole history and checks every hash, version and sequence; names the first fault found
  /// (storage.corrupt, `where` is the sequence).
  virtual Result<std::uint64_t> verify() const = 0;
  /// The same on several threads, with everything that it found and how long it took. What is wrong with the
  /// history is no error here; errors are those of not being able to read it at all.
  virtual Result<Verification> verify(const VerifyOptions& options) const;

  /// Registers a projection; its rows and checkpoint live in this environment and move in one transaction,
  /// after commits, on the writer thread. Where rows of another schema() are stored they go on answering
  /// while the new ones are built beside them, and this returns at once: `wait_for` waits for the new ones.
  /// Otherwise it returns when the rows are up to date, at once where they were. Errors:
  /// storage.projection_failed, storage.bad_request (attached already, a name that is none).
  virtual Result<void> attach(std::shared_ptr<Projection> projection) = 0;
  /// What is stored of a projection: `sequence` 0 and no schema where there is nothing.
  virtual Result<ProjectionState> projection_state(const std::string& projection) const;
  /// Folds the events up to `until` (0: all that there are) into `rows`, each checked against its own hash.
  /// Reading and checking go on in other threads; `rows` is the caller's. Errors: storage.corrupt,
  /// storage.io, storage.projection_failed.
  virtual Result<FoldFigures> rebuild(const Projection& projection, RowWriter& rows,
                                      std::uint64_t until) const;
  /// The stored rows of a projection; never null (without such a projection there are no rows). Each call of
  /// the reader sees the newest commit, in a read transaction of its own; where the store cannot be read it
  /// throws std::runtime_error. Must not outlive the store.
  virtual std::shared_ptr<const RowReader> projection_rows(const std::string& projection) const = 0;
  /// Blocks until the rows of the named projection, of its attached schema, answer and have applied
  /// `sequence` (read your write); while they are rebuilt nothing has been reached yet. Errors:
  /// storage.timeout, storage.no_such_projection, storage.projection_failed, storage.projection_conflict
  /// (somebody else moved its checkpoint: it is not touched again). Not from a callback of this store.
  virtual Result<void> wait_for(const std::string& projection, std::uint64_t sequence,
                                std::chrono::milliseconds timeout) const = 0;

  /// Who has a read transaction open, in this process or another, the one furthest behind first. Entries of
  /// processes that died are cleared at opening and, by the writer, once a second.
  virtual Result<std::vector<OpenReader>> readers() const;

  virtual const std::filesystem::path& path() const = 0;
  /// Whether another process writes: then `on_commit` never tells of anything.
  virtual bool is_read_only() const { return false; }
  /// A power cut may undo the commits of so long a while: zero, unless the store is relaxed.
  virtual std::chrono::milliseconds at_risk() const { return {}; }
};

}  // namespace automodel::storage
