#include "actors/cluster/transport/frames.hpp"

#include <algorithm>
#include <cstring>

#include "actors/cluster/transport/greeting.hpp"
#include "actors/session/protocol.hpp"

namespace automodel::cluster {
namespace {

constexpr std::size_t aligned(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

template <class T>
events::Bytes frame_bytes(T body) {
  events::ClusterFrameT frame;
  frame.protocol = cluster_protocol;
  frame.body.Set(std::move(body));
  return events::pack(frame);
}

Result<ReceivedBatch> batch_of(const events::ChannelBatch& batch) {
  const std::uint32_t count = batch.lengths() ? batch.lengths()->size() : 0;
  ReceivedBatch received{{batch.from_incarnation(), batch.to_incarnation(), batch.first(), count,
                          batch.acknowledged(), batch.missing(), batch.credit()},
                         {}};
  // Both may be absent: empty messages need no bytes.
  const std::uint8_t* bytes = batch.bytes() ? batch.bytes()->data() : nullptr;
  const std::size_t size = batch.bytes() ? batch.bytes()->size() : 0;
  received.messages.reserve(count);
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t length = batch.lengths()->Get(i);
    if (length > max_peer_message_bytes || at > size || length > size - at)
      return fail("cluster.malformed", "the lengths of a batch do not add up to its bytes");
    received.messages.emplace_back(bytes + at, length);
    at += aligned(length);
  }
  if (at != size) return fail("cluster.malformed", "a batch has bytes that are no message");
  return received;
}

}  // namespace

events::Bytes encode(events::NodeHelloT hello) { return frame_bytes(std::move(hello)); }

events::Bytes encode_refusal(const Error& error) {
  events::NodeRefusalT refusal;
  refusal.failure = std::make_unique<events::FailureT>(actors::failure_of(error));
  return frame_bytes(std::move(refusal));
}

events::Bytes encode_batch(const BatchHead& head, std::span<const events::Bytes* const> messages) {
  std::size_t size = 0;
  for (const events::Bytes* message : messages) size += aligned(message->size());
  flatbuffers::FlatBufferBuilder builder(size + 4 * messages.size() + 256);
  flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>> lengths;
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes;
  if (!messages.empty()) {
    std::uint8_t* into = nullptr;
    builder.ForceVectorAlignment(size, 1, 8);
    bytes = builder.CreateUninitializedVector<std::uint8_t>(size, &into);
    for (const events::Bytes* message : messages) {
      std::copy(message->begin(), message->end(), into);  // also of an empty one, which lies nowhere
      std::memset(into + message->size(), 0, aligned(message->size()) - message->size());
      into += aligned(message->size());
    }
    std::uint32_t* counts = nullptr;
    lengths = builder.CreateUninitializedVector<std::uint32_t>(messages.size(), &counts);
    for (const events::Bytes* message : messages) *counts++ = static_cast<std::uint32_t>(message->size());
  }
  const auto batch = events::CreateChannelBatch(builder, head.from, head.to, head.first, head.acknowledged,
                                                head.missing_from, head.credit, lengths, bytes);
  builder.Finish(events::CreateClusterFrame(builder, cluster_protocol, events::ClusterBody::ChannelBatch,
                                            batch.Union()));
  return events::Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

Result<ReceivedFrame> decode(events::ByteView unaligned, events::Bytes& scratch) {
  if (unaligned.size() < 8 || unaligned.size() > max_frame_bytes)
    return fail("cluster.malformed", "a frame of " + std::to_string(unaligned.size()) + " bytes");
  const events::ByteView bytes = events::detail::aligned(unaligned, scratch);
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 16, 4096);
  if (!verifier.VerifyBuffer<events::ClusterFrame>(nullptr))
    return fail("cluster.malformed", "these bytes are no frame of a node");
  const auto* frame = flatbuffers::GetRoot<events::ClusterFrame>(bytes.data());
  if (frame->protocol() != cluster_protocol)
    return fail("cluster.other_protocol",
                "the other side speaks protocol " + std::to_string(frame->protocol()) + ", this one " +
                    std::to_string(cluster_protocol),
                {}, "use the same version of automodel on both sides");
  ReceivedFrame received;
  if (const auto* hello = frame->body_as_NodeHello()) {
    received.hello.emplace();
    hello->UnPackTo(&*received.hello);
  } else if (const auto* refusal = frame->body_as_NodeRefusal()) {
    events::FailureT failure;
    refusal->failure()->UnPackTo(&failure);
    received.refusal = actors::error_of(failure);
  } else if (const auto* batch = frame->body_as_ChannelBatch()) {
    auto whole = batch_of(*batch);
    if (!whole) return fail(whole.error());
    received.batch = std::move(*whole);
  } else {
    return fail("cluster.malformed", "a frame without a body of a known kind");
  }
  return received;
}

}  // namespace automodel::cluster
