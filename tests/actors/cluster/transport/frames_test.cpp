#include "actors/cluster/transport/frames.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "actors/cluster/transport/greeting.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::cluster;
using events::Bytes;
using storage::testing::code_of;
using storage::testing::value;

namespace {

Bytes message_of(std::size_t size, std::uint8_t fill) { return Bytes(size, fill); }

Bytes batch_of(const std::vector<Bytes>& messages, BatchHead head = {1, 2, 3, 0, 4, 5, 6}) {
  std::vector<const Bytes*> pointers;
  for (const Bytes& message : messages) pointers.push_back(&message);
  return encode_batch(head, pointers);
}

/// A batch whose lengths and bytes are as given, right or not.
Bytes crafted(std::vector<std::uint32_t> lengths, std::size_t bytes) {
  events::ChannelBatchT batch;
  batch.lengths = std::move(lengths);
  batch.bytes = Bytes(bytes);
  events::ClusterFrameT frame;
  frame.protocol = cluster_protocol;
  frame.body.Set(std::move(batch));
  return events::pack(frame);
}

std::string code_when_read(const Bytes& bytes) {
  Bytes scratch;
  return code_of(decode(bytes, scratch));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(empty_messages_of_a_batch_without_bytes_lie_nowhere) {
  const Bytes bytes = crafted({0, 0}, 0);
  Bytes scratch;
  const auto frame = value(decode(bytes, scratch));
  BOOST_REQUIRE(frame.batch.has_value());
  BOOST_REQUIRE(frame.batch->messages.size() == 2u);
  for (const auto message : frame.batch->messages) BOOST_TEST((message.data() == nullptr && message.empty()));
}

BOOST_AUTO_TEST_CASE(a_batch_arrives_as_it_was_sent) {
  const std::vector<Bytes> sent = {message_of(200, 1), message_of(0, 0), message_of(7, 2),
                                   message_of(4096, 3)};
  const Bytes bytes = batch_of(sent);
  Bytes scratch;
  const auto frame = value(decode(bytes, scratch));
  BOOST_REQUIRE(frame.batch.has_value());
  const BatchHead& head = frame.batch->head;
  BOOST_TEST(head.from == 1u);
  BOOST_TEST(head.to == 2u);
  BOOST_TEST(head.first == 3u);
  BOOST_TEST(head.acknowledged == 4u);
  BOOST_TEST(head.missing_from == 5u);
  BOOST_TEST(head.credit == 6u);
  BOOST_REQUIRE(frame.batch->messages.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto got = frame.batch->messages[i];
    BOOST_TEST((Bytes(got.begin(), got.end()) == sent[i]));
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(got.data()) % 8 == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_batch_without_messages_carries_its_acknowledgement) {
  Bytes scratch;
  const Bytes bytes = batch_of({});
  const auto frame = value(decode(bytes, scratch));
  BOOST_REQUIRE(frame.batch.has_value());
  BOOST_TEST(frame.batch->messages.empty());
  BOOST_TEST(frame.batch->head.acknowledged == 4u);
}

BOOST_AUTO_TEST_CASE(greetings_and_refusals_arrive_as_they_were_sent) {
  events::NodeHelloT hello;
  hello.node = "node-b";
  hello.identity = std::string(32, 'b');
  hello.incarnation = 77;
  hello.roles = {"agents", "serving"};
  Bytes scratch;
  const auto greeted = value(decode(encode(hello), scratch));
  BOOST_REQUIRE(greeted.hello.has_value());
  BOOST_TEST(greeted.hello->node == "node-b");
  BOOST_TEST(greeted.hello->incarnation == 77u);
  BOOST_TEST(greeted.hello->roles.size() == 2u);
  const Error why{"cluster.same_name", "another node is called so", "tcp://x", "rename it"};
  Bytes other;
  const auto refused = value(decode(encode_refusal(why), other));
  BOOST_REQUIRE(refused.refusal.has_value());
  BOOST_TEST((*refused.refusal == why));
}

BOOST_AUTO_TEST_CASE(lengths_that_do_not_add_up_are_refused) {
  BOOST_TEST(code_when_read(crafted({8}, 8)) == "");
  BOOST_TEST(code_when_read(crafted({9}, 8)) == "cluster.malformed");
  BOOST_TEST(code_when_read(crafted({8}, 16)) == "cluster.malformed");
  BOOST_TEST(code_when_read(crafted({}, 8)) == "cluster.malformed");
  BOOST_TEST(code_when_read(crafted({3}, 3)) == "cluster.malformed");  // not padded
  BOOST_TEST(code_when_read(crafted({0xFFFFFFFF}, 8)) == "cluster.malformed");
  BOOST_TEST(code_when_read(crafted({8, 0xFFFFFFF8, 8}, 16)) == "cluster.malformed");
}

BOOST_AUTO_TEST_CASE(a_frame_of_another_protocol_is_refused_by_its_number) {
  events::ClusterFrameT frame;
  frame.protocol = cluster_protocol + 1;
  BOOST_TEST(code_when_read(events::pack(frame)) == "cluster.other_protocol");
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_too_large_or_of_no_kind_is_refused) {
  BOOST_TEST(code_when_read(Bytes(max_frame_bytes + 1)) == "cluster.malformed");
  BOOST_TEST(code_when_read({}) == "cluster.malformed");
  events::ClusterFrameT frame;
  frame.protocol = cluster_protocol;
  BOOST_TEST(code_when_read(events::pack(frame)) == "cluster.malformed");
}

BOOST_AUTO_TEST_CASE(damaged_frames_are_refused_or_read_but_never_followed_out_of_their_bytes) {
  const std::uint32_t seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const Bytes whole = batch_of({message_of(100, 1), message_of(33, 2)});
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes damaged = whole;
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    for (std::uint32_t i = random() % 4; i > 0 && !damaged.empty(); --i)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    Bytes scratch;
    const auto frame = decode(damaged, scratch);
    refused += !frame;
    if (!frame || !frame->batch) continue;
    std::size_t sum = 0;  // reads every byte: the address sanitizer looks on
    for (const auto message : frame->batch->messages)
      for (const std::uint8_t byte : message) sum += byte;
    BOOST_REQUIRE(sum < 1'000'000);
  }
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
