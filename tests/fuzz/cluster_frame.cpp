// Whatever a node sends: an error with a code, or exactly one greeting, refusal or batch whose messages lie
// in it; never a crash. What is understood is judged and written again.
#include <cstdlib>

#include "actors/cluster/transport/frames.hpp"
#include "actors/cluster/transport/greeting.hpp"

using namespace automodel;

namespace {

void take(const cluster::ReceivedBatch& batch, events::ByteView frame) {
  if (batch.head.count != batch.messages.size()) std::abort();
  std::vector<events::Bytes> messages;
  for (const auto message : batch.messages) {
    if (message.size() > cluster::max_peer_message_bytes || message.size() > frame.size()) std::abort();
    messages.emplace_back(message.begin(), message.end());  // every byte can be read
    // What the agents and the workers say lies within; each is verified before it is read.
    if (const auto said = events::unpack<events::NodeMessageT>(message))
      if (const auto* inner = said->body.AsPeerMessage()) (void)events::pack(*inner);
  }
  std::vector<const events::Bytes*> pointers;
  for (const auto& message : messages) pointers.push_back(&message);
  const auto again = cluster::encode_batch(batch.head, pointers);
  if (again.size() > cluster::max_frame_bytes) return;
  events::Bytes scratch;
  const auto read = cluster::decode(again, scratch);
  if (!read || !read->batch || read->batch->messages.size() != messages.size()) std::abort();
}

void judge(const events::NodeHelloT& hello) {
  events::NodeHelloT own;
  own.node = "here";
  own.identity = std::string(32, '1');
  own.incarnation = 1;
  cluster::GreetingContext context{own};
  if (const auto good = cluster::check_hello(hello, context); !good && good.error().code.empty())
    std::abort();
  context.known = &hello;  // it comes once more
  (void)cluster::check_hello(hello, context);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const events::ByteView bytes(data, size);
  events::Bytes scratch;
  const auto frame = cluster::decode(bytes, scratch);
  if (!frame) {
    if (frame.error().code.empty()) std::abort();
    return 0;
  }
  if (frame->hello.has_value() + frame->refusal.has_value() + frame->batch.has_value() != 1) std::abort();
  if (frame->hello) judge(*frame->hello);
  if (frame->batch) take(*frame->batch, bytes);
  return 0;
}
