#include "tools/automodel/bench/moving_nodes.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/node/neighbours.hpp"
#include "actors/runtime/decider.hpp"
#include "actors/runtime/supervisor.hpp"

namespace automodel::tools {

namespace {

using namespace std::chrono_literals;

const std::string agent = "holder/main";
constexpr std::size_t piece = 64u << 10;  // of the state, an event each
constexpr double commands_a_second = 2000;
constexpr unsigned senders = 64;
constexpr auto patience = 60s;

/// Holds what it was given and counts commands. Its state borrows a table of the schemas: `features` are the
/// pieces, `epochs` is the count.
struct Holder {
  using State = events::ProposalT;
  static constexpr const char* schema = "holder/1";

  static Result<actors::Decision> decide(const State&, const events::CommandT& command,
                                         const actors::Context&) {
    const auto* given = command.body.AsResumeGoal();
    if (!given) return fail("bench.command", "the agent only counts");
    events::GoalPausedT event;
    event.goal = command.sender == "fill" ? "piece" : "count";
    event.by = given->goal;
    actors::Decision decision;
    decision.events.push_back(actors::event_of(std::move(event)));
    return decision;
  }
  static void evolve(State& state, const events::Recorded& event) {
    const auto* noted = event.event.body.AsGoalPaused();
    if (!noted) return;
    if (noted->goal == "piece")
      state.features.push_back(noted->by);
    else
      ++state.epochs;
  }
  static std::vector<events::JobT> open_jobs(const State&) { return {}; }
};

struct Config : caf::actor_system_config {
  Config() {
    add_message_types<caf::id_block::automodel>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{3});
  }
};

std::int64_t utc_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What a node is made of, as far as agents and their moves need it.
struct SmallNode {
  std::string name;
  std::shared_ptr<storage::EventStore> store;
  std::unique_ptr<actors::Neighbours> neighbours;
  Config config;
  std::unique_ptr<caf::actor_system> system;
  cluster::ClusterActor cluster;
  actors::Supervisor supervisor;

  Result<void> open(const std::filesystem::path& directory, std::vector<std::string> join,
                    std::uint64_t snapshot_every);
  events::ReplyT ask(auto&&... what) const {
    events::ReplyT answer;
    caf::scoped_actor self{*system};
    self->request(cluster, patience, std::forward<decltype(what)>(what)...)
        .receive([&](events::ReplyT& reply) { answer = std::move(reply); },
                 [&](caf::error& error) {
                   answer.failure = std::make_unique<events::FailureT>();
                   answer.failure->code = "bench.lost";
                   answer.failure->message = caf::to_string(error);
                 });
    return answer;
  }
  ~SmallNode() {
    if (!system) return;
    if (supervisor) {
      caf::scoped_actor self{*system};
      self->request(supervisor, patience, actors::stop_atom_v).receive([](bool) {}, [](caf::error&) {});
    }
    if (cluster) caf::anon_send(cluster, actors::stop_atom_v);
    cluster = nullptr;
    supervisor = nullptr;
    if (neighbours) neighbours->stop();
    system->await_all_actors_done();
  }
};

Result<void> SmallNode::open(const std::filesystem::path& directory, std::vector<std::string> join,
                             std::uint64_t snapshot_every) {
  storage::StoreOptions options;
  options.node = name;
  auto opened = storage::EventStore::open(directory / name, options);
  if (!opened) return fail(opened.error());
  store = std::move(*opened);
  actors::NeighbourOptions net;
  net.name = name;
  net.store = directory / name;
  net.data_directory = directory / "data";
  net.listen = "tcp://127.0.0.1:*";
  net.join = join;
  net.roles = {"agents"};
  auto bound = actors::Neighbours::bind(std::move(net));
  if (!bound) return fail(bound.error());
  neighbours = std::move(*bound);
  system = std::make_unique<caf::actor_system>(config);

  cluster::ClusterActorOptions made;
  made.protocol.node = name;
  made.protocol.identity = neighbours->identity();
  made.protocol.incarnation = neighbours->incarnation();
  made.store = store;
  made.agents = {agent};
  made.joins = !join.empty();
  made.send = [this](const std::string& peer, const events::PeerMessageT& message) {
    return neighbours->say(peer, message);
  };
  made.heard = [this] { return neighbours->heard(); };
  auto spawned = cluster::spawn_cluster(*system, std::move(made));
  if (!spawned) return fail(spawned.error());
  cluster = *spawned;
  neighbours->carry_agents([to = cluster](cluster::PeerNews news) { caf::anon_send(to, std::move(news)); });

  actors::SupervisorOptions agents;
  agents.cluster = caf::actor_cast<actors::AgentWatcher>(cluster);
  agents.proxies[agent] = cluster::spawn_proxy(*system, cluster, agent);
  agents.agents[agent] = [kept = store, snapshot_every](caf::actor_system& home,
                                                        std::optional<std::uint64_t> epoch) {
    actors::AgentOptions holder;
    holder.core.stream = agent;
    holder.core.now = utc_now;
    holder.core.epoch = epoch.value_or(1);
    holder.core.snapshot_every = snapshot_every;
    holder.store = kept;
    return actors::spawn_agent<Holder>(home, std::move(holder));
  };
  supervisor = actors::spawn_supervisor(*system, std::move(agents));
  caf::anon_send(cluster, supervisor);
  return neighbours->start([](const std::string&) {});
}

Result<void> accepted(const events::ReplyT& reply) {
  if (reply.accepted) return {};
  return fail(reply.failure ? reply.failure->code : "bench.lost",
              reply.failure ? reply.failure->message : "no reply", agent);
}

}  // namespace

