// A whole node in one object: the store, the agents, their workers, and the serving side. No actor type shows
// here.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/job_pool.hpp"
#include "base/error.hpp"
#include "storage/event_store.hpp"

namespace automodel::actors {

class Neighbours;  // actors/node/neighbours.hpp

struct NodeOptions {
  std::filesystem::path store;           // directory; artifacts lie in its `artifacts`
  std::filesystem::path data_directory;  // imported data sets by name
  std::string name = "local";            // of the node, in a new store
  storage::Durability durability = storage::Durability::durable;
  std::uint32_t workers = 1;  // jobs at once, each in a process of its own; 0: jobs wait for `add_worker`
  std::uint32_t threads = 1;  // of each worker
  std::uint64_t worker_memory_mb = 0;  // of data, of each worker; 0: no limit
  std::uint64_t max_parameters = 0;    // a trial of a larger model fails; 0: no limit
  std::filesystem::path program =
      "/proc/self/exe";  // run as `PROGRAM worker …` (actors/jobs/worker_main.hpp)
  bool ticker = true;    // tells the coordinator that time passes, each second
  /// The cluster that its agents live in; not yet started, and outlives the node. Null: they live here alone.
  Neighbours* neighbours = nullptr;
  bool joins = false;  // the cluster's agents are others', until they are moved here
};

/// A job that runs now.
struct RunningJob {
  std::string agent;  // autotrain/main
  std::string job;
  std::string goal;
  std::string node;                          // that it runs on; empty: this one
  std::vector<events::EpochReportT> epochs;  // so far
};

/// Where an agent is.
struct AgentAt {
  std::string agent;
  std::string node;
  std::uint64_t epoch = 0;
  std::string state;  // of one that is here
};

/// Makes the runners of this program's worker processes.
RunnerFactory worker_processes(const NodeOptions& options);

class Node {
 public:
  /// Opens or creates the store, starts agents and workers, and goes on with a goal that is neither finished
  /// nor paused. Errors: those of EventStore::open, and of the artifact directory.
  static Result<std::unique_ptr<Node>> start(NodeOptions options);
  /// Stops first, if nobody has.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Carries out a command and waits until its events are durable. It must have a sender and a number: asked
  /// again with both the same, it has its effect once. A refusal is a reply. Errors: runtime.timeout (it may
  /// have its effect still: ask again), runtime.unnamed_command, runtime.stopped.
  Result<events::ReplyT> submit(const std::string& agent, const events::CommandT& command,
                                std::chrono::milliseconds timeout = std::chrono::seconds(30));
  /// Answers from memory and history; failures are in the answer.
  events::AnswerT ask(const events::QuestionT& question) const;
  /// By the model that serves now; the first one after a promotion loads it. Failures are in the answer.
  events::RecommendationsT recommend(const events::RecommendT& wish);

  /// Calls back with each event committed from now on, in order, from one thread. Destroying the handle ends
  /// it; it must not outlive the node, nor be destroyed in the callback.
  std::shared_ptr<void> subscribe(std::function<void(const events::Recorded&)> listener);
  std::vector<RunningJob> running_jobs() const;
  /// Moves an agent of this node to another; returns when it works there. A refusal is a reply. Errors:
  /// cluster.alone, runtime.timeout (it may move still), runtime.stopped.
  Result<events::ReplyT> migrate(const std::string& agent, const std::string& node,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(60));
  /// Of a cluster, as this node knows; else empty.
  std::vector<AgentAt> places() const;
  /// One more slot for jobs, of another node. From any thread.
  void add_worker(NewSlot slot);
  const storage::EventStore& store() const;

  /// Asks running jobs to stop (their results are thrown away; they run again after the next start), lets
  /// agents finish what they decided, and ends everything but reading: `store`, `ask` go on working. Safe to
  /// repeat.
  void stop();

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::actors
