#include "actors/node/node.hpp"

#include <unistd.h>

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <thread>

#include "actors/autofeature/agent.hpp"
#include "actors/autoperf/agent.hpp"
#include "actors/autotrain/agent.hpp"
#include "actors/cluster/agents/cluster_actor.hpp"
#include "actors/cluster/work/artifacts_of.hpp"
#include "actors/coordinator/agent.hpp"
#include "actors/jobs/worker_main.hpp"
#include "actors/knowledge/answer.hpp"
#include "actors/node/feed.hpp"
#include "actors/node/neighbours.hpp"
#include "actors/recommender/agent.hpp"
#include "actors/recommender/serving_actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/supervisor.hpp"
#include "actors/runtime/worker_process.hpp"
#include "storage/artifact_store.hpp"
#include "storage/memory/memory.hpp"
#include "storage/readers.hpp"

namespace automodel::actors {

namespace {

using namespace std::chrono_literals;

constexpr const char* coordinator = "coordinator/main";
constexpr auto stop_patience = 20s;
constexpr auto serving_patience = 120s;

std::int64_t utc_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Config : caf::actor_system_config {
  Config() {
    add_message_types<caf::id_block::automodel>();
    set("scheduler.policy", caf::atom("sharing"));  // no polling while idle
    // Agents may wait for a moment (memory that catches up, a synced acknowledgement): one thread for each.
    set("scheduler.max-threads", std::size_t{5});
  }
};

// --- the clock -------------------------------------------------------------------------------------

using Ticker = caf::typed_actor<caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

/// One TimePassed at a time: an agent that is busy is not buried under them.
Ticker::behavior_type ticker(Ticker::stateful_pointer<std::int64_t> self, const Supervisor& agents) {
  self->state = utc_now();
  self->delayed_send(self, 1s, tick_atom_v);
  return {
      [=](tick_atom) {
        const auto now = utc_now();
        events::TimePassedT passed;
        passed.seconds = static_cast<double>(now - self->state) * 1e-9;
        self->state = now;
        auto command = command_of(passed);
        command.sender = "clock";
        command.number = static_cast<std::uint64_t>(now);
        const auto again = [=] { self->delayed_send(self, 1s, tick_atom_v); };
        self->request(agents, 60s, std::string(coordinator), std::move(command))
            .then([=](const events::ReplyT&) { again(); }, [=](const caf::error&) { again(); });
      },
      [=](stop_atom) { self->quit(caf::exit_reason::user_shutdown); },
  };
}

/// Each life of an agent has an epoch of its own: what an earlier one still had under way when it ended is
/// refused, whatever versions it expects.
std::uint64_t own_epoch(storage::EventStore& store, const std::string& stream) {
  const auto last = store.epoch(stream);
  if (!last) {
    log().error("{} cannot tell whose it is: {}", stream, to_string(last.error()));
    return 1;
  }
  if (auto raised = store.raise_epoch(stream, *last + 1); !raised) {
    log().error("{} keeps the epoch of its last start: {}", stream, to_string(raised.error()));
    return *last;
  }
  return *last + 1;
}

/// Time does not pass for a goal while its node is down: ResumeGoal marks the gap, and must come before
/// anything else that the coordinator hears.
std::vector<events::CommandT> resume_goals(const storage::EventStore& store) {
  std::vector<events::CommandT> commands;
  for (const auto& goal : storage::stored_memory(store).all<events::GoalRowT>("goals")) {
    if (goal.status == "finished" || goal.status == "paused") continue;
    events::ResumeGoalT resume;
    resume.goal = goal.id;
    auto command = command_of(std::move(resume), goal.id);
    command.sender = "node/start/" + goal.id;
    command.number = store.last_sequence();  // the same history is resumed once
    commands.push_back(std::move(command));
  }
  return commands;
}

template <Decider D>
AgentFactory factory(const std::string& stream, const std::shared_ptr<storage::EventStore>& store,
                     const JobPool& pool) {
  return [=](caf::actor_system& system, std::optional<std::uint64_t> epoch) {
    AgentOptions options;
    options.core.stream = stream;
    options.core.now = utc_now;
    options.core.memory = store->projection_rows("memory");
    options.core.epoch = epoch ? *epoch : own_epoch(*store, stream);
    options.store = store;
    options.pool = pool;
    return spawn_agent<D>(system, std::move(options));
  };
}

/// Brings what a job reads from the nodes where its agent was before.
class BringingRunner final : public JobRunner {
 public:
  BringingRunner(std::shared_ptr<JobRunner> runner, Neighbours& neighbours)
      : runner_(std::move(runner)), neighbours_(neighbours) {}
  events::JobResultT run(const events::JobT& job, const ProgressSink& progress) override {
    if (auto here = neighbours_.bring(job.data.get(), cluster::artifacts_read(job)); !here)
      return failed_job(job.id, here.error());
    return runner_->run(job, progress);
  }
  void cancel(const std::string& job) override { runner_->cancel(job); }
  bool lost() const override { return runner_->lost(); }

