#include "actors/cluster/transport/connections.hpp"

#include <algorithm>

namespace automodel::cluster {
namespace {

constexpr std::uint64_t greet_every = 20;           // ticks, until it is answered
constexpr std::uint64_t greet_refused_every = 400;  // after a refusal: somebody may mend its cause
constexpr std::uint64_t no_answer_after = 200;      // ticks: then it is told, once
constexpr std::size_t frames_at_once = 64;          // of one socket, before the others have their turn
/// Of a peer that is silent for so many ticks only every so often a batch goes out: what is not read piles up
/// in our memory.
constexpr std::uint64_t silent_ticks = 60;
constexpr std::uint64_t probe_every = 20;

}  // namespace

Connections::Connections(const TransportOptions& options, zmq::context_t& context, zmq::socket_t router,
                         std::optional<Gatekeeper> gatekeeper, PeerTable& table)
    : options_(options),
      context_(context),
      router_(std::move(router)),
      gatekeeper_(std::move(gatekeeper)),
      table_(table) {}

void Connections::say(const Error& error) const {
  if (handler.refused) handler.refused(error);
}

void Connections::connect(const std::string& endpoint, const std::string& node) {
  const auto same = [&](const Dialled& other) { return other.endpoint == endpoint && other.node == node; };
  if (std::ranges::any_of(dialled_, same)) return;
  const AllowedPeer* peer = options_.keys ? options_.allowed.node(node) : nullptr;
  auto socket =
      connect_to(context_, endpoint, options_.keys ? &*options_.keys : nullptr, peer ? &peer->key : nullptr);
  if (!socket) return say(socket.error());
  dialled_.push_back({endpoint, node, std::move(*socket), std::nullopt, 0, 0, {}});
  greet({dialled_.size() - 1, std::nullopt}, true);
}

void Connections::wait(int wake, std::chrono::milliseconds timeout) {
  std::vector<zmq::pollitem_t> items = {{nullptr, wake, ZMQ_POLLIN, 0}, {router_.handle(), 0, ZMQ_POLLIN, 0}};
  if (gatekeeper_) items.push_back({gatekeeper_->socket().handle(), 0, ZMQ_POLLIN, 0});
  for (Dialled& each : dialled_) items.push_back({each.socket.handle(), 0, ZMQ_POLLIN, 0});
  try {
    zmq::poll(items, timeout);
  } catch (const zmq::error_t& e) {
    if (e.num() != EINTR) throw;
  }
}

void Connections::receive() {
  if (gatekeeper_)
    if (auto stranger = gatekeeper_->answer(options_.allowed)) say(*stranger);
  drain(router_, std::nullopt);
  for (std::size_t i = 0; i < dialled_.size(); ++i) drain(dialled_[i].socket, i);
}

void Connections::drain(zmq::socket_t& socket, std::optional<std::size_t> dialled) {
  for (std::size_t i = 0; i < frames_at_once; ++i) {
    const auto incoming = receive_frame(socket, !dialled);
    if (!incoming) return;
    Sender sender;
    if (dialled) {
      const Dialled& connection = dialled_[*dialled];
      sender = {{*dialled, std::nullopt},
                options_.keys ? options_.allowed.node(connection.node) : nullptr,
                connection.endpoint};
    } else {
      sender.route.address = incoming->from;
      if (const auto key = events::hash_from_hex(incoming->key)) sender.key = options_.allowed.find(*key);
      const char* address =
          zmq_msg_gets(const_cast<zmq::message_t&>(incoming->frame).handle(), "Peer-Address");
      sender.place = address ? address : "";
    }
    if (incoming->whole)
      frame_came(sender, incoming->frame);
    else
      refuse(sender, {"cluster.malformed", "a message of more or fewer parts than a frame has", {}, {}});
  }
}

void Connections::frame_came(const Sender& sender, const zmq::message_t& bytes) {
  auto frame = decode({bytes.data<std::uint8_t>(), bytes.size()}, scratch_);
  if (!frame) return refuse(sender, frame.error());
  if (frame->hello) return hello_came(sender, *frame->hello);
  if (frame->refusal) return refused_by(sender, *frame->refusal);
  batch_came(sender, *frame->batch);
}

void Connections::hello_came(const Sender& sender, const events::NodeHelloT& hello) {
  const auto known = table_.find(hello.node);
  const GreetingContext context{options_.self, sender.key, known ? &table_.at(*known).hello : nullptr};
  if (auto welcome = check_hello(hello, context); !welcome) return refuse(sender, welcome.error());
  const bool is_new = !known || table_.at(*known).hello.incarnation != hello.incarnation;
  const PeerNumber number = know(hello);
  Peer& peer = table_.at(number);
  if (sender.route.address) {
    std::erase_if(callers_, [&](const auto& caller) { return caller.second == number; });
    callers_[*sender.route.address] = number;
    if (is_new || !peer.route || peer.route->address) peer.route = sender.route;
  } else {
    dialled_[sender.route.connection].peer = number;
    dialled_[sender.route.connection].refused.clear();
    peer.route = sender.route;
  }
  peer.encrypted = options_.keys.has_value();
  if (hello.asks) greet(sender.route, false);
  table_.publish();
  if (is_new && handler.greeted) handler.greeted(table_.state_of(number), known.has_value());
}

PeerNumber Connections::know(const events::NodeHelloT& hello) {
  const auto known = table_.find(hello.node);
  if (!known) return table_.add(std::make_unique<Peer>(hello, options_.self.incarnation, options_.channel));
  Peer& peer = table_.at(*known);
  if (peer.hello.incarnation != hello.incarnation)
    peer.channel = Channel<events::Bytes>(options_.self.incarnation, hello.incarnation, options_.channel);
  peer.hello = hello;
  return *known;
}

std::optional<PeerNumber> Connections::peer_at(const Route& route) const {
  if (!route.address) return dialled_[route.connection].peer;
  const auto at = callers_.find(*route.address);
  return at == callers_.end() ? std::nullopt : std::optional(at->second);
}

void Connections::batch_came(const Sender& sender, const ReceivedBatch& batch) {
  const auto number = peer_at(sender.route);
  if (!number) return greet(sender.route, true);  // who is this? We, or the connection, started anew
  Peer& peer = table_.at(*number);
  const Taken taken = peer.channel.receive(batch.head);
  switch (taken.verdict) {
    case Verdict::taken:
      for (std::size_t i = taken.from; i < taken.until; ++i) handler.message(*number, batch.messages[i]);
      return;
    case Verdict::restarted:
      return greet(sender.route, true);
    case Verdict::impossible:
      return refuse(sender, {"cluster.impossible_numbers",
                             "'" + peer.hello.node + "' sent a batch with impossible numbers",
                             {},
                             "its program or its memory is damaged: restart it"});
    case Verdict::stale:
    case Verdict::misdirected:
      return;  // the next batch from here tells it
  }
}

void Connections::greet(const Route& route, bool asks) {
  events::NodeHelloT hello = options_.self;
  hello.asks = asks;
  if (!route.address) dialled_[route.connection].ticks_to_greeting = greet_every;
  carry(route, encode(std::move(hello)));
}

void Connections::refuse(const Sender& sender, const Error& error) {
  Error told = error;
  if (told.where.empty()) told.where = sender.place;
  if (!sender.route.address) {
    Dialled& connection = dialled_[sender.route.connection];
    if (connection.refused == error.code) return;
    connection.refused = error.code;
  } else {
    callers_.erase(*sender.route.address);
  }
  carry(sender.route, encode_refusal(error));
  say(told);
}

void Connections::refused_by(const Sender& sender, const Error& error) {
  if (sender.route.address) return;  // it will not greet again by itself
  Dialled& connection = dialled_[sender.route.connection];
  connection.ticks_to_greeting = greet_refused_every;
  connection.peer.reset();
  if (connection.refused == error.code) return;
  connection.refused = error.code;
  say({error.code, "the node at the other end refused us: " + error.message, connection.endpoint,
       error.hint});
}

/// ZeroMQ connects again and again, and says nothing where the other side turns our key away.
void Connections::count_unanswered(Dialled& connection) {
  if (++connection.unanswered != no_answer_after || !connection.refused.empty()) return;
  say({"cluster.no_answer", "no node answers there yet; it is tried again and again", connection.endpoint,
       options_.keys ? "is it running, and has it this node's public key in its nodes/?"
                     : "is it running, and without keys?"});
}

bool Connections::carry(const Route& route, const events::Bytes& bytes) {
  if (route.address) return send_frame(router_, &*route.address, bytes.data(), bytes.size());
  return send_frame(dialled_[route.connection].socket, nullptr, bytes.data(), bytes.size());
}

void Connections::send() {
  for (PeerNumber number = 0; number < table_.size(); ++number) {
    Peer& peer = table_.at(number);
    if (peer.ready.empty()) peer.outbound.take(peer.ready);
    while (!peer.ready.empty() && peer.channel.can_send()) {
      peer.channel.send(std::move(peer.ready.front()));
      peer.ready.pop_front();
    }
    if (!peer.route) continue;
    const std::uint64_t silent = peer.channel.silent();
    if (silent >= silent_ticks && silent % probe_every != 0) continue;
    send_to(peer);
  }
}

void Connections::send_to(Peer& peer) {
  for (;;) {
    batch_.clear();
    const auto head =
        peer.channel.next_batch([this](const events::Bytes& message) { batch_.push_back(&message); });
    if (!head) return;
    if (!carry(*peer.route, encode_batch(*head, batch_))) {
      // Where the connection that it made is gone, one that we made may stand. What was lost is sent again.
      const auto ours = std::ranges::find_if(
          dialled_, [&](const Dialled& each) { return each.peer && &table_.at(*each.peer) == &peer; });
      if (!peer.route->address || ours == dialled_.end()) return;
      peer.route = Route{static_cast<std::size_t>(ours - dialled_.begin()), std::nullopt};
    }
  }
}

void Connections::tick() {
  for (PeerNumber number = 0; number < table_.size(); ++number) table_.at(number).channel.tick();
  for (std::size_t i = 0; i < dialled_.size(); ++i) {
    Dialled& each = dialled_[i];
    const bool answered = each.peer && !table_.at(*each.peer).channel.silent_for(silent_ticks);
    if (answered) each.unanswered = 0;
    if (!answered) count_unanswered(each);
    if (answered || --each.ticks_to_greeting > 0) continue;
    greet({i, std::nullopt}, true);
  }
  table_.publish();
  if (handler.tick) handler.tick();
}

}  // namespace automodel::cluster
