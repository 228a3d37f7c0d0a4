// What a node hears of another.
#pragma once

#include <memory>
#include <string>

#include "actors/cluster/channel.hpp"
#include "events/cluster_messages.hpp"

namespace automodel::cluster {

/// A greeting, or a message. Stays in the process.
struct PeerNews {
  std::string peer;
  Incarnation started = 0;  // not 0: it was greeted, and this is its start
  std::shared_ptr<events::PeerMessageT> message;
};

}  // namespace automodel::cluster
