#include "actors/cluster/transport/sockets.hpp"

#include <cstring>
#include <vector>

#include "actors/cluster/transport/frames.hpp"
#include "actors/session/protocol.hpp"
#include "events/codec.hpp"

namespace automodel::cluster {
namespace {

constexpr const char* zap_domain = "automodel";

void set_limits(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_frame_bytes));
  socket.set(zmq::sockopt::rcvhwm, 256);  // batches; beyond it TCP holds the sender up
  socket.set(zmq::sockopt::sndhwm, 0);    // bounded by the channel's window
  // A connection that is dead without a word is closed, so that it is made again.
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 4000);
}

void set_keys(zmq::socket_t& socket, const NodeKeys& keys) {
  socket.set(zmq::sockopt::curve_publickey, zmq::buffer(keys.public_key()));
  socket.set(zmq::sockopt::curve_secretkey, zmq::buffer(keys.secret_key()));
}

}  // namespace

Result<void> check_node_endpoint(const std::string& endpoint, bool encrypted) {
  auto local = actors::check_endpoint(endpoint);
  if (local || local.error().code != "session.remote_endpoint") return local;
  if (encrypted) return {};
  return fail("cluster.keys_required", "other machines can reach this address, and there are no keys",
              endpoint,
              "automodel keys generate DIR, then [node] keys = \"DIR\"; or listen at tcp://127.0.0.1:PORT");
}

Result<zmq::socket_t> listen_at(zmq::context_t& context, const std::string& endpoint, const NodeKeys* keys) {
  try {
    zmq::socket_t socket(context, zmq::socket_type::router);
    set_limits(socket);
    socket.set(zmq::sockopt::router_mandatory, 1);
    if (keys) {
      socket.set(zmq::sockopt::curve_server, 1);
      socket.set(zmq::sockopt::zap_domain, zap_domain);
      set_keys(socket, *keys);
    }
    socket.bind(endpoint);
    return socket;
  } catch (const zmq::error_t& e) {
    return fail("cluster.cannot_bind", e.what(), endpoint,
                e.num() == EADDRINUSE ? "another program listens there: choose another port" : "");
  }
}

Result<zmq::socket_t> connect_to(zmq::context_t& context, const std::string& endpoint, const NodeKeys* keys,
                                 const CurveKey* server) {
  try {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    set_limits(socket);
    socket.set(zmq::sockopt::immediate, 1);  // nothing waits for a connection that may never be
    socket.set(zmq::sockopt::reconnect_ivl, 50);
    socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
    if (keys && server) {
      set_keys(socket, *keys);
      socket.set(zmq::sockopt::curve_serverkey, zmq::buffer(*server));
    }
    socket.connect(endpoint);
    return socket;
  } catch (const zmq::error_t& e) {
    return fail("cluster.bad_endpoint", e.what(), endpoint, "write it as tcp://HOST:PORT");
  }
}

bool send_frame(zmq::socket_t& socket, const std::string* to, const void* bytes, std::size_t size) {
  try {
    if (to && !socket.send(zmq::buffer(*to), zmq::send_flags::sndmore | zmq::send_flags::dontwait))
      return false;
    return socket.send(zmq::buffer(bytes, size), zmq::send_flags::dontwait).has_value();
  } catch (const zmq::error_t& e) {
    if (e.num() == EHOSTUNREACH || e.num() == EAGAIN || e.num() == EINTR) return false;  // it left
    throw;
  }
}

std::optional<Incoming> receive_frame(zmq::socket_t& socket, bool router) {
  Incoming incoming;
  zmq::message_t part;
  if (!socket.recv(part, zmq::recv_flags::dontwait)) return std::nullopt;
  if (router) {
    incoming.from = part.to_string();
    if (!part.more()) incoming.whole = false;
    if (part.more()) static_cast<void>(socket.recv(part));
  }
  bool more = incoming.whole && part.more();
  incoming.whole = incoming.whole && !more;
  while (more) {
    zmq::message_t excess;
    static_cast<void>(socket.recv(excess));
    more = excess.more();
  }
  if (const char* user = zmq_msg_gets(part.handle(), "User-Id")) incoming.key = user;
  incoming.frame = std::move(part);
  return incoming;
}

Result<Gatekeeper> Gatekeeper::start(zmq::context_t& context) {
  try {
    zmq::socket_t socket(context, zmq::socket_type::rep);
    socket.set(zmq::sockopt::linger, 0);
    socket.bind("inproc://zeromq.zap.01");
    return Gatekeeper(std::move(socket));
  } catch (const zmq::error_t& e) {
    return fail("cluster.cannot_authenticate", e.what());
  }
}

std::optional<Error> Gatekeeper::answer(const AllowList& allowed) {
  // version, request, domain, address, identity, mechanism, credentials
  std::vector<zmq::message_t> parts;
  do {
    parts.emplace_back();
    if (!socket_.recv(parts.back(), zmq::recv_flags::dontwait)) return std::nullopt;
  } while (parts.back().more());
  const AllowedPeer* peer = nullptr;
  CurveKey key{};
  if (parts.size() == 7 && parts[5].to_string_view() == "CURVE" && parts[6].size() == key.size()) {
    std::memcpy(key.data(), parts[6].data(), key.size());
    peer = allowed.find(key);
  }
  const std::string request = parts.size() > 1 ? parts[1].to_string() : "";
  const auto say = [&](std::string_view text, bool last = false) {
    socket_.send(zmq::buffer(text), last ? zmq::send_flags::none : zmq::send_flags::sndmore);
  };
  say("1.0");
  say(request);
  say(peer ? "200" : "400");
  say(peer ? "OK" : "not in the list of allowed keys");
  say(peer ? events::hex(key) : "");
  say("", true);
  if (peer) return std::nullopt;
  return Error{"cluster.unknown_key", "a connection with a key that is not allowed",
               parts.size() > 3 ? parts[3].to_string() : "",
               "if it is a node of yours put its public key, " + events::hex(key) + ", into nodes/NAME.pub"};
}

}  // namespace automodel::cluster
