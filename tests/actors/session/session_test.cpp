#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>
#include <zmq.hpp>

#include "actors/session/client.hpp"
#include "actors/session/protocol.hpp"
#include "actors/session/server.hpp"

using namespace automodel;
using namespace automodel::actors;
using namespace std::chrono_literals;

namespace {

std::string fresh_endpoint() {
  static std::atomic<int> count = 0;
  return "ipc:///tmp/automodel-session-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

/// A node that answers with what it was asked.
SessionService echo() {
  SessionService service;
  service.command = [](const events::CommandT& command) {
    events::ReplyT reply;
    reply.accepted = command.body.AsPauseGoal() != nullptr;
    reply.subject = command.sender + "#" + std::to_string(command.number);
    if (!reply.accepted)
      reply.failure =
          std::make_unique<events::FailureT>(failure_of({"test.refused", "no", "here", "ask nicely"}));
    return reply;
  };
  service.ask = [](const events::QuestionT& question) {
    if (question.topic == "throw") throw std::runtime_error("broken");
    events::AnswerT answer;
    answer.json = "\"" + question.topic + "\"";
    return answer;
  };
  service.recommend = [](const events::RecommendT& wish) {
    events::RecommendationsT items;
    items.user = wish.user;
    return items;
  };
  service.read_events = [](const events::ReadEventsT& wish) {
    events::EventPageT page;
    page.next = wish.from + 1;
    return page;
  };
  return service;
}

events::CommandT pause_order() {
  events::CommandT command;
  command.body.Set(events::PauseGoalT{});
  return command;
}

events::QuestionT question(std::string topic) {
  events::QuestionT q;
  q.topic = std::move(topic);
  return q;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_second_server_does_not_take_over_the_socket_of_a_living_one) {
  const std::string endpoint = fresh_endpoint();
  auto server = SessionServer::start(endpoint, echo()).value();
  const auto second = SessionServer::start(endpoint, echo());
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().code == "session.cannot_bind");
  auto client = SessionClient::connect(endpoint, 5s).value();
  BOOST_TEST(client.ask(question("status")).value() == "\"status\"");
  server.reset();
  BOOST_TEST(SessionServer::start(endpoint, echo()).has_value());  // what a dead one left is no obstacle
}

BOOST_AUTO_TEST_CASE(a_server_that_only_took_its_endpoint_keeps_it_and_answers_once_it_serves) {
  const std::string endpoint = fresh_endpoint();
  auto server = SessionServer::bind(endpoint).value();
  BOOST_TEST(SessionServer::bind(endpoint).error().code == "session.cannot_bind");
  auto client = SessionClient::connect(endpoint, 10s).value();
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    server->serve(echo());
  });
  BOOST_TEST(client.ask(question("status")).value() == "\"status\"");
  later.join();
  SessionServer::bind(fresh_endpoint()).value().reset();  // never served: closing does not hang
}

BOOST_AUTO_TEST_CASE(a_client_is_served_with_every_kind_of_request) {
  auto server = SessionServer::start(fresh_endpoint(), echo()).value();
  auto client = SessionClient::connect(server->endpoint(), 5s).value();
  BOOST_TEST(client.ask(question("status")).value() == "\"status\"");
  const auto first = client.submit(pause_order()).value(), second = client.submit(pause_order()).value();
  BOOST_TEST(first.subject.starts_with("console/"));
  BOOST_TEST(first.subject != second.subject);
  events::RecommendT wish;
  wish.user = "42";
  BOOST_TEST(client.recommend(wish).value().user == "42");
  events::ReadEventsT read;
  read.from = 9;
  BOOST_TEST(client.read_events(read).value().next == 10u);
}

BOOST_AUTO_TEST_CASE(a_refused_command_and_a_broken_handler_are_errors_at_the_client) {
  auto server = SessionServer::start("tcp://127.0.0.1:*", echo()).value();
  auto client = SessionClient::connect(server->endpoint(), 5s).value();
  events::CommandT resume;
  resume.body.Set(events::ResumeGoalT{});
  auto reply = client.submit(std::move(resume));
  BOOST_REQUIRE(!reply);
  BOOST_TEST(reply.error().code == "test.refused");
  BOOST_TEST(reply.error().hint == "ask nicely");
  auto answer = client.ask(question("throw"));
  BOOST_REQUIRE(!answer);
  BOOST_TEST(answer.error().code == "session.failed");
  BOOST_TEST(client.ask(question("still there")).has_value());
}

