#include "actors/node/neighbours.hpp"

#include <algorithm>
#include <atomic>

#include "actors/cluster/transport/greeting.hpp"
#include "actors/cluster/transport/sockets.hpp"
#include "actors/cluster/work/work_server.hpp"
#include "storage/identity.hpp"

namespace automodel::actors {
namespace {

constexpr const char* known_roles[] = {"agents", "trainer"};

Result<void> check_roles(const std::vector<std::string>& roles) {
  for (const std::string& role : roles)
    if (std::ranges::find(known_roles, role) == std::end(known_roles))
      return fail("cluster.unknown_role", "'" + role + "' is no role of a node", {},
                  "roles are: agents, trainer");
  if (roles.empty())
    return fail("cluster.unknown_role", "a node without a role does nothing", {},
                "roles are: agents, trainer");
  return {};
}

constexpr std::uint64_t quiet_ticks = 8;  // of the transport: heartbeats come more often

bool has_agents(const cluster::PeerState& peer) {
  return std::ranges::find(peer.roles, "agents") != peer.roles.end();
}

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

struct Place {
  std::string node;
  std::string endpoint;
};
/// NAME@ENDPOINT, or ENDPOINT.
Place place_of(const std::string& text) {
  const std::size_t at = text.find('@');
  const bool named = at != std::string::npos && at < text.find("://");
  return named ? Place{text.substr(0, at), text.substr(at + 1)} : Place{{}, text};
}

Result<cluster::TransportOptions> transport_options(const NeighbourOptions& options) {
  cluster::TransportOptions made;
  auto identity = storage::identity_of(options.store);
  if (!identity) return fail(identity.error());
  made.self.node = options.name;
  made.self.identity = std::move(*identity);
  made.self.incarnation = now_ns();
  made.self.roles = options.roles;
  made.listen = options.listen;
  if (options.keys.empty()) return made;
  auto keys = cluster::NodeKeys::load(options.keys);
  if (!keys) return fail(keys.error());
  auto allowed = cluster::AllowList::load(options.keys);
  if (!allowed) return fail(allowed.error());
  made.keys = std::move(*keys);
  made.allowed = std::move(*allowed);
  return made;
}

std::string words(const cluster::PeerState& peer, bool restarted) {
  std::string roles;
  for (const std::string& role : peer.roles) roles += (roles.empty() ? "" : ", ") + role;
  return "node " + peer.node + (restarted ? " started again" : " is here") + " (" + roles + "; " +
         (peer.encrypted ? "encrypted" : "not encrypted") + ")";
}

}  // namespace

struct Neighbours::Impl {
  Impl(NeighbourOptions given, std::unique_ptr<cluster::Transport> transport)
      : options(std::move(given)),
        places{options.data_directory, options.store / "artifacts"},
        link(std::move(transport)),
        fetcher(link, places),
        server(std::make_unique<cluster::FileServer>(link, places)) {}

  NeighbourOptions options;
  cluster::FilePlaces places;
  cluster::Link link;
  cluster::Fetcher fetcher;
  std::unique_ptr<cluster::FileServer> server;
  std::unique_ptr<cluster::RemoteWorkers> workers;  // of others, for the agents here
  std::unique_ptr<cluster::WorkServer> work;        // of others' agents, for the workers here
  std::atomic<bool> stopped = false;

