// The target's side of a move: an agent of another node comes to this one. Pure.
//
//   considering  the shell was asked whether it can take the agent
//   receiving    parts arrive and are kept, beside the streams
//   prepared     everything is on the disk; the source is asked now and then what became of it: this node
//   never
//                takes the agent without the source's word, nor drops it without
//   activating   the source said committed: the parts become the agent's stream, under the new epoch
//
// A node that starts again keeps what was prepared, and drops what was not whole: then the source abandons.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "actors/cluster/callers.hpp"
#include "actors/cluster/departures.hpp"
#include "actors/cluster/executor.hpp"
#include "actors/cluster/shared.hpp"

namespace automodel::cluster {

struct Arrival {
  enum class Step : std::uint8_t { considering, receiving, prepared, activating } step = Step::considering;
  std::string agent;
  std::string source;
  std::uint64_t move = 0;
  std::uint64_t epoch = 0;     // of the offer
  std::uint64_t version = 0;   // that is kept
  std::uint32_t part = 0;      // kept
  std::uint64_t write = 0;     // under way; 0: none
  std::uint32_t writing = 0;   // the part under way
  bool last = false;           // it is the last one
  std::uint64_t heard_at = 0;  // ticks
  std::uint64_t again_at = 0;
  std::uint32_t questions = 0;
  std::uint64_t new_epoch = 0;  // of the commit
  std::uint64_t commit_version = 0;
  events::Bytes record;
};

std::string_view name_of(Arrival::Step step);

class Arrivals {
 public:
  Arrivals(Shared& shared, Callers& callers, Executor& executor, Departures& departures)
      : shared_(shared), callers_(callers), executor_(executor), departures_(departures) {}

  /// From the store, when the node starts.
  void recover(const RecoveredParts& parts);

  void offered(const std::string& peer, const events::MoveOfferT& offer, bool leaving);
  void considered(const std::string& agent, std::uint64_t move, const std::optional<Error>& refusal,
                  std::uint64_t have);
  void part(const std::string& peer, events::MovePartT part);
  void committed(const std::string& peer, const events::MoveCommittedT& committed);
  void abandoned(const std::string& peer, const events::MoveAbandonedT& abandoned);
  /// False: the write is not one of an arrival.
  bool written(std::uint64_t id, const Result<Written>& result);
  void peer_started(const std::string& peer);
  void tick();
  /// The agent is adopted or another's: its parts are dropped.
  void discard(const std::string& agent);

  const Arrival* find(const std::string& agent) const;
  std::size_t size() const { return arrivals_.size(); }

 private:
  Arrival* match(const std::string& peer, const std::string& agent, std::uint64_t move);
  std::optional<Error> refusal(const std::string& peer, const events::MoveOfferT& offer, bool leaving) const;
  void give_up(Arrival& arrival, const Error& why);
  void drop(std::map<std::string, Arrival>::iterator at);
  void stored(Arrival& arrival);
  void activate(Arrival& arrival);
  void activated(Arrival& arrival);
  void say_activated(const std::string& peer, const std::string& agent, std::uint64_t move,
                     std::uint64_t epoch);
  void ask(Arrival& arrival);

  Shared& shared_;
  Callers& callers_;
  Executor& executor_;
  Departures& departures_;
  std::map<std::string, Arrival> arrivals_;
  std::map<std::uint64_t, Write> discards_;  // under way, by their ids
  std::vector<Write> discards_again_;        // that the store could not take
};

}  // namespace automodel::cluster