BOOST_AUTO_TEST_CASE(a_missing_node_is_told_after_the_time_limit) {
  auto client = SessionClient::connect(fresh_endpoint(), 60ms).value();
  auto answer = client.ask(question("status"));
  BOOST_REQUIRE(!answer);
  BOOST_TEST(answer.error().code == "session.no_answer");
  BOOST_TEST(answer.error().hint.find("automodel node --listen") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(whoever_waits_long_is_told_once_for_each_request) {
  auto client = SessionClient::connect(fresh_endpoint(), 60ms).value();
  int told = 0;
  client.on_waiting(10ms, [&] { ++told; });
  BOOST_TEST(!client.ask(question("status")));
  BOOST_TEST(told == 1);
  BOOST_TEST(!client.ask(question("status")));
  BOOST_TEST(told == 2);
  auto server = SessionServer::start(fresh_endpoint(), echo()).value();
  auto quick = SessionClient::connect(server->endpoint(), 30s).value();
  quick.on_waiting(30s, [&] { ++told; });
  BOOST_TEST(quick.ask(question("status")).has_value());
  BOOST_TEST(told == 2);
}

BOOST_AUTO_TEST_CASE(a_command_sent_again_keeps_its_name) {
  std::mutex mutex;
  std::vector<std::string> seen;
  SessionService service = echo();
  service.command = [&](const events::CommandT& command) {
    bool first;
    {
      const std::lock_guard lock(mutex);
      first = seen.empty();
      seen.push_back(command.sender + "#" + std::to_string(command.number));
    }
    if (first) std::this_thread::sleep_for(400ms);  // longer than the client waits
    events::ReplyT reply;
    reply.accepted = true;
    return reply;
  };
  auto server = SessionServer::start(fresh_endpoint(), service).value();
  auto client = SessionClient::connect(server->endpoint(), 150ms).value();
  BOOST_TEST(client.submit(pause_order()).has_value());
  const std::lock_guard lock(mutex);
  BOOST_REQUIRE(seen.size() == 2u);
  BOOST_TEST(seen[0] == seen[1]);
}

BOOST_AUTO_TEST_CASE(garbage_frames_are_answered_with_a_failure_and_the_server_lives_on) {
  auto server = SessionServer::start(fresh_endpoint(), echo()).value();
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::rcvtimeo, 5000);
  socket.connect(server->endpoint());
  const events::Bytes good = events::pack(frame_of(1, question("status")));
  for (int round = 0; round < 200; ++round) {
    events::Bytes bytes = good;
    if (round % 3 == 0)
      bytes.resize(random() % good.size());
    else if (round % 3 == 1)
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    else
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
    socket.send(zmq::buffer(bytes), zmq::send_flags::none);
    zmq::message_t answer;
    BOOST_REQUIRE_MESSAGE(socket.recv(answer), "no answer in round " << round);
    BOOST_TEST(decode_frame({answer.data<std::uint8_t>(), answer.size()}, max_answer_bytes).has_value());
  }
  socket.send(zmq::str_buffer("one"), zmq::send_flags::sndmore);
  socket.send(zmq::str_buffer("two"), zmq::send_flags::none);
  zmq::message_t answer;
  BOOST_REQUIRE(socket.recv(answer));
  auto client = SessionClient::connect(server->endpoint(), 5s).value();
  BOOST_TEST(client.ask(question("status")).has_value());
}

BOOST_AUTO_TEST_CASE(frames_of_another_protocol_are_refused) {
  auto frame = frame_of(1, question("status"));
  frame.protocol = session_protocol + 1;
  auto decoded = decode_frame(events::pack(frame), max_request_bytes);
  BOOST_REQUIRE(!decoded);
  BOOST_TEST(decoded.error().code == "session.other_protocol");
  BOOST_TEST(decode_frame(events::pack(frame), 4).error().code == "session.malformed");
  events::SessionFrameT empty;
  empty.protocol = session_protocol;
  BOOST_TEST(decode_frame(events::pack(empty), max_request_bytes).error().code == "session.malformed");
}

BOOST_AUTO_TEST_CASE(only_this_machine_may_be_listened_to) {
  for (const char* fine :
       {"tcp://127.0.0.1:7411", "tcp://localhost:1", "tcp://[::1]:7411", "ipc:///tmp/x", "tcp://127.8.0.1:*"})
    BOOST_TEST(check_endpoint(fine).has_value(), fine);
  for (const char* remote : {"tcp://0.0.0.0:7411", "tcp://*:7411", "tcp://192.168.1.2:7411",
                             "tcp://example.org:1", "tcp://127.evil.org:1", "tcp://eth0:5"}) {
    auto checked = check_endpoint(remote);
    BOOST_REQUIRE_MESSAGE(!checked, remote);
    BOOST_TEST(checked.error().code == "session.remote_endpoint");
    BOOST_TEST(checked.error().hint.find("CURVE") != std::string::npos);
  }
  for (const char* bad : {"", "127.0.0.1:7411", "tcp://127.0.0.1", "tcp://127.0.0.1:0",
                          "tcp://127.0.0.1:99999", "tcp://127.0.0.1:12x", "ipc://", "udp://127.0.0.1:1"})
    BOOST_TEST(!check_endpoint(bad).has_value(), bad);
  BOOST_TEST(!check_endpoint("ipc://" + std::string(200, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(an_endpoint_in_use_is_a_clear_error) {
  auto server = SessionServer::start("tcp://127.0.0.1:*", echo()).value();
  auto second = SessionServer::start(server->endpoint(), echo());
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().code == "session.cannot_bind");
}
