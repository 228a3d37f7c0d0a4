#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <deque>

#include "tools/automodel/bench/message_peers.hpp"

namespace automodel::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Bytes = std::string;  // a type that CAF knows by itself

constexpr auto patience = std::chrono::seconds(30);
// CAF has no flow control between nodes, and mailboxes grow: after so many messages the receiver is asked how
// many came, and so many questions may be open.
constexpr std::uint64_t between_questions = 4096;
constexpr std::size_t open_questions = 4;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Config : caf::actor_system_config {
  Config() { load<caf::io::middleman>(); }
};

struct Counted {
  std::uint64_t messages = 0;
};

caf::behavior count(caf::stateful_actor<Counted>* self) {
  return {[self](const Bytes&) { ++self->state.messages; },
          [self](std::uint64_t) { return self->state.messages; }};
}

caf::behavior echo(caf::event_based_actor*) {
  return {[](const Bytes& bytes) { return bytes; }};
}

/// Two systems, and in the first the handle of an actor that lives in the second.
struct Line {
  Config near_config, far_config;
  caf::actor_system near{near_config}, far{far_config};
  caf::actor local, remote;

  template <class Behavior>
  Result<void> open(Behavior behavior) {
    local = far.spawn(behavior);
    const auto port = far.middleman().publish(local, 0, "127.0.0.1");
    if (!port) return fail("bench.peer", far.render(port.error()), "CAF");
    auto found = near.middleman().remote_actor("127.0.0.1", *port);
    if (!found) return fail("bench.peer", near.render(found.error()), "CAF");
    remote = caf::actor_cast<caf::actor>(*found);
    return {};
  }
  ~Line() {
    caf::anon_send_exit(local, caf::exit_reason::user_shutdown);
    remote = local = nullptr;
  }
};

}  // namespace

Result<double> caf_remote_rate(double seconds, std::size_t bytes) {
  Line line;
  if (auto opened = line.open(count); !opened) return fail(opened.error());
  caf::scoped_actor self(line.near);
  const Bytes content(bytes, 'm');
  std::string failure;
  std::uint64_t sent = 0, received = 0;
  const auto ask = [&] { return self->request(line.remote, patience, std::uint64_t{0}); };
  const auto wait = [&](auto& question) {
    question.receive([&](std::uint64_t got) { received = got; },
                     [&](caf::error& error) { failure = line.near.render(error); });
  };
  const auto start = Clock::now();
  std::deque<decltype(ask())> questions;
  while (since(start) < seconds && failure.empty()) {
    for (std::uint64_t i = 0; i < between_questions; ++i, ++sent) self->send(line.remote, content);
    questions.push_back(ask());
    if (questions.size() < open_questions) continue;
    wait(questions.front());
    questions.pop_front();
  }
  for (auto& question : questions) wait(question);
  if (!failure.empty()) return fail("bench.peer", failure, "CAF");
  if (received != sent)
    return fail("bench.peer", std::to_string(received) + " of " + std::to_string(sent) + " messages arrived",
                "CAF");
  return static_cast<double>(received) / since(start);
}

Result<std::vector<double>> caf_remote_round_trips(std::size_t trips, std::size_t bytes) {
  Line line;
  if (auto opened = line.open(echo); !opened) return fail(opened.error());
  caf::scoped_actor self(line.near);
  const Bytes content(bytes, 'm');
  std::vector<double> times;
  std::string failure;
  for (std::size_t i = 0; i < trips && failure.empty(); ++i) {
    const auto start = Clock::now();
    self->request(line.remote, patience, content)
        .receive([&](const Bytes&) { times.push_back(1e6 * since(start)); },
                 [&](caf::error& error) { failure = line.near.render(error); });
  }
  if (!failure.empty()) return fail("bench.peer", failure, "CAF");
  return times;
}

}  // namespace automodel::tools