 private:
  std::shared_ptr<JobRunner> runner_;
  Neighbours& neighbours_;
};

constexpr const char* all_agents[] = {coordinator, "autofeature/main", "autotrain/main", "autoperf/main",
                                      "recommender/main"};

}  // namespace

RunnerFactory worker_processes(const NodeOptions& options) {
  WorkerArguments arguments;
  arguments.environment = {options.data_directory, options.store / "artifacts", options.threads,
                           options.max_parameters};
  arguments.parent = ::getpid();
  arguments.memory_mb = options.worker_memory_mb;
  WorkerOptions worker;
  worker.program = options.program;
  worker.arguments = format_worker_arguments(arguments);
  worker.threads = options.threads;
  return [worker] { return process_runner(worker); };
}

struct Node::Impl {
  NodeOptions options;
  std::shared_ptr<storage::EventStore> store;
  Config config;
  std::unique_ptr<caf::actor_system> system;
  JobPool pool;
  Supervisor supervisor;
  cluster::ClusterActor cluster;  // null where the agents live here alone
  ServingActor serving;
  Ticker clock;
  std::unique_ptr<Feed> feed;
  std::shared_ptr<void> serving_feed;
  std::atomic<bool> stopped = false;
  NearTrials near;  // of the store

  Result<void> start_actors();
  Result<void> join_cluster(SupervisorOptions& agents);
  void serve(const events::Recorded& event) const;
  void serve_what_history_says() const;
  void stop();
  template <class Handle>
  void stop_one(Handle& actor, const char* what);
};

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Node::~Node() { stop(); }

Result<std::unique_ptr<Node>> Node::start(NodeOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  storage::StoreOptions store_options;
  store_options.node = impl->options.name;
  store_options.durability = impl->options.durability;
  if (store_options.durability == storage::Durability::relaxed)
    log().warn("the store is relaxed: a power cut may undo the commits of the last {} ms",
               store_options.sync_interval.count());
  store_options.long_reader = [](const storage::OpenReader& reader) {
    log().warn(
        "process {} has been reading the store for {:.0f} s and is {} commits behind: until it ends, the "
        "store's file grows",
        reader.process, reader.seconds, reader.commits_behind);
  };
  auto store = storage::EventStore::open(impl->options.store, store_options);
  if (!store) return fail(store.error());
  impl->store = std::move(*store);
  if (auto artifacts = storage::ArtifactStore::open(impl->options.store / "artifacts"); !artifacts)
    return fail(artifacts.error());
  if (auto attached = impl->store->attach(storage::memory_projection()); !attached)
    return fail(attached.error());
  if (auto ready = impl->store->wait_for("memory", impl->store->last_sequence(), 10min); !ready)
    return fail(ready.error());
  if (auto started = impl->start_actors(); !started) return fail(started.error());
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

Result<void> Node::Impl::join_cluster(SupervisorOptions& agents) {
  Neighbours& neighbours = *options.neighbours;
  cluster::ClusterActorOptions made;
  made.protocol.node = neighbours.name();
  made.protocol.identity = neighbours.identity();
  made.protocol.incarnation = neighbours.incarnation();
  made.store = store;
  made.agents = {std::begin(all_agents), std::end(all_agents)};
  made.joins = options.joins;
  made.send = [&neighbours](const std::string& peer, const events::PeerMessageT& message) {
    return neighbours.say(peer, message);
  };
  made.heard = [&neighbours] { return neighbours.heard(); };
  auto spawned = cluster::spawn_cluster(*system, std::move(made));
  if (!spawned) return fail(spawned.error());
  cluster = *spawned;
  agents.cluster = caf::actor_cast<AgentWatcher>(cluster);
  for (const char* agent : all_agents) agents.proxies[agent] = cluster::spawn_proxy(*system, cluster, agent);
  neighbours.carry_agents([to = cluster](cluster::PeerNews news) { caf::anon_send(to, std::move(news)); });
  return {};
}

Result<void> Node::Impl::start_actors() {
  system = std::make_unique<caf::actor_system>(config);
  SupervisorOptions agents;
  if (options.neighbours)
    if (auto joined = join_cluster(agents); !joined) return joined;
  auto make_runner = worker_processes(options);
  if (options.neighbours)
    make_runner = [make = std::move(make_runner), this]() -> std::unique_ptr<JobRunner> {
      return std::make_unique<BringingRunner>(make(), *options.neighbours);
    };
  pool = spawn_job_pool(*system, options.workers, make_runner);

  agents.pool = pool;
  agents.greetings[coordinator] = resume_goals(*store);
  agents.agents[coordinator] = factory<Coordinator>(coordinator, store, pool);
  agents.agents["autofeature/main"] = factory<AutoFeature>("autofeature/main", store, pool);
  agents.agents["autotrain/main"] = factory<AutoTrain>("autotrain/main", store, pool);
  agents.agents["autoperf/main"] = factory<AutoPerf>("autoperf/main", store, pool);
  agents.agents["recommender/main"] = factory<Recommender>("recommender/main", store, pool);
  supervisor = spawn_supervisor(*system, std::move(agents));
  if (cluster) caf::anon_send(cluster, supervisor);
  if (options.ticker) clock = system->spawn(ticker, supervisor);

  serving = spawn_serving(*system, {options.data_directory, options.store / "artifacts", options.threads});
  feed = std::make_unique<Feed>(*store, store->last_sequence());
  serving_feed = feed->subscribe([this](const events::Recorded& event) { serve(event); });
  serve_what_history_says();
  return {};
}

void Node::Impl::serve(const events::Recorded& event) const {
  const auto* served = event.event.body.AsModelServed();
  if (served == nullptr || !served->model || !served->data) return;
  if (options.neighbours)
    if (auto here = options.neighbours->bring(served->data.get(), {served->model->checkpoint}); !here)
      log().error("model {} can't serve here: {}", served->model->id, to_string(here.error()));
  caf::anon_send(serving, serve_atom_v, *served->model, served->goal, *served->data);
}

void Node::Impl::serve_what_history_says() const {
  auto read = store->read_stream("recommender/main", 1, [&](const events::Recorded& event) {
    serve(event);
    return true;
  });
  if (!read) log().error("what served before is not known: {}", to_string(read.error()));
}

Result<events::ReplyT> Node::submit(const std::string& agent, const events::CommandT& command,
                                    std::chrono::milliseconds timeout) {
  if (command.sender.empty())
    return fail("runtime.unnamed_command", "a command needs a sender and a number", agent);
  if (impl_->stopped) return fail("runtime.stopped", "the node is stopped", agent);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  Error last{"runtime.timeout", "no reply in time", agent, "ask again with the same sender and number"};
  while (std::chrono::steady_clock::now() < deadline) {
    caf::scoped_actor self{*impl_->system};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    Result<events::ReplyT> reply = fail(last);
    const auto ask = [&](const auto& whom) {
      self->request(whom, std::max(left, 1ms), agent, command)
          .receive([&](events::ReplyT& r) { reply = std::move(r); },
                   [&](caf::error& e) { reply.error().message = "no reply in time: " + caf::to_string(e); });
    };
    impl_->cluster ? ask(impl_->cluster) : ask(impl_->supervisor);
    // An agent that starts again after a crash is a matter of a moment; everything else is for the caller to
    // see.
    const bool restarting = reply ? reply->failure && reply->failure->code == "runtime.restarting" : true;
    if (!restarting) return reply;
    if (!reply) last = reply.error();
    if (impl_->stopped) return fail("runtime.stopped", "the node is stopped", agent);
    self->delayed_send(self, 50ms, tick_atom_v);
    self->receive([](tick_atom) {});
  }
  return fail(last);
}

events::AnswerT Node::ask(const events::QuestionT& question) const {
  return answer(question, *impl_->store, storage::stored_memory(*impl_->store), &impl_->near);
}

events::RecommendationsT Node::recommend(const events::RecommendT& wish) {
  events::RecommendationsT answer;
  answer.user = wish.user;
  Error error{"runtime.stopped", "the node is stopped", {}, {}};
  if (!impl_->stopped) {
    caf::scoped_actor self{*impl_->system};
    bool answered = false;
    self->request(impl_->serving, serving_patience, wish)
        .receive(
            [&](events::RecommendationsT& told) {
              answer = std::move(told);
              answered = true;
            },
            [&](caf::error& e) {
              error = {"runtime.timeout", "no recommendations: " + caf::to_string(e), {}, {}};
            });
    if (answered) return answer;
  }
  answer.failure = std::move(refusal(error).failure);
  return answer;
}

std::shared_ptr<void> Node::subscribe(std::function<void(const events::Recorded&)> listener) {
  return impl_->feed ? impl_->feed->subscribe(std::move(listener)) : nullptr;
}

std::vector<RunningJob> Node::running_jobs() const {
  std::vector<RunningJob> running;
  if (impl_->stopped) return running;
  caf::scoped_actor self{*impl_->system};
  self->request(impl_->pool, 5s, list_atom_v)
      .receive(
          [&](JobViews& views) {
            for (auto& view : views)
              if (view.running)
                running.push_back(
                    {view.owner, view.job.id, view.job.goal, view.node, std::move(view.epochs)});
          },
          [](caf::error& e) { log().warn("running jobs are not known: {}", caf::to_string(e)); });
  return running;
}

Result<events::ReplyT> Node::migrate(const std::string& agent, const std::string& node,
                                     std::chrono::milliseconds timeout) {
  if (impl_->stopped) return fail("runtime.stopped", "the node is stopped", agent);
  if (!impl_->cluster)
    return fail("cluster.alone", "this node is in no cluster", agent,
                "automodel node --cluster tcp://HOST:PORT lets others join");
  Result<events::ReplyT> reply =
      fail("runtime.timeout", "the move takes its time", agent,
           "nodes says where the agent is; events --kind MigrationCommitted, how it went");
  caf::scoped_actor self{*impl_->system};
  self->request(impl_->cluster, timeout, migrate_atom_v, agent, node)
      .receive([&](events::ReplyT& r) { reply = std::move(r); }, [](const caf::error&) {});
  return reply;
}

std::vector<AgentAt> Node::places() const {
  std::vector<AgentAt> all;
  if (impl_->stopped || !impl_->cluster) return all;
  caf::scoped_actor self{*impl_->system};
  self->request(impl_->cluster, 5s, list_atom_v)
      .receive(
          [&](cluster::AgentPlaces& places) {
            for (auto& place : places) all.push_back({place.agent, place.node, place.epoch, place.state});
          },
          [](caf::error& e) { log().warn("where agents are is not known: {}", caf::to_string(e)); });
  return all;
}

void Node::add_worker(NewSlot slot) {
  if (impl_->options.neighbours)
    slot.runner = std::make_shared<BringingRunner>(std::move(slot.runner), *impl_->options.neighbours);
  if (!impl_->stopped) caf::anon_send(impl_->pool, std::move(slot));
}

const storage::EventStore& Node::store() const { return *impl_->store; }

void Node::stop() {
  if (!impl_->stopped.exchange(true)) impl_->stop();
}

template <class Handle>
void Node::Impl::stop_one(Handle& actor, const char* what) {
  caf::scoped_actor self{*system};
  self->request(actor, stop_patience, stop_atom_v)
      .receive([](bool) {},
               [&](caf::error& e) {
                 log().error("{} did not stop: {}", what, caf::to_string(e));
                 caf::anon_send_exit(actor, caf::exit_reason::kill);
               });
}

void Node::Impl::stop() {
  if (clock) caf::anon_send(clock, stop_atom_v);
  stop_one(pool, "the jobs");
  stop_one(supervisor, "an agent");
  if (cluster) caf::anon_send(cluster, stop_atom_v);
  serving_feed.reset();
  feed.reset();
  caf::anon_send(serving, stop_atom_v);
  system->await_all_actors_done();
}

}  // namespace automodel::actors
