// What two nodes tell each other first, and whether they may speak at all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/cluster/transport/node_keys.hpp"
#include "base/error.hpp"
#include "events/cluster_messages.hpp"

namespace automodel::cluster {

/// Frames of another protocol are refused before anything else in them is read.
inline constexpr std::uint32_t cluster_protocol = 1;

/// The last kind of event that this program reads.
std::uint32_t readable_event_kinds();

/// Whether a name may be a node's: 1 to 64 letters, digits, '-', '_' and '.'; it becomes part of file names.
/// Errors: cluster.bad_name.
Result<void> check_node_name(const std::string& name);

/// What a node knows of a peer whose connection it judges.
struct GreetingContext {
  const events::NodeHelloT& own;
  const AllowedPeer* key = nullptr;           // by whose key the connection came; null: not encrypted
  const events::NodeHelloT* known = nullptr;  // of a node with this name that is connected already
};

/// Whether to speak with the node that sent `hello`. Errors: cluster.bad_name, cluster.malformed (no
/// identity), cluster.same_node (this node itself, or a copy of its store), cluster.same_name (another store
/// under our own name, or under a name that is connected with another identity), cluster.wrong_key (the key
/// is another node's), cluster.old_start (a message from before its last start).
Result<void> check_hello(const events::NodeHelloT& hello, const GreetingContext& context);

}  // namespace automodel::cluster
