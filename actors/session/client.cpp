#include "actors/session/client.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <zmq.hpp>

#include "actors/session/duration.hpp"
#include "actors/session/protocol.hpp"

namespace automodel::actors {
namespace {

using Clock = std::chrono::steady_clock;

/// A name that no other client has: commands are deduplicated by it.
std::string new_sender() {
  std::random_device random;
  events::Bytes bytes(8);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return "console/" + events::hex(bytes);
}

}  // namespace

struct SessionClient::Impl {
  std::string endpoint;
  std::chrono::milliseconds timeout{};
  std::chrono::milliseconds patience{};
  std::function<void()> tell_waiting;
  std::optional<Clock::time_point> tell_at;  // of this request, until it was told
  std::string sender = new_sender();
  std::uint64_t last_number = 0;
  std::uint64_t last_id = 0;
  zmq::context_t context{1};
  zmq::socket_t socket;

  void open() {
    socket = zmq::socket_t(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_answer_bytes));
    socket.connect(endpoint);
  }

  /// Waits for the frame that answers `id`; others (answers that came too late) are dropped. Nothing: the
  /// time is over.
  Result<std::optional<events::SessionFrameT>> wait(std::uint64_t id) {
    const auto until = Clock::now() + timeout;
    for (;;) {
      const auto now = Clock::now();
      if (now >= until) return std::nullopt;
      if (tell_at && now >= *tell_at) {
        tell_at.reset();
        tell_waiting();
      }
      const auto next = tell_at ? std::min(until, *tell_at) : until;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now);
      std::vector<zmq::pollitem_t> items = {{socket.handle(), 0, ZMQ_POLLIN, 0}};
      zmq::poll(items, left);
      zmq::message_t message;
      if (!(items[0].revents & ZMQ_POLLIN) || !socket.recv(message, zmq::recv_flags::dontwait)) continue;
      auto frame = decode_frame({message.data<std::uint8_t>(), message.size()}, max_answer_bytes);
      if (!frame) return fail(frame.error());
      if (frame->id == id) return std::optional(std::move(*frame));
      // The node could not even read the request's number: the failure is ours all the same.
      if (frame->id == 0 && frame->body.AsAnswer() && frame->body.AsAnswer()->failure)
        return fail(error_of(*frame->body.AsAnswer()->failure));
    }
  }

  template <class T>
  Result<events::SessionFrameT> request(const T& body) {
    const std::uint64_t id = ++last_id;
    if (tell_waiting) tell_at = Clock::now() + patience;
    const events::Bytes bytes = events::pack(frame_of(id, body));
    if (bytes.size() > max_request_bytes)
      return fail("session.too_large", "a request of " + std::to_string(bytes.size()) + " bytes", endpoint,
                  "at most 1 MiB is accepted");
    try {
      for (int attempt = 0; attempt < 2; ++attempt) {
        if (attempt > 0 || !socket) open();
        socket.send(zmq::buffer(bytes), zmq::send_flags::none);
        auto frame = wait(id);
        if (!frame) return fail(frame.error());
        if (*frame) {
          const auto* answer = (*frame)->body.AsAnswer();
          if (answer && answer->failure) return fail(error_of(*answer->failure));
          return std::move(**frame);
        }
      }
    } catch (const zmq::error_t& e) {
      return fail("session.failed", e.what(), endpoint);
    }
    const double waited = 2 * std::chrono::duration<double>(timeout).count();
    return fail("session.no_answer", "no answer within " + duration_text(waited), endpoint,
                "is a node running there? start one with: automodel node --listen " + endpoint);
  }
};

SessionClient::SessionClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SessionClient::SessionClient(SessionClient&&) noexcept = default;
SessionClient& SessionClient::operator=(SessionClient&&) noexcept = default;
SessionClient::~SessionClient() = default;

Result<SessionClient> SessionClient::connect(const std::string& endpoint, std::chrono::milliseconds timeout) {
  if (auto fine = check_endpoint(endpoint); !fine) return fail(fine.error());
  auto impl = std::make_unique<Impl>();
  impl->endpoint = endpoint;
  impl->timeout = timeout;
  return SessionClient(std::move(impl));
}

void SessionClient::on_waiting(std::chrono::milliseconds patience, std::function<void()> tell) {
  impl_->patience = patience;
  impl_->tell_waiting = std::move(tell);
}

Result<events::ReplyT> SessionClient::submit(events::CommandT command) {
  command.sender = impl_->sender;
  command.number = ++impl_->last_number;
  auto frame = impl_->request(command);
  if (!frame) return fail(frame.error());
  auto* reply = frame->body.AsReply();
  if (!reply)
    return fail("session.malformed", "the node answered a command with something else", impl_->endpoint);
  if (!reply->accepted)
    return fail(reply->failure ? error_of(*reply->failure)
                               : Error{"session.refused", "the node refused the command", {}, {}});
  return std::move(*reply);
}

Result<std::string> SessionClient::ask(const events::QuestionT& question) {
  auto frame = impl_->request(question);
  if (!frame) return fail(frame.error());
  const auto* answer = frame->body.AsAnswer();
  if (!answer)
    return fail("session.malformed", "the node answered a question with something else", impl_->endpoint);
  return answer->json;
}

Result<events::RecommendationsT> SessionClient::recommend(const events::RecommendT& wish) {
  auto frame = impl_->request(wish);
  if (!frame) return fail(frame.error());
  auto* items = frame->body.AsRecommendations();
  if (!items)
    return fail("session.malformed", "the node answered with something else than recommendations",
                impl_->endpoint);
  if (items->failure) return fail(error_of(*items->failure));
  return std::move(*items);
}

Result<events::EventPageT> SessionClient::read_events(const events::ReadEventsT& wish) {
  auto frame = impl_->request(wish);
  if (!frame) return fail(frame.error());
  auto* page = frame->body.AsEventPage();
  if (!page)
    return fail("session.malformed", "the node answered with something else than events", impl_->endpoint);
  if (page->failure) return fail(error_of(*page->failure));
  return std::move(*page);
}

}  // namespace automodel::actors
