#include "actors/cluster/transport/transport.hpp"

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <zmq.hpp>

#include "actors/cluster/transport/frames.hpp"
#include "actors/cluster/transport/greeting.hpp"
#include "tests/storage/support.hpp"

using namespace automodel;
using namespace automodel::cluster;
using namespace std::chrono_literals;
using events::Bytes;
using storage::testing::code_of;
using storage::testing::value;

namespace {

constexpr auto patience = 20s;  // of a loaded machine

/// A transport with everything that it told.
class TestNode {
 public:
  static TransportOptions plain(const std::string& name, char digit, std::uint64_t incarnation = 1) {
    TransportOptions options;
    options.self.node = name;
    options.self.identity = std::string(32, digit);
    options.self.incarnation = incarnation;
    options.listen = "tcp://127.0.0.1:*";
    options.tick = 5ms;
    return options;
  }

  explicit TestNode(TransportOptions options) : transport(value(Transport::bind(std::move(options)))) {
    TransportHandler handler;
    handler.message = [this](PeerNumber peer, events::ByteView bytes) {
      if (echo) static_cast<void>(transport->send(peer, Bytes(bytes.begin(), bytes.end())));
      note([&] { received.emplace_back(bytes.begin(), bytes.end()); });
    };
    handler.greeted = [this](const PeerState& peer, bool restarted) {
      note([&] {
        greeted.push_back(peer);
        restarts += restarted;
      });
    };
    handler.refused = [this](const Error& error) { note([&] { refused.push_back(error); }); };
    transport->start(std::move(handler));
  }
  ~TestNode() { transport->stop(); }

  template <class Condition>
  bool wait_until(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, patience, condition);
  }
  bool knows(const std::string& node) {
    return wait_until([&] {
      return std::ranges::any_of(greeted, [&](const PeerState& peer) { return peer.node == node; });
    });
  }
  bool refused_with(const std::string& code) {
    return wait_until(
        [&] { return std::ranges::any_of(refused, [&](const Error& error) { return error.code == code; }); });
  }
  void send(const std::string& node, Bytes message) {
    value(transport->send(transport->find(node).value(), std::move(message), patience));
  }

  std::unique_ptr<Transport> transport;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Bytes> received;
  std::vector<PeerState> greeted;
  std::vector<Error> refused;
  int restarts = 0;
  bool echo = false;

 private:
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock(mutex);
    change();
    changed.notify_all();
  }
};

Bytes numbered(std::uint32_t number) {
  Bytes bytes(200);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}
std::uint32_t number_of(const Bytes& bytes) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}
bool in_order(const std::vector<Bytes>& messages) {
  for (std::uint32_t i = 0; i < messages.size(); ++i)
    if (number_of(messages[i]) != i) return false;
  return true;
}

