// Commands that other nodes ask of agents: delivered here, kept while the agent moves, or sent on. Pure.
//
// Where an agent is on its way its commands wait here (bounded: one too many is refused with an error, never
// dropped); when it has gone they follow it, or its callers are told the new place. A command that arrives
// for an agent elsewhere is forwarded, twice at most in all: then the caller is told what this node knows,
// and looks up again.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "actors/cluster/shared.hpp"

namespace automodel::cluster {

class Executor {
 public:
  explicit Executor(Shared& shared) : shared_(shared) {}

  void ask(events::AskT ask);
  void answered(std::uint64_t delivery, const events::Bytes& reply);
  void returned(std::uint64_t delivery);
  /// Where the agent is, or whether it runs, has changed: what waits for it goes on.
  void look_again(const std::string& agent);
  /// Nobody waits for the answers to what an earlier start of this node asked.
  void peer_started(const std::string& peer, Incarnation incarnation);
  /// Commands that wait for the agent.
  std::size_t stashed(const std::string& agent) const;
  std::uint64_t overflows() const { return overflows_; }

 private:
  struct Train {
    events::AskT ask;
    std::vector<events::Bytes> replies;
    std::vector<bool> replied;
    std::size_t under_way = 0;  // deliveries without an answer
    bool waits = false;         // for the agent
    std::uint64_t arrival = 0;
  };
  using Key = std::tuple<std::string, Incarnation, std::uint64_t>;  // origin, its start, its request
  struct Delivery {
    Key train;
    std::size_t index;
  };

  void place(const Key& key, Train& train);
  void deliver(const Key& key, Train& train);
  void stash(Train& train);
  void forward(Train& train, const events::PlaceT& place);
  void tell(Train& train, const events::PlaceT* moved, const Error* error);
  void drop(const Key& key);

  Shared& shared_;
  std::map<Key, Train> trains_;
  std::unordered_map<std::uint64_t, Delivery> deliveries_;
  std::map<std::string, std::size_t> stashed_;  // commands, by agent
  std::uint64_t next_delivery_ = 2;             // even; those of `Callers` are odd
  std::uint64_t arrivals_ = 0;
  std::uint64_t overflows_ = 0;
};

}  // namespace automodel::cluster
