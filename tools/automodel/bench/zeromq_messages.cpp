#include <zmq.hpp>

#include <chrono>
#include <future>
#include <thread>

#include "tools/automodel/bench/message_peers.hpp"

namespace automodel::tools {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct CurvePair {
  char public_key[41];
  char secret_key[41];
  CurvePair() { zmq_curve_keypair(public_key, secret_key); }
};

/// Both ends, in contexts of their own as two processes would have them.
struct Line {
  zmq::context_t near{1}, far{1};
  zmq::socket_t dealer{near, zmq::socket_type::dealer}, router{far, zmq::socket_type::router};

  explicit Line(bool encrypted) {
    if (encrypted) {
      const CurvePair server, client;
      router.set(zmq::sockopt::curve_server, 1);
      router.set(zmq::sockopt::curve_secretkey, server.secret_key);
      dealer.set(zmq::sockopt::curve_serverkey, server.public_key);
      dealer.set(zmq::sockopt::curve_publickey, client.public_key);
      dealer.set(zmq::sockopt::curve_secretkey, client.secret_key);
    }
    for (zmq::socket_t* socket : {&dealer, &router}) socket->set(zmq::sockopt::linger, 0);
    router.bind("tcp://127.0.0.1:*");
    dealer.connect(router.get(zmq::sockopt::last_endpoint));
  }
};

}  // namespace

Result<double> raw_zeromq_rate(double seconds, std::size_t bytes, bool encrypted) try {
  Line line(encrypted);
  std::atomic<std::uint64_t> sent{0};
  std::atomic<bool> done{false};
  const auto start = Clock::now();
  std::thread sender([&] {
    const std::vector<std::uint8_t> content(bytes);
    while (since(start) < seconds)
      for (int i = 0; i < 256; ++i, ++sent) line.dealer.send(zmq::buffer(content), zmq::send_flags::none);
    done = true;
  });
  std::uint64_t received = 0;
  zmq::message_t part;
  line.router.set(zmq::sockopt::rcvtimeo, 200);
  while (!done || received < sent) {
    if (!line.router.recv(part)) continue;
    static_cast<void>(line.router.recv(part));
    ++received;
  }
  const double rate = static_cast<double>(received) / since(start);
  sender.join();
  return rate;
} catch (const zmq::error_t& e) {
  return fail("bench.peer", e.what(), "raw ZeroMQ");
}

Result<std::vector<double>> raw_zeromq_round_trips(std::size_t count, std::size_t bytes, bool encrypted) try {
  Line line(encrypted);
  std::thread echo([&] {
    zmq::message_t address, part;
    for (std::size_t i = 0; i < count; ++i) {
      static_cast<void>(line.router.recv(address));
      static_cast<void>(line.router.recv(part));
      line.router.send(address, zmq::send_flags::sndmore);
      line.router.send(part, zmq::send_flags::none);
    }
  });
  const std::vector<std::uint8_t> content(bytes);
  std::vector<double> trips;
  zmq::message_t answer;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    line.dealer.send(zmq::buffer(content), zmq::send_flags::none);
    static_cast<void>(line.dealer.recv(answer));
    trips.push_back(1e6 * since(start));
  }
  echo.join();
  return trips;
} catch (const zmq::error_t& e) {
  return fail("bench.peer", e.what(), "raw ZeroMQ");
}

}  // namespace automodel::tools