/// Two nodes with keys that know each other's.
struct EncryptedPair {
  NodeKeys a_keys = NodeKeys::generate(), b_keys = NodeKeys::generate();
  TransportOptions options_of(const std::string& name, char digit, const NodeKeys& own,
                              const std::string& other, const NodeKeys& others) const {
    TransportOptions options = TestNode::plain(name, digit);
    options.keys = own;
    value(options.allowed.add({other, others.public_key()}));
    return options;
  }
  TransportOptions a() const { return options_of("a", 'a', a_keys, "b", b_keys); }
  TransportOptions b() const { return options_of("b", 'b', b_keys, "a", a_keys); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(transport)

BOOST_AUTO_TEST_CASE(two_nodes_greet_each_other_and_messages_arrive_once_in_order_both_ways) {
  TestNode a(TestNode::plain("a", 'a')), b(TestNode::plain("b", 'b'));
  value(b.transport->connect(a.transport->endpoint()));
  BOOST_REQUIRE(a.knows("b"));
  BOOST_REQUIRE(b.knows("a"));
  constexpr std::uint32_t count = 20'000;
  std::thread other([&] {
    for (std::uint32_t i = 0; i < count; ++i) a.send("b", numbered(i));
  });
  for (std::uint32_t i = 0; i < count; ++i) b.send("a", numbered(i));
  other.join();
  BOOST_TEST(a.wait_until([&] { return a.received.size() >= count; }));
  BOOST_TEST(b.wait_until([&] { return b.received.size() >= count; }));
  BOOST_TEST(a.received.size() == count);
  BOOST_TEST(in_order(a.received));
  BOOST_TEST(in_order(b.received));
  BOOST_TEST(!a.greeted.front().encrypted);
}

BOOST_AUTO_TEST_CASE(with_keys_nodes_speak_encrypted) {
  const EncryptedPair pair;
  TestNode a(pair.a()), b(pair.b());
  value(b.transport->connect(a.transport->endpoint(), "a"));
  BOOST_REQUIRE(a.knows("b"));
  BOOST_REQUIRE(b.knows("a"));
  b.send("a", numbered(0));
  BOOST_TEST(a.wait_until([&] { return a.received.size() == 1; }));
  BOOST_TEST(a.greeted.front().encrypted);
}

BOOST_AUTO_TEST_CASE(a_key_that_is_not_allowed_is_turned_away_and_named) {
  const EncryptedPair pair;
  TestNode a(pair.a());
  TransportOptions stranger = TestNode::plain("b", 'b');
  stranger.keys = NodeKeys::generate();
  value(stranger.allowed.add({"a", pair.a_keys.public_key()}));
  TestNode b(std::move(stranger));
  value(b.transport->connect(a.transport->endpoint(), "a"));
  BOOST_TEST(a.refused_with("cluster.unknown_key"));
  BOOST_TEST(b.refused_with("cluster.no_answer"));  // nobody tells it why
  BOOST_TEST(a.greeted.empty());
}

BOOST_AUTO_TEST_CASE(a_node_that_comes_with_anothers_key_is_refused_and_learns_why) {
  const EncryptedPair pair;
  TestNode a(pair.a());
  TransportOptions liar = pair.b();
  liar.self.node = "c";
  TestNode b(std::move(liar));
  value(b.transport->connect(a.transport->endpoint(), "a"));
  BOOST_TEST(a.refused_with("cluster.wrong_key"));
  BOOST_TEST(b.refused_with("cluster.wrong_key"));
}

BOOST_AUTO_TEST_CASE(a_plain_node_gets_no_word_from_an_encrypted_one) {
  const EncryptedPair pair;
  TestNode a(pair.a()), b(TestNode::plain("b", 'b')), c(pair.b());
  value(b.transport->connect(a.transport->endpoint()));
  value(c.transport->connect(a.transport->endpoint(), "a"));
  BOOST_TEST(a.knows("b"));  // c, whose key says b: by then the plain one had its chance
  std::this_thread::sleep_for(200ms);
  BOOST_TEST(b.greeted.empty());
  BOOST_TEST(a.transport->peers().size() == 1u);
}

BOOST_AUTO_TEST_CASE(addresses_that_others_reach_need_keys) {
  TransportOptions open = TestNode::plain("a", 'a');
  open.listen = "tcp://*:*";
  BOOST_TEST(code_of(Transport::bind(open)) == "cluster.keys_required");
  open.keys = NodeKeys::generate();
  BOOST_TEST(code_of(Transport::bind(open)) == "");
  TestNode plain(TestNode::plain("b", 'b'));
  BOOST_TEST(code_of(plain.transport->connect("tcp://192.0.2.1:7421")) == "cluster.keys_required");
  BOOST_TEST(code_of(plain.transport->connect("7421")) == "session.bad_endpoint");
}

BOOST_AUTO_TEST_CASE(an_address_in_use_is_said_so) {
  TestNode a(TestNode::plain("a", 'a'));
  TransportOptions second = TestNode::plain("b", 'b');
  second.listen = a.transport->endpoint();
  BOOST_TEST(code_of(Transport::bind(second)) == "cluster.cannot_bind");
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_store_and_a_second_node_of_a_name_are_refused_on_both_sides) {
  TestNode a(TestNode::plain("a", 'a')), copy(TestNode::plain("b", 'a')), namesake(TestNode::plain("a", 'c'));
  value(copy.transport->connect(a.transport->endpoint()));
  BOOST_TEST(a.refused_with("cluster.same_node"));
  BOOST_TEST(copy.refused_with("cluster.same_node"));
  value(namesake.transport->connect(a.transport->endpoint()));
  BOOST_TEST(namesake.refused_with("cluster.same_name"));
  BOOST_TEST(a.greeted.empty());
}

BOOST_AUTO_TEST_CASE(a_peer_that_starts_again_is_greeted_again_and_is_sent_to) {
  TestNode a(TestNode::plain("a", 'a'));
  std::string listen;
  {
    TestNode b(TestNode::plain("b", 'b', 1));
    listen = b.transport->endpoint();
    value(a.transport->connect(listen));
    BOOST_REQUIRE(a.knows("b"));
    a.send("b", numbered(0));
    BOOST_REQUIRE(b.wait_until([&] { return b.received.size() == 1; }));
  }
  TransportOptions again = TestNode::plain("b", 'b', 2);
  again.listen = listen;
  TestNode b(std::move(again));
  BOOST_REQUIRE(a.wait_until([&] { return a.restarts == 1; }));
  a.send("b", numbered(0));
  BOOST_TEST(b.wait_until([&] { return b.received.size() == 1; }));
}

BOOST_AUTO_TEST_CASE(a_full_window_is_an_error_to_the_sender_and_what_was_taken_still_arrives) {
  TransportOptions small = TestNode::plain("a", 'a');
  small.channel.window_messages = 4;
  small.queued_bytes = 1000;
  TestNode a(std::move(small)), b(TestNode::plain("b", 'b'));
  value(a.transport->connect(b.transport->endpoint()));
  BOOST_REQUIRE(a.knows("b"));
  std::uint32_t taken = 0, full = 0;
  while (full == 0 && taken < 1'000'000) {
    const auto sent = a.transport->send(*a.transport->find("b"), numbered(taken));
    if (sent)
      ++taken;
    else
      full += sent.error().code == "cluster.window_full";
  }
  BOOST_TEST(full == 1u);
  BOOST_TEST(b.wait_until([&] { return b.received.size() == taken; }));
  BOOST_TEST(in_order(b.received));
}

BOOST_AUTO_TEST_CASE(a_message_that_is_too_large_is_refused_and_one_of_megabytes_arrives) {
  TestNode a(TestNode::plain("a", 'a')), b(TestNode::plain("b", 'b'));
  value(a.transport->connect(b.transport->endpoint()));
  BOOST_REQUIRE(a.knows("b"));
  BOOST_TEST(code_of(a.transport->send(*a.transport->find("b"), Bytes(max_peer_message_bytes + 1))) ==
             "cluster.message_too_large");
  a.send("b", Bytes(max_peer_message_bytes, 7));
  BOOST_REQUIRE(b.wait_until([&] { return b.received.size() == 1; }));
  BOOST_TEST(b.received[0].size() == max_peer_message_bytes);
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_the_node_goes_on) {
  TestNode a(TestNode::plain("a", 'a')), b(TestNode::plain("b", 'b'));
  zmq::context_t context;
  zmq::socket_t stranger(context, zmq::socket_type::dealer);
  stranger.set(zmq::sockopt::linger, 0);
  stranger.connect(a.transport->endpoint());
  stranger.send(zmq::str_buffer("no frame at all"));
  BOOST_TEST(a.refused_with("cluster.malformed"));
  stranger.send(zmq::str_buffer("two"), zmq::send_flags::sndmore);
  stranger.send(zmq::str_buffer("parts"));
  value(b.transport->connect(a.transport->endpoint()));
  BOOST_REQUIRE(b.knows("a"));
  b.send("a", numbered(0));
  BOOST_TEST(a.wait_until([&] { return a.received.size() == 1; }));
}

BOOST_AUTO_TEST_CASE(a_peer_of_another_protocol_learns_so) {
  TestNode a(TestNode::plain("a", 'a'));
  zmq::context_t context;
  zmq::socket_t newer(context, zmq::socket_type::dealer);
  newer.set(zmq::sockopt::linger, 0);
  newer.set(zmq::sockopt::rcvtimeo, 20'000);
  newer.connect(a.transport->endpoint());
  events::ClusterFrameT frame;
  frame.protocol = cluster_protocol + 1;
  const Bytes bytes = events::pack(frame);
  newer.send(zmq::buffer(bytes));
  zmq::message_t answer;
  BOOST_REQUIRE(newer.recv(answer).has_value());
  Bytes scratch;
  const auto refusal = value(decode({answer.data<std::uint8_t>(), answer.size()}, scratch));
  BOOST_REQUIRE(refusal.refusal.has_value());
  BOOST_TEST(refusal.refusal->code == "cluster.other_protocol");
}

BOOST_AUTO_TEST_CASE(whoever_waits_for_room_is_told_when_the_transport_stops) {
  TransportOptions small = TestNode::plain("a", 'a');
  small.channel.window_messages = 1;
  small.queued_bytes = 100;
  TestNode a(std::move(small));
  auto b = std::make_unique<TestNode>(TestNode::plain("b", 'b'));
  value(a.transport->connect(b->transport->endpoint()));
  BOOST_REQUIRE(a.knows("b"));
  b.reset();  // nobody acknowledges any more
  std::string code;
  std::thread sender([&] {
    for (std::uint32_t i = 0; i < 100 && code.empty(); ++i)
      code = code_of(a.transport->send(*a.transport->find("b"), numbered(i), patience));
  });
  std::this_thread::sleep_for(100ms);
  a.transport->stop();
  sender.join();
  BOOST_TEST(code == "cluster.stopped");
}

BOOST_AUTO_TEST_SUITE_END()