struct MovingNodes::Impl {
  SmallNode first, second;
  bool at_first = true;
  std::unique_ptr<CommandLoad> load;  // ends before the nodes

  Result<void> fill(std::size_t state_bytes);
  Result<void> meet();
};

MovingNodes::MovingNodes(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MovingNodes::~MovingNodes() = default;

/// Pieces that do not compress and are not alike.
Result<void> MovingNodes::Impl::fill(std::size_t state_bytes) {
  std::uint64_t random = 1;
  for (std::uint64_t number = 1; number * piece <= state_bytes; ++number) {
    events::ResumeGoalT body;
    body.goal.resize(piece);
    for (char& c : body.goal) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      c = static_cast<char>(random >> 56U);
    }
    auto command = actors::command_of(std::move(body));
    command.sender = "fill";
    command.number = number;
    if (auto done = accepted(first.ask(agent, std::move(command))); !done) return done;
  }
  return {};
}

/// Until each hears the other: an agent moves to a node that is known.
Result<void> MovingNodes::Impl::meet() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (first.neighbours->heard().empty() || second.neighbours->heard().empty()) {
    if (std::chrono::steady_clock::now() > deadline)
      return fail("bench.lost", "the two nodes did not find each other");
    std::this_thread::sleep_for(10ms);
  }
  return {};
}

Result<std::unique_ptr<MovingNodes>> MovingNodes::open(const std::filesystem::path& directory,
                                                       std::size_t state_bytes) {
  auto impl = std::make_unique<Impl>();
  // A snapshot of a large state costs more than the events that it saves to fold: one for as many bytes of
  // events as it has, but not before the default.
  const std::uint64_t snapshot_every = std::max<std::uint64_t>(256, state_bytes / (4u << 10));
  impl->first.name = "first";
  impl->second.name = "second";
  if (auto opened = impl->first.open(directory, {}, snapshot_every); !opened) return fail(opened.error());
  if (auto filled = impl->fill(state_bytes); !filled) return fail(filled.error());
  if (auto opened = impl->second.open(directory, {impl->first.neighbours->endpoint()}, snapshot_every);
      !opened)
    return fail(opened.error());
  if (auto met = impl->meet(); !met) return fail(met.error());
  impl->load = std::make_unique<CommandLoad>(*impl->first.system, impl->first.cluster, agent,
                                             commands_a_second, senders);
  return std::unique_ptr<MovingNodes>(new MovingNodes(std::move(impl)));
}

Result<void> MovingNodes::move() {
  const auto& from = impl_->at_first ? impl_->first : impl_->second;
  const auto& to = impl_->at_first ? impl_->second : impl_->first;
  if (auto moved = accepted(from.ask(actors::migrate_atom_v, agent, to.name)); !moved) return moved;
  impl_->at_first = !impl_->at_first;
  return {};
}

CommandLoad& MovingNodes::load() { return *impl_->load; }

Result<std::uint64_t> MovingNodes::counted() const {
  std::uint64_t count = 0;
  auto read = (impl_->at_first ? impl_->first : impl_->second)
                  .store->read_stream(agent, 1, [&](const events::Recorded& event) {
                    const auto* noted = event.event.body.AsGoalPaused();
                    if (noted && noted->goal == "count") ++count;
                    return true;
                  });
  if (!read) return fail(read.error());
  return count;
}

}  // namespace automodel::tools
