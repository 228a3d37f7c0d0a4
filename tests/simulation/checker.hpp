// Reads what the simulated stores wrote, append by append, and says what must not have happened.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace automodel::cluster::simulation {

/// One event of an agent's stream.
struct Record {
  enum class Kind : std::uint8_t { created, applied, committed, abandoned, activated, straggler };
  std::uint64_t version = 0;
  std::uint64_t epoch = 0;
  Kind kind = Kind::created;
  int node = 0;              // that wrote it
  int sender = 0;            // applied: a client, or 100 + an agent; of a move: its target
  std::uint64_t number = 0;  // of the command; of a move: its name
  int tells = -1;            // an agent that gets a message because of it

  friend bool operator==(const Record&, const Record&) = default;
};

constexpr int first_agent_sender = 100;

class Checker {
 public:
  explicit Checker(int agents) : streams_(static_cast<std::size_t>(agents)) {}

  /// A store made this durable.
  void appended(int agent, const Record& record);
  /// A caller was told that the command was carried out, as this version (0: the answer did not say).
  void acknowledged(int agent, int sender, std::uint64_t number, std::uint64_t version);
  /// How many stores say that they own the agent, and how many nodes run it.
  void owners(int agent, int stores, int running);
  /// A store holds this as the agent's stream from version `base`+1 on.
  void holds(int agent, std::uint64_t base, const std::vector<Record>& records);
  /// An Ask arrived that had been forwarded so often.
  void hops(int count);
  /// A channel delivered the message with this serial number of its sender's.
  void delivered(std::uint64_t& last, std::uint64_t serial);
  /// The run is over.
  void finished();

  void violation(std::string what) {
    if (fault_.empty()) fault_ = std::move(what);
  }
  bool good() const { return fault_.empty(); }
  const std::string& fault() const { return fault_; }

  std::uint64_t version(int agent) const { return streams_[static_cast<std::size_t>(agent)].records.size(); }
  /// Whether every message that an agent's events asked for had its effect.
  bool messages_arrived() const;

 private:
  struct Stream {
    std::vector<Record> records;                                     // by version
    std::map<std::pair<int, std::uint64_t>, std::uint64_t> applied;  // (sender, number): version
    std::map<int, std::uint64_t> last;                               // number of each sender
  };
  struct Acknowledged {
    int agent;
    int sender;
    std::uint64_t number;
  };

  std::vector<Stream> streams_;
  std::vector<Acknowledged> acknowledged_;
  std::string fault_;
};

}  // namespace automodel::cluster::simulation
