// A node's store in the simulation: what is on its disk, as transactions that wait for it and transactions
// that are there. A crash keeps the beginning of what waits, or nothing of it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/cluster/core.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/plan.hpp"

namespace automodel::cluster::simulation {

struct Outgoing {
  std::uint64_t id = 0;  // the version of its event, and its number
  int target = 0;        // agent
};

/// An agent's stream as one store has it.
struct Stream {
  std::uint64_t base = 0;       // records before it are in the snapshot only
  std::vector<Record> records;  // from version base+1 on
  std::map<std::pair<int, std::uint64_t>, std::uint64_t>
      inbox;  // (sender, number): version, which is the reply
  std::map<std::uint64_t, Outgoing> outbox;
  std::uint64_t epoch = 0;
  int owner = -1;
  std::uint64_t open_move = 0;
  std::uint64_t committed_move = 0;  // that gave it away
  std::uint64_t version() const { return base + records.size(); }
};

struct Kept {
  std::uint64_t move = 0;
  std::uint64_t epoch = 0;
  int source = 0;
  std::uint64_t until = 0;
  bool whole = false;
  Stream stream;
};

/// One transaction.
struct Operation {
  enum class Kind : std::uint8_t { append, acknowledge, write } kind = Kind::append;
  int agent = 0;
  Record record;               // append: all but the version
  std::uint64_t expected = 0;  // version after it; 0: any
  std::uint64_t id = 0;        // of the outbox entry, or of the append
  Write write;
  Time done_at = 0;
};

struct Done {
  Operation operation;
  Result<Written> result;
};

class Store {
 public:
  Store(int node, const Rules& rules, Checker& checker) : node_(node), rules_(rules), checker_(checker) {}

  void create(int agent);
  void ask(Operation operation, Time now, Time latency);
  /// Carries out the oldest transaction that waits.
  Done carry_out(bool full);
  bool busy() const { return !waiting_.empty(); }
  Time next_at() const { return waiting_.front().done_at; }
  /// The first `kept` of what waits reached the disk, though nobody heard of it.
  void crash(std::size_t kept);
  std::size_t waiting() const { return waiting_.size(); }

  Result<ReadPart> read(int agent, const Read& read, bool by_snapshot) const;
  /// What it owns it owns under a new epoch: nothing of the life before can append.
  void start();
  /// Up to which version it has what an agent held that is another node's.
  std::uint64_t have(int agent) const;
  std::vector<RecoveredAgent> agents() const;
  std::vector<RecoveredParts> parts() const;
  const Stream* find(int agent) const;
  const std::map<int, Kept>& kept() const { return kept_; }
  /// Agents whose ownership changed since the last call.
  std::vector<int> changed() { return std::exchange(changed_, {}); }

 private:
  Result<Written> apply(Operation& operation);
  Result<Written> append(int agent, Record record, std::uint64_t expected, std::uint64_t raise_to);
  Result<Written> write(Write& write);
  Result<Written> keep(int agent, Write& write);
  Result<Written> activate(int agent, Write& write);

  int node_;
  const Rules& rules_;
  Checker& checker_;
  std::map<int, Stream> streams_;
  std::map<int, Kept> kept_;
  std::deque<Operation> waiting_;
  Time last_done_ = 0;
  std::uint64_t moves_ = 0;  // in the node's own stream
  std::vector<int> changed_;
};

std::string node_name(int node);
std::string agent_name(int agent);
std::string sender_name(int sender);
/// The number in "n3", "a3" or "c3"; of senders, agents count from `first_agent_sender`.
int number_of(const std::string& name);
int sender_of(const std::string& name);

events::Bytes bytes_of(const Record& record);
Record record_of(const events::Bytes& bytes);
events::Bytes bytes_of(std::uint64_t number);
std::uint64_t number_in(const events::Bytes& bytes);

}  // namespace automodel::cluster::simulation