  cluster::WorkLimits limits() const {
    cluster::WorkLimits made;
    made.lost_after = options.lost_after;
    return made;
  }
};

Neighbours::Neighbours(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Neighbours::~Neighbours() { stop(); }

Result<std::unique_ptr<Neighbours>> Neighbours::bind(NeighbourOptions options) {
  if (auto known = check_roles(options.roles); !known) return fail(known.error());
  // Before anything is written: the identity is drawn at the first start.
  if (auto named = cluster::check_node_name(options.name); !named) return fail(named.error());
  if (auto fits = cluster::check_node_endpoint(options.listen, !options.keys.empty()); !fits)
    return fail(fits.error());
  auto made = transport_options(options);
  if (!made) return fail(made.error());
  auto transport = cluster::Transport::bind(std::move(*made));
  if (!transport) return fail(transport.error());
  return std::unique_ptr<Neighbours>(
      new Neighbours(std::make_unique<Impl>(std::move(options), std::move(*transport))));
}

void Neighbours::take_workers(std::function<void(NewSlot)> add) {
  impl_->workers = std::make_unique<cluster::RemoteWorkers>(
      impl_->link, impl_->fetcher,
      [add = std::move(add)](std::shared_ptr<JobRunner> runner, const std::string& node) {
        add({std::move(runner), node});
      },
      impl_->limits());
}

void Neighbours::offer_workers(std::uint32_t slots, const RunnerFactory& make_runner) {
  impl_->work =
      std::make_unique<cluster::WorkServer>(impl_->link, impl_->fetcher, slots, make_runner, impl_->limits());
}

void Neighbours::carry_agents(std::function<void(cluster::PeerNews)> deliver) {
  impl_->link.on_greeted([deliver](const cluster::PeerState& peer, bool) {
    if (has_agents(peer)) deliver({peer.node, peer.incarnation, nullptr});
  });
  impl_->link.on(events::NodeBody::PeerMessage, [this, deliver](cluster::PeerNumber number,
                                                                events::NodeMessageT message) {
    const auto peer = impl_->link.peer(number);
    if (!peer || !has_agents(*peer)) return;
    deliver(
        {peer->node, 0, std::make_shared<events::PeerMessageT>(std::move(*message.body.AsPeerMessage()))});
  });
}

Result<void> Neighbours::say(const std::string& node, const events::PeerMessageT& message) {
  const auto number = impl_->link.transport().find(node);
  if (!number) return fail("cluster.not_reachable", "node '" + node + "' is not connected");
  return impl_->link.send(*number, message);
}

std::vector<std::string> Neighbours::heard() const {
  std::vector<std::string> nodes;
  for (const auto& peer : impl_->link.transport().peers())
    if (has_agents(peer) && peer.silent_ticks <= quiet_ticks) nodes.push_back(peer.node);
  return nodes;
}

Result<void> Neighbours::bring(const events::DataRefT* data, const std::set<std::string>& artifacts) {
  Result<void> last;
  for (const auto& peer : impl_->link.transport().peers()) {
    if (!has_agents(peer) || peer.silent_ticks * impl_->link.transport().tick() > impl_->options.lost_after)
      continue;
    last = data != nullptr ? impl_->fetcher.data_set(peer.number, data->name, data->hash) : Result<void>();
    for (const auto& hash : artifacts)
      if (last) last = impl_->fetcher.artifact(peer.number, hash);
    if (last) return last;
  }
  return last;
}

std::string Neighbours::identity() const { return impl_->link.transport().self().identity; }
std::uint64_t Neighbours::incarnation() const { return impl_->link.transport().self().incarnation; }

Result<void> Neighbours::start(std::function<void(const std::string&)> tell) {
  impl_->link.on_greeted(
      [tell](const cluster::PeerState& peer, bool restarted) { tell(words(peer, restarted)); });
  impl_->link.on_refused([tell](const Error& error) { tell(to_string(error)); });
  impl_->link.start();
  for (const std::string& text : impl_->options.join) {
    const Place place = place_of(text);
    if (auto asked = impl_->link.transport().connect(place.endpoint, place.node); !asked) return asked;
  }
  return {};
}

std::vector<Neighbour> Neighbours::list() const {
  std::vector<Neighbour> all;
  for (cluster::PeerState& peer : impl_->link.transport().peers()) {
    const auto silent = peer.silent_ticks * impl_->link.transport().tick();
    all.push_back(
        {std::move(peer), std::chrono::duration<double>(silent).count(), silent > impl_->options.lost_after});
  }
  return all;
}

std::size_t Neighbours::running() const { return impl_->work ? impl_->work->running() : 0; }

const std::string& Neighbours::endpoint() const { return impl_->link.transport().endpoint(); }

const std::string& Neighbours::name() const { return impl_->options.name; }

void Neighbours::stop() {
  if (impl_->stopped.exchange(true)) return;
  if (impl_->workers) impl_->workers->stop();
  impl_->fetcher.stop();
  impl_->work.reset();
  impl_->link.stop();
  impl_->server.reset();
}

}  // namespace automodel::actors
