// What an agent does between a command and its commit, without actors: decides on the optimistic state, hands
// out appends, finds repeated commands, and starts over from the durable state when an append fails.
//
// The caller feeds it (`submit`, `committed`) and carries out the `Step` that comes back. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/machine.hpp"
#include "storage/event_store.hpp"
#include "storage/projection.hpp"

namespace automodel::actors {

/// Names a waiting caller; the caller's own number.
using Ticket = std::uint64_t;

struct Answer {
  Ticket ticket = 0;
  events::ReplyT reply;
};

struct Append {
  std::uint64_t id = 0;  // comes back in `committed`
  storage::AppendRequest request;
};

/// What the caller has to do now, in this order.
struct Step {
  std::vector<Append> appends;
  std::vector<Answer> answers;
  bool committed = false;     // the durable state moved: look at jobs, outbox and snapshot
  bool messages = false;      // the outbox may have grown
  std::optional<Error> died;  // the decider threw: answer, then end; a new core starts from history
};

struct CoreOptions {
  std::string stream;
  std::uint64_t epoch = 1;                           // of ownership
  std::uint64_t snapshot_every = 256;                // events
  std::function<std::int64_t()> now;                 // UTC, ns
  std::shared_ptr<const storage::RowReader> memory;  // rows of long-term memory; may be absent
  std::string memory_projection = "memory";          // `memory` is read after this projection caught up
};

class AgentCore {
 public:
  AgentCore(std::unique_ptr<Machine> machine, std::shared_ptr<storage::EventStore> store,
            CoreOptions options);
  ~AgentCore();

  /// Loads the snapshot where its schema fits, and replays what came after. Before it, nothing else may be
  /// called.
  Result<void> recover();

  /// A command that arrived. Its answer comes in this step or a later one.
  Step submit(events::CommandT command, Ticket ticket);
  /// The store's answer to an append of an earlier step. Every append must be answered, also failed ones.
  Step committed(std::uint64_t append, Result<storage::Appended> result);

  /// Goes on under another epoch, after what came into the stream meanwhile. Only while it is idle.
  Result<void> resume(std::uint64_t epoch);

  /// Nothing decided waits for the store.
  bool idle() const { return pending_.empty() && held_.empty(); }
  std::uint64_t durable_version() const { return durable_version_; }
  std::vector<events::JobT> open_jobs() const { return machine_->open_jobs(); }
  /// A snapshot of the durable state, when enough events came since the last one; counts as taken.
  std::optional<storage::Snapshot> due_snapshot() { return snapshot_after(options_.snapshot_every); }
  /// The same when anything came: of an agent that ends, so that its history may be archived.
  std::optional<storage::Snapshot> last_snapshot() { return snapshot_after(1); }

 private:
  std::optional<storage::Snapshot> snapshot_after(std::uint64_t events);
  struct Entry;
  struct Held {
    events::CommandT command;
    std::vector<Ticket> tickets;
    int attempts = 0;
  };

  void accept(Held held, Step& step);
  bool join_pending(const Held& held);
  bool answer_stored(const Held& held, Step& step);
  Result<Decision> decide(const events::CommandT& command, std::int64_t now, bool& threw);
  Result<void> complete(Entry& entry, Decision decision, std::int64_t now);
  void refuse(Held held, const Error& error, bool fatal);
  void settle(Step& step);
  void rebuild(Step& step);
  Result<void> catch_up();
  void die(const Error& error, Step& step);

  std::unique_ptr<Machine> machine_;
  std::shared_ptr<storage::EventStore> store_;
  CoreOptions options_;
  std::deque<Entry> pending_;  // decided, oldest first
  std::deque<Held> held_;      // arrived while a rebuild is due
  std::uint64_t next_append_ = 1;
  std::size_t in_flight_ = 0;  // appends without an answer
  std::uint64_t durable_version_ = 0;
  std::uint64_t optimistic_version_ = 0;
  std::uint64_t snapshot_version_ = 0;
  std::int64_t last_time_ = 0;
  bool rebuild_due_ = false;
  bool dying_ = false;
};

}  // namespace automodel::actors
