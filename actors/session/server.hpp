// The node's side of console sessions: a ZeroMQ ROUTER on a thread of its own, and a few threads that serve
// requests, so that a slow one (a recommendation that loads a model) does not hold up the others.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::actors {

/// What a node does for its clients. Functions are called from several threads at once and may block;
/// failures travel in the values' `failure`. All four must be set.
struct SessionService {
  std::function<events::ReplyT(const events::CommandT&)> command;
  std::function<events::AnswerT(const events::QuestionT&)> ask;
  std::function<events::RecommendationsT(const events::RecommendT&)> recommend;
  std::function<events::EventPageT(const events::ReadEventsT&)> read_events;
};

class SessionServer {
 public:
  /// Takes the endpoint; clients that connect wait until `serve`. Errors: session.bad_endpoint,
  /// session.remote_endpoint, session.cannot_bind.
  static Result<std::unique_ptr<SessionServer>> bind(const std::string& endpoint);
  /// Once: from now on requests are answered.
  void serve(SessionService service);
  /// Both.
  static Result<std::unique_ptr<SessionServer>> start(const std::string& endpoint, SessionService service);
  /// Stops taking requests, waits for those under way (their answers are dropped), closes the socket.
  ~SessionServer();

  /// With the port that was chosen where `*` was asked for.
  const std::string& endpoint() const;

 private:
  struct Impl;
  explicit SessionServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::actors
