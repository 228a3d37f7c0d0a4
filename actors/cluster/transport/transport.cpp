#include "actors/cluster/transport/transport.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "actors/cluster/transport/connections.hpp"

namespace automodel::cluster {
namespace {

/// An eventfd: other threads wake the one that polls.
class Wake {
 public:
  Wake() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Wake() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  int descriptor() const { return descriptor_; }
  void ring() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(descriptor_, &one, sizeof one));  // full is rung already
  }
  void clear() {
    std::uint64_t count = 0;
    static_cast<void>(!::read(descriptor_, &count, sizeof count));
  }

 private:
  int descriptor_;
};

struct Wish {
  std::string endpoint;
  std::string node;
};

}  // namespace

struct Transport::Impl {
  Impl(TransportOptions given, zmq::socket_t router, std::optional<Gatekeeper> gatekeeper,
       std::unique_ptr<zmq::context_t> made)
      : options(std::move(given)),
        context(std::move(made)),
        connections(options, *context, std::move(router), std::move(gatekeeper), table) {}

  TransportOptions options;
  std::unique_ptr<zmq::context_t> context;
  PeerTable table;
  Wake wake;
  Connections connections;
  std::thread thread;
  std::atomic<std::thread::id> loop_thread;
  std::atomic<bool> stopping{false};
  std::mutex mutex;  // of what follows
  std::vector<Wish> wishes;

  void take_wishes() {
    std::vector<Wish> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(wishes);
    }
    for (const Wish& wish : taken) connections.connect(wish.endpoint, wish.node);
  }

  void run() {
    using Clock = std::chrono::steady_clock;
    auto next_tick = Clock::now() + options.tick;
    while (!stopping) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick - Clock::now());
      connections.wait(wake.descriptor(), std::max(left, std::chrono::milliseconds(0)));
      wake.clear();
      take_wishes();
      connections.receive();
      if (Clock::now() >= next_tick) {
        connections.tick();
        // After a pause of the whole process one tick passes, not all that were missed.
        next_tick = std::max(next_tick + options.tick, Clock::now());
      }
      connections.send();
    }
  }
};

Transport::Transport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Transport::~Transport() { stop(); }

Result<std::unique_ptr<Transport>> Transport::bind(TransportOptions options) {
  if (auto named = check_node_name(options.self.node); !named) return fail(named.error());
  const NodeKeys* keys = options.keys ? &*options.keys : nullptr;
  if (auto fits = check_node_endpoint(options.listen, keys != nullptr); !fits) return fail(fits.error());
  auto context = std::make_unique<zmq::context_t>(1);
  std::optional<Gatekeeper> gatekeeper;
  if (keys) {
    auto started = Gatekeeper::start(*context);
    if (!started) return fail(started.error());
    gatekeeper = std::move(*started);
  }
  auto router = listen_at(*context, options.listen, keys);
  if (!router) return fail(router.error());
  options.self.endpoint = router->get(zmq::sockopt::last_endpoint);
  options.self.event_kinds = readable_event_kinds();
  return std::unique_ptr<Transport>(new Transport(std::make_unique<Impl>(
      std::move(options), std::move(*router), std::move(gatekeeper), std::move(context))));
}

void Transport::start(TransportHandler handler) {
  impl_->connections.handler = std::move(handler);
  impl_->thread = std::thread([this] {
    impl_->loop_thread = std::this_thread::get_id();
    impl_->run();
  });
}

Result<void> Transport::connect(const std::string& endpoint, const std::string& node) {
  const bool encrypted = impl_->options.keys.has_value();
  if (auto fits = check_node_endpoint(endpoint, encrypted); !fits) return fits;
  if (encrypted && !impl_->options.allowed.node(node))
    return fail("cluster.unknown_node",
                node.empty() ? "which node is it? Its key must be known" : "no key of a node '" + node + "'",
                endpoint, "write NAME@ENDPOINT, and put its public key into nodes/NAME.pub");
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wishes.push_back({endpoint, node});
  }
  impl_->wake.ring();
  return {};
}

Result<void> Transport::send(PeerNumber peer, events::Bytes message, std::chrono::milliseconds wait) {
  if (message.size() > max_peer_message_bytes)
    return fail("cluster.message_too_large", "a message of " + std::to_string(message.size()) + " bytes", {},
                "at most " + std::to_string(max_peer_message_bytes) + " are carried");
  Outbound* outbound = impl_->table.outbound(peer);
  if (!outbound) return fail("cluster.unknown_peer", "no peer has the number " + std::to_string(peer));
  const bool own_thread = std::this_thread::get_id() == impl_->loop_thread.load();  // it would wait for itself
  bool was_empty = false;
  if (!outbound->put(std::move(message), impl_->options.queued_bytes,
                     own_thread ? std::chrono::milliseconds() : wait, was_empty)) {
    if (impl_->stopping) return fail("cluster.stopped", "the transport has ended");
    return fail("cluster.window_full", "the peer takes no more for now", {}, "try again later");
  }
  if (was_empty && !own_thread) impl_->wake.ring();
  return {};
}

std::vector<PeerState> Transport::peers() const { return impl_->table.states(); }

std::optional<PeerNumber> Transport::find(const std::string& node) const { return impl_->table.find(node); }

const events::NodeHelloT& Transport::self() const { return impl_->options.self; }

std::chrono::milliseconds Transport::tick() const { return impl_->options.tick; }

const std::string& Transport::endpoint() const { return impl_->options.self.endpoint; }

void Transport::stop() {
  if (impl_->stopping.exchange(true)) return;
  impl_->wake.ring();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->table.close();
}

}  // namespace automodel::cluster
