#include "actors/session/server.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "actors/session/protocol.hpp"

namespace automodel::actors {
namespace {

constexpr std::size_t handler_threads = 3;
constexpr std::size_t max_waiting = 1024;  // requests; more are answered with session.busy

struct Request {
  std::string client;  // routing id
  events::SessionFrameT frame;
};

events::SessionFrameT failed(std::uint64_t id, const Error& error) {
  events::AnswerT answer;
  answer.failure = std::make_unique<events::FailureT>(failure_of(error));
  return frame_of(id, std::move(answer));
}

events::SessionFrameT answer_to(const SessionService& service, const events::SessionFrameT& frame) {
  try {
    if (const auto* command = frame.body.AsCommand()) return frame_of(frame.id, service.command(*command));
    if (const auto* question = frame.body.AsQuestion()) return frame_of(frame.id, service.ask(*question));
    if (const auto* wish = frame.body.AsRecommend()) return frame_of(frame.id, service.recommend(*wish));
    if (const auto* page = frame.body.AsReadEvents()) return frame_of(frame.id, service.read_events(*page));
    return failed(frame.id, {"session.malformed", "a node does not serve frames of this kind", {}, {}});
  } catch (const std::exception& e) {
    return failed(frame.id, {"session.failed", e.what(), {}, "see the node's log"});
  }
}

}  // namespace

struct SessionServer::Impl {
  SessionService service;
  std::string endpoint;
  zmq::context_t context{1};
  zmq::socket_t router{context, zmq::socket_type::router};
  zmq::socket_t answers{context, zmq::socket_type::pull};  // from the handlers: routing id, frame
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Request> waiting;
  bool stopping = false;
  std::vector<std::thread> handlers;
  std::thread loop;

  void send(const std::string& client, const events::SessionFrameT& frame) {
    const events::Bytes bytes = events::pack(frame);
    router.send(zmq::buffer(client), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    router.send(zmq::buffer(bytes), zmq::send_flags::dontwait);
  }

  void receive() {
    zmq::message_t client, body;
    if (!router.recv(client, zmq::recv_flags::dontwait)) return;
    bool more = client.more();
    if (more) static_cast<void>(router.recv(body));
    more = more && body.more();
    // A frame is one part. What follows is read to its end and refused as a whole.
    const bool excess = more;
    while (more) {
      zmq::message_t part;
      static_cast<void>(router.recv(part));
      more = part.more();
    }
    const std::string name = client.to_string();
    if (excess)
      return send(name, failed(0, {"session.malformed", "a message of more than one part", {}, {}}));
    auto frame = decode_frame({body.data<std::uint8_t>(), body.size()}, max_request_bytes);
    if (!frame) return send(name, failed(0, frame.error()));
    std::unique_lock lock(mutex);
    if (waiting.size() >= max_waiting) {
      lock.unlock();
      return send(name, failed(frame->id, {"session.busy", "too many requests are waiting", endpoint,
                                           "ask again later"}));
    }
    waiting.push_back({name, std::move(*frame)});
    wake.notify_one();
  }

  void answer() {
    zmq::message_t client, body;
    if (!answers.recv(client, zmq::recv_flags::dontwait) || !client.more()) return;
    static_cast<void>(answers.recv(body));
    // A client that left is no error: ROUTER drops messages for unknown peers.
    router.send(client, zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    router.send(body, zmq::send_flags::dontwait);
  }

  bool stop_asked() {
    const std::lock_guard lock(mutex);
    return stopping;
  }

  void run() {
    while (!stop_asked()) {
      std::vector<zmq::pollitem_t> items = {{router.handle(), 0, ZMQ_POLLIN, 0},
                                            {answers.handle(), 0, ZMQ_POLLIN, 0}};
      try {
        zmq::poll(items, std::chrono::milliseconds(50));
        if (items[0].revents & ZMQ_POLLIN) receive();
        if (items[1].revents & ZMQ_POLLIN) answer();
      } catch (const zmq::error_t& e) {
        if (e.num() == ETERM) return;
        if (e.num() != EINTR && e.num() != EAGAIN && e.num() != EHOSTUNREACH) throw;
      }
    }
  }

  void handle() {
    zmq::socket_t out(context, zmq::socket_type::push);
    out.set(zmq::sockopt::linger, 0);
    out.connect("inproc://answers");
    for (;;) {
      Request request;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stopping || !waiting.empty(); });
        if (stopping) return;
        request = std::move(waiting.front());
        waiting.pop_front();
      }
      const events::Bytes bytes = events::pack(answer_to(service, request.frame));
      out.send(zmq::buffer(request.client), zmq::send_flags::sndmore);
      out.send(zmq::buffer(bytes), zmq::send_flags::none);
    }
  }
};

SessionServer::SessionServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

namespace {

/// ZeroMQ binds over an ipc socket that another process listens at, and takes its clients away: asked first.
bool somebody_listens(const std::string& endpoint) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!endpoint.starts_with("ipc://") || endpoint.size() - 6 >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, endpoint.data() + 6, endpoint.size() - 6);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool answered = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return answered;
}

}  // namespace

Result<std::unique_ptr<SessionServer>> SessionServer::bind(const std::string& endpoint) {
  if (auto fine = check_endpoint(endpoint); !fine) return fail(fine.error());
  if (somebody_listens(endpoint))
    return fail("session.cannot_bind", "another node listens there", endpoint,
                "stop it, or choose another endpoint with --listen");
  auto impl = std::make_unique<Impl>();
  try {
    impl->router.set(zmq::sockopt::linger, 200);
    impl->router.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_request_bytes));
    impl->answers.set(zmq::sockopt::linger, 0);
    impl->answers.bind("inproc://answers");
    impl->router.bind(endpoint);
    impl->endpoint = impl->router.get(zmq::sockopt::last_endpoint);
  } catch (const zmq::error_t& e) {
    return fail("session.cannot_bind", std::string("cannot listen: ") + e.what(), endpoint,
                "is another node listening there? choose another with --listen");
  }
  return std::unique_ptr<SessionServer>(new SessionServer(std::move(impl)));
}

void SessionServer::serve(SessionService service) {
  Impl& server = *impl_;
  server.service = std::move(service);
  for (std::size_t i = 0; i < handler_threads; ++i)
    server.handlers.emplace_back([&server] { server.handle(); });
  server.loop = std::thread([&server] { server.run(); });
}

Result<std::unique_ptr<SessionServer>> SessionServer::start(const std::string& endpoint,
                                                            SessionService service) {
  auto server = bind(endpoint);
  if (server) (*server)->serve(std::move(service));
  return server;
}

SessionServer::~SessionServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->loop.joinable()) impl_->loop.join();  // a server that only took its endpoint has none
  for (std::thread& thread : impl_->handlers) thread.join();
}

const std::string& SessionServer::endpoint() const { return impl_->endpoint; }

}  // namespace automodel::actors
