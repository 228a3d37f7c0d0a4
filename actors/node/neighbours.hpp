// The other nodes of a cluster, as one object: who is there, their files, and jobs either way.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/cluster/agents/peer_news.hpp"
#include "actors/cluster/transport/transport.hpp"
#include "actors/runtime/job_pool.hpp"
#include "base/error.hpp"

namespace automodel::actors {

struct NeighbourOptions {
  std::string name;                      // of this node, unlike any other's
  std::filesystem::path store;           // its directory: holds the identity and the artifacts
  std::filesystem::path data_directory;  // data sets by name
  std::string listen;                    // tcp://HOST:PORT
  std::vector<std::string> join;         // nodes to connect to: ENDPOINT or, with keys, NAME@ENDPOINT
  std::filesystem::path keys;            // directory of node.key, nodes/, …; empty: none
  std::vector<std::string> roles;        // agents, trainer
  std::chrono::milliseconds lost_after{10000};
};

/// A node as others see it.
struct Neighbour {
  cluster::PeerState peer;
  double silent_seconds = 0;
  bool lost = false;  // silent for longer than `lost_after`
};

class Neighbours {
 public:
  /// Takes the address. Errors: those of Transport::bind, of the keys, of the identity, cluster.unknown_role.
  static Result<std::unique_ptr<Neighbours>> bind(NeighbourOptions options);
  ~Neighbours();

  /// Before `start`, of a node with agents: is told of the workers that others offer.
  void take_workers(std::function<void(NewSlot)> add);
  /// Before `start`, of a trainer: carries out the jobs of others' agents.
  void offer_workers(std::uint32_t slots, const RunnerFactory& make_runner);
  /// Before `start`, of a node with agents: is told what the other nodes with agents say.
  void carry_agents(std::function<void(cluster::PeerNews)> deliver);
  /// To another node with agents. Errors: cluster.not_reachable, those of Transport::send.
  Result<void> say(const std::string& node, const events::PeerMessageT& message);
  /// Nodes with agents that were heard a moment ago.
  std::vector<std::string> heard() const;
  /// Fetches what is not here from any node with agents that has it: the data set, unless it is null, and
  /// artifacts. Blocks. Errors: those of Fetcher, of the last node that was asked.
  Result<void> bring(const events::DataRefT* data, const std::set<std::string>& artifacts);
  std::string identity() const;
  std::uint64_t incarnation() const;

  /// Who comes, goes and is turned away is told in words, from another thread.
  Result<void> start(std::function<void(const std::string&)> tell);

  std::vector<Neighbour> list() const;
  /// Jobs of others that run here.
  std::size_t running() const;
  const std::string& endpoint() const;
  const std::string& name() const;
  /// Jobs that run at other nodes are given up, those of others that run here are cancelled. Safe to repeat.
  void stop();

 private:
  struct Impl;
  explicit Neighbours(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::actors
