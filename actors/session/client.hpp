// The console's side of a session: requests with a time limit over a ZeroMQ DEALER.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "events/codec.hpp"

namespace automodel::actors {

/// One thread at a time. Every request is sent again once when no answer comes in time: questions change
/// nothing, and a command keeps its name (sender, number), so that the node carries it out once. Errors of
/// every request: session.no_answer, session.malformed, session.other_protocol, or what the node refused
/// with.
class SessionClient {
 public:
  /// Nothing is sent yet: a missing node is found at the first request. Errors: session.bad_endpoint,
  /// session.remote_endpoint.
  static Result<SessionClient> connect(const std::string& endpoint, std::chrono::milliseconds timeout);
  SessionClient(SessionClient&&) noexcept;
  SessionClient& operator=(SessionClient&&) noexcept;
  ~SessionClient();

  /// `tell` is called once in each request whose answer takes longer than `patience`.
  void on_waiting(std::chrono::milliseconds patience, std::function<void()> tell);

  /// Sender and number are filled in. A refused command is the node's error.
  Result<events::ReplyT> submit(events::CommandT command);
  /// The answer's JSON.
  Result<std::string> ask(const events::QuestionT& question);
  Result<events::RecommendationsT> recommend(const events::RecommendT& wish);
  Result<events::EventPageT> read_events(const events::ReadEventsT& wish);

 private:
  struct Impl;
  explicit SessionClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace automodel::actors
