// What the parts of a node's protocol share: what runs here, who is there, where agents are, and the effects
// so far.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/cluster/directory.hpp"
#include "actors/cluster/effects.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/cluster/options.hpp"

namespace automodel::cluster {

/// An agent that this node owns, or is about to.
struct LocalAgent {
  enum class State : std::uint8_t {
    runs,   // takes commands
    waits,  // moves, arrives or recovers: commands are kept
  } state = State::waits;
  std::uint64_t epoch = 0;
  std::uint64_t adopted_at = 0;
};

struct Shared {
  explicit Shared(ClusterOptions given) : options(std::move(given)), members(options), directory(options) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  /// Asks for a transaction; its answer has the id that this returns.
  std::uint64_t write(Write write) {
    write.id = ++last_write;
    effects.emplace_back(std::move(write));
    return last_write;
  }
  template <class Body>
  void send(const std::string& peer, Body body) {
    Send effect{peer, {}};
    effect.message.body.Set(std::move(body));
    effects.emplace_back(std::move(effect));
  }
  void control(Control::Kind kind, const std::string& agent, std::uint64_t epoch) {
    effects.emplace_back(Control{kind, agent, epoch});
  }
  void answer(Ticket ticket, events::Bytes reply) {
    effects.emplace_back(AnswerCaller{ticket, std::move(reply), std::nullopt});
  }
  void refuse(Ticket ticket, Error error) {
    effects.emplace_back(AnswerCaller{ticket, {}, std::move(error)});
  }
  void note(std::string code, std::string message, std::string where = {}) {
    effects.emplace_back(Note{false, {std::move(code), std::move(message), std::move(where), {}}});
  }
  void fault(std::string code, std::string message, std::string where = {}, std::string hint = {}) {
    effects.emplace_back(
        Note{true, {std::move(code), std::move(message), std::move(where), std::move(hint)}});
  }
  const LocalAgent* local(const std::string& agent) const {
    auto at = agents.find(agent);
    return at == agents.end() ? nullptr : &at->second;
  }

  const ClusterOptions options;
  std::uint64_t now = 0;  // tick
  Membership members;
  Directory directory;
  std::map<std::string, LocalAgent> agents;
  std::uint64_t last_write = 0;
  std::vector<Effect> effects;
};

inline events::AskFailureT failure_of(const Error& error) {
  events::AskFailureT failure;
  failure.code = error.code;
  failure.message = error.message;
  failure.hint = error.hint;
  return failure;
}
inline Error error_of(const events::AskFailureT& failure, const std::string& where) {
  return {failure.code, failure.message, where, failure.hint};
}

}  // namespace automodel::cluster
