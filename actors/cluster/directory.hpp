// Which node an agent belongs to: agent -> (epoch, node), in which the higher epoch wins. Pure.
//
// Each node tells the others of its own agents only, and only of changes: every change of a place that it
// owns gets the next revision, and for each peer it keeps up to which revision that peer has acknowledged. A
// peer that started again is told everything once. What a node does not know it asks for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/options.hpp"
#include "events/cluster_messages.hpp"

namespace automodel::cluster {

enum class Learnt : std::uint8_t {
  news,
  known,
  older,
  conflict,  // the same epoch with another node: two owners, which must not happen
};

class Directory {
 public:
  explicit Directory(const ClusterOptions& options) : options_(options) {}

  /// Takes what a peer says of a place.
  Learnt learn(const events::PlaceT& place);
  /// A place of this node's own: it will be told to every peer.
  void announce(const std::string& agent, std::uint64_t epoch, std::uint64_t adopted_at);
  const events::PlaceT* find(const std::string& agent) const;
  std::size_t size() const { return places_.size(); }
  /// Counts the changes of this node's own places.
  std::uint64_t revision() const { return revision_; }

  /// What this peer has still to be told; nothing while an earlier message waits for its acknowledgement.
  std::optional<events::PlacesChangedT> next_for(const std::string& peer, std::uint64_t now);
  void acknowledged(const std::string& peer, std::uint64_t revision);
  /// A peer that started again knows nothing.
  void forget(const std::string& peer) { peers_.erase(peer); }

 private:
  struct Peer {
    std::uint64_t acknowledged = 0;
    std::uint64_t told = 0;
    std::uint64_t told_at = 0;  // tick
  };

  const ClusterOptions& options_;
  std::map<std::string, events::PlaceT> places_;
  std::map<std::string, std::uint64_t> revision_of_;  // of this node's own places
  std::map<std::uint64_t, std::string> changes_;      // the same, by revision
  std::uint64_t revision_ = 0;
  std::map<std::string, Peer> peers_;
};

}  // namespace automodel::cluster
