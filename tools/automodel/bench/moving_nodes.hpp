// Two nodes of one process for `bench migrate`: each with a store, an actor system and a socket of its own,
// and one agent that lives at one of them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "events/codec.hpp"
#include "tools/automodel/bench/command_load.hpp"

namespace automodel::tools {

class MovingNodes {
 public:
  /// The agent begins at the first node, with a state of `state_bytes` that its history holds. Errors: those
  /// of the store and the sockets, bench.lost.
  static Result<std::unique_ptr<MovingNodes>> open(const std::filesystem::path& directory,
                                                   std::size_t state_bytes);
  ~MovingNodes();

  /// To the other node. Returns when it works there. Errors: the protocol's.
  Result<void> move();
  /// Commands to the agent from the first node on, wherever it is.
  CommandLoad& load();
  /// Commands that the agent has counted, as its history says where it lives.
  Result<std::uint64_t> counted() const;

 private:
  struct Impl;
  explicit MovingNodes(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::tools
