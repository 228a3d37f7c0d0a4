// ClusterFrames as bytes. Pure; what comes from outside is verified before it is read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/cluster/channel.hpp"
#include "base/error.hpp"
#include "events/cluster_messages.hpp"
#include "events/codec.hpp"

namespace automodel::cluster {

/// The largest frame that is taken, and the largest message within a batch.
inline constexpr std::size_t max_frame_bytes = 16u << 20;
inline constexpr std::size_t max_peer_message_bytes = 8u << 20;

/// A received batch: its messages lie in the frame's bytes, which must outlive it.
struct ReceivedBatch {
  BatchHead head;
  std::vector<events::ByteView> messages;  // each begins at a multiple of 8 from the first
};

events::Bytes encode(events::NodeHelloT hello);
events::Bytes encode_refusal(const Error& error);
/// One frame of several messages: their bytes are copied once.
events::Bytes encode_batch(const BatchHead& head, std::span<const events::Bytes* const> messages);

/// What came: exactly one of the members holds.
struct ReceivedFrame {
  std::optional<events::NodeHelloT> hello;
  std::optional<Error> refusal;
  std::optional<ReceivedBatch> batch;
};

/// Errors: cluster.malformed (too large, not a ClusterFrame, a batch whose lengths do not add up),
/// cluster.other_protocol. Bytes that do not begin at a multiple of 8 are copied
/// into `scratch`; both must outlive the frame.
Result<ReceivedFrame> decode(events::ByteView bytes, events::Bytes& scratch);

}  // namespace automodel::cluster
