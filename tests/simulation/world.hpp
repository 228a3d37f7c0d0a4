// Runs a plan: nodes of the pure protocol on a simulated network, clock and disk, with agents and clients,
// until everything has settled after the last fault, or too long after it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "actors/cluster/core.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/links.hpp"
#include "tests/simulation/plan.hpp"
#include "tests/simulation/store.hpp"

namespace automodel::cluster::simulation {

/// What happened in runs, so that a test can say that they were worth something.
struct Counts {
  std::uint64_t runs = 0, commands = 0, acknowledged = 0, moves = 0, committed = 0, abandoned = 0,
                refused = 0, crashes = 0, batches = 0, lost = 0, forwarded = 0, questions = 0,
                failed_writes = 0, fenced = 0;
  void add(const Counts& other);
};

struct Outcome {
  std::string fault;  // empty: none
  Counts counts;
};

class World {
 public:
  World(const Plan& plan, const Rules& rules);
  Outcome run();

 private:
  /// A message with its number among those of its channel, for the checker.
  struct Parcel {
    std::shared_ptr<const events::PeerMessageT> message;
    std::uint64_t serial = 0;
    std::size_t size() const { return 1; }
  };
  struct Packet {
    int from = 0;
    int to = 0;
    BatchHead head;
    std::vector<Parcel> parcels;
  };
  struct Event {
    enum class Kind : std::uint8_t { tick, packet, disk, work, restart, action, straggler } kind = Kind::tick;
    Time at = 0;
    std::uint64_t order = 0;
    int node = 0;
    int agent = 0;
    std::uint64_t index =
        0;  // of the packet, the action; the incarnation of the node; the epoch of a straggler
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  struct Command {
    int sender = 0;
    std::uint64_t number = 0;
    int tells = -1;
    std::vector<std::uint64_t> deliveries;
  };
  /// An agent that runs on a node.
  struct Activation {
    std::uint64_t epoch = 0;
    std::uint64_t version = 0;  // with what is on its way to the disk
    bool frozen = false;
    bool told_frozen = false;
    bool rebuilding = false;  // an append failed: what follows fails too, then all starts over
    std::deque<Command> mailbox;
    std::map<std::uint64_t, Command> pending;  // by append
    std::deque<Command> failed;
  };
  struct Waiting {
    enum class Kind : std::uint8_t { client, outbox, operation } kind = Kind::client;
    int who = 0;  // client; agent
    std::uint64_t number = 0;
    bool copy = false;
  };
  struct Node {
    bool up = false;
    bool left = false;
    Incarnation incarnation = 0;
    Time slow_until = 0;
    Time full_until = 0;
    std::unique_ptr<ClusterCore> core;
    std::unique_ptr<Links<Parcel>> links;
    std::unique_ptr<Store> store;
    std::map<int, Activation> running;
    std::map<Ticket, Waiting> waiting;
    std::vector<std::uint64_t> said;   // serial of the last message to each node
    std::vector<std::uint64_t> heard;  // the same, from
    std::uint64_t appends = 0;
    Ticket tickets = 0;
  };
  struct Sent {
    int agent = 0;
    int tells = -1;
    bool acknowledged = false;
    bool asked = false;  // of an impatient client: it is under way
  };
  struct Client {
    int node = 0;
    std::vector<Sent> sent;  // number i+1
  };

  void schedule(Event::Kind kind, Time at, int node, int agent = 0, std::uint64_t index = 0);
  void handle(const Event& event);
  void start(int node);
  void crash(int node, Time length);
  void act(const Action& action);
  void move(int agent, int target);

  void settle(int node);
  void carry_out(int node, Effect& effect);
  void control(int node, const Control& control);
  void read(int node, const Read& read);
  void answered(int node, AnswerCaller& answer);
  void ask_disk(int node, Operation operation);
  void disk(int node);
  void appended(int node, Done& done);
  void flush(int node);
  void post(Packet packet);
  void arrive(Packet packet);
  bool cut(int from, int to) const;

  void deliver(int node, Deliver& deliver);
  void work(int node, int agent);
  void maybe_frozen(int node, int agent);
  void send_message(int node, int agent, const Outgoing& message);

  void submit(Client& client, std::uint64_t number, int node, bool copy);
  void submit_waiting(int client);
  void check_owners();
  bool settled() const;
  std::string unsettled() const;

  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return percent > 0 && below(100) < percent; }
  bool faulty() const { return now_ < plan_.faults_end; }

  const Plan& plan_;
  Rules rules_;
  std::mt19937_64 random_;
  Checker checker_;
  Counts counts_;
  Time now_ = 0;
  std::uint64_t order_ = 0;
  std::priority_queue<Event> events_;
  std::vector<Packet> packets_;
  std::vector<std::size_t> free_packets_;
  std::vector<Node> nodes_;
  std::vector<Client> clients_;
  std::map<std::pair<int, int>, Time> cuts_;  // until
  bool by_snapshot_ = false;
};

}  // namespace automodel::cluster::simulation
