#include "tools/automodel/bench/appends.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <latch>
#include <mutex>

#include "actors/runtime/agent_actor.hpp"
#include "actors/runtime/stored_reply.hpp"
#include "storage/memory/memory.hpp"
#include "tools/automodel/bench/floors.hpp"
#include "tools/automodel/bench/report.hpp"

namespace automodel::tools {

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t utc_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Decides as little as can be decided: as many events as the command asks for. Its state counts them.
struct Recorder {
  using State = events::ProposalT;
  static constexpr const char* schema = "bench/1";
  static Result<actors::Decision> decide(const State&, const events::CommandT& command,
                                         const actors::Context&) {
    static const events::EventT event = bench_event();
    const auto* wanted = command.body.AsSubmitGoal();
    if (!wanted) return fail("bench.no_such_command", "this agent records, and nothing else");
    actors::Decision decision;
    decision.events.assign(wanted->rows, event);
    return decision;
  }
  static void evolve(State& state, const events::Recorded&) { ++state.epochs; }
  static std::vector<events::JobT> open_jobs(const State&) { return {}; }
};

/// As a node's system is.
struct Config : caf::actor_system_config {
  Config() {
    add_message_types<caf::id_block::automodel>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{5});
  }
};

struct Run {
  Run(std::size_t writers, double seconds)
      : finished(static_cast<std::ptrdiff_t>(writers)),
        until(Clock::now() +
              std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}
  std::latch finished;
  Clock::time_point until;
  std::mutex mutex;
  std::vector<double> latencies;  // microseconds, of all writers
  Result<void> status;
};

/// Asks, waits for the reply, asks again, until the time is over.
class Writer final : public caf::event_based_actor {
 public:
  Writer(caf::actor_config& config, actors::AgentActor agent, std::string name, std::size_t events,
         std::shared_ptr<Run> run)
      : caf::event_based_actor(config), agent_(std::move(agent)), run_(std::move(run)) {
    events::SubmitGoalT body;
    body.rows = events;
    command_ = actors::command_of(std::move(body));
    command_.sender = std::move(name);
  }

 private:
  caf::behavior make_behavior() override {
    ask();
    return {[](actors::stop_atom) {}};
  }

  void ask() {
    ++command_.number;
    asked_ = Clock::now();
    request(agent_, caf::infinite, command_)
        .then([this](const events::ReplyT& reply) { take(reply); },
              [this](const caf::error& error) {
                end(fail("bench.no_reply", "an agent did not reply: " + system().render(error)));
              });
  }

  void take(const events::ReplyT& reply) {
    if (!reply.accepted)
      return end(fail("bench.refused", reply.failure ? reply.failure->message : "without a reason"));
    const auto now = Clock::now();
    latencies_.push_back(std::chrono::duration<double, std::micro>(now - asked_).count());
    if (now >= run_->until) return end({});
    ask();
  }

  void end(const Result<void>& status) {
    {
      const std::lock_guard lock(run_->mutex);
      run_->latencies.insert(run_->latencies.end(), latencies_.begin(), latencies_.end());
      if (!status) run_->status = status;
    }
    run_->finished.count_down();
    quit();
  }

  actors::AgentActor agent_;
  events::CommandT command_;
  Clock::time_point asked_;
  std::vector<double> latencies_;
  std::shared_ptr<Run> run_;
};

std::string stream_of(std::size_t agent) { return "agent-" + std::to_string(agent) + "/main"; }

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = std::min(values.size() - 1, static_cast<std::size_t>(share * double(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

events::EventT bench_event() {
  events::GoalPausedT body;
  body.goal = "goal-1";
  const auto packed = [&] {
    events::EventT event;
    event.body.Set(body);
    return events::pack(event).size();
  };
  body.by = std::string(bench_payload_bytes - packed(), '.');
  while (packed() > bench_payload_bytes) body.by.pop_back();
  for (std::size_t i = 0; i < body.by.size(); ++i) body.by[i] = static_cast<char>('!' + i * 61 % 90);
  return actors::event_of(std::move(body));
}

Result<AppendFigures> append_through_agents(const std::filesystem::path& directory, std::size_t writers,
                                            std::size_t events, double seconds, bool memory,
                                            const storage::StoreOptions& options) {
  auto scratch = ScratchDirectory::make(directory);
  if (!scratch) return fail(scratch.error());
  auto opened = storage::EventStore::open(scratch->path() / "store", options);
  if (!opened) return fail(opened.error());
  std::shared_ptr<storage::EventStore> store = std::move(*opened);
  if (memory)
    if (auto attached = store->attach(storage::memory_projection()); !attached) return fail(attached.error());

  std::shared_ptr<Run> run;
  Clock::time_point start;
  double elapsed = 0;
  {
    Config config;
    caf::actor_system system(config);
    std::vector<actors::AgentActor> agents;
    for (std::size_t i = 0; i < writers; ++i) {
      actors::AgentOptions agent;
      agent.core.stream = stream_of(i);
      agent.core.now = utc_now;
      agent.store = store;
      agents.push_back(actors::spawn_agent<Recorder>(system, std::move(agent)));
    }
    run = std::make_shared<Run>(writers, seconds);
    start = Clock::now();
    for (std::size_t i = 0; i < writers; ++i)
      system.spawn<Writer>(agents[i], "writer-" + std::to_string(i), events, run);
    run->finished.wait();
    elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    for (const auto& agent : agents) caf::anon_send(agent, actors::stop_atom_v);
  }
  if (!run->status) return fail(run->status.error());
  const auto expected = run->latencies.size() * events;
  if (store->last_sequence() != expected)
    return fail("bench.lost", std::to_string(store->last_sequence()) + " events in the store of " +
                                  std::to_string(expected) + " acknowledged");
  return AppendFigures{double(expected) / elapsed, percentile(run->latencies, 0.5),
                       percentile(run->latencies, 0.99)};
}

Result<StoreSizes> fill_store(const std::filesystem::path& path, std::size_t count) {
  double record_bytes = 0;
  {
    auto opened = storage::EventStore::open(path);
    if (!opened) return fail(opened.error());
    storage::EventStore& store = **opened;
    if (auto attached = store.attach(storage::memory_projection()); !attached) return fail(attached.error());
    const events::EventT event = bench_event();
    events::ReplyT reply;
    reply.accepted = true;
    std::mutex mutex;
    Result<void> status;
    for (std::size_t i = 0; i < count; ++i) {
      storage::AppendRequest request;
      request.stream = stream_of(i % large_store_streams);
      request.sender = "writer";
      request.number = i + 1;
      request.time = utc_now();
      request.events.push_back(event);
      reply.version = i / large_store_streams + 1;
      request.reply = actors::pack_reply(reply);
      store.append_async(std::move(request), [&](const Result<storage::Appended>& appended) {
        const std::lock_guard lock(mutex);
        if (!appended) status = fail(appended.error());
      });
    }
    for (std::size_t i = 0; i < std::min(count, large_store_streams); ++i) {
      const auto version = store.stream_version(stream_of(i));  // behind what is queued: also a fine snapshot
      if (!version) return fail(version.error());
      storage::Snapshot snapshot{*version, Recorder::schema, events::pack(Recorder::State{})};
      if (auto saved = store.save_snapshot(stream_of(i), std::move(snapshot)); !saved)
        return fail(saved.error());
    }
    const std::lock_guard lock(mutex);
    if (!status) return fail(status.error());
    if (auto ready = store.wait_for("memory", count, std::chrono::minutes(10)); !ready)
      return fail(ready.error());
    const auto read = store.read_stream(stream_of(0), 1, [&](const events::Recorded& recorded) {
      record_bytes = double(events::encode_envelope(recorded, events::pack(recorded.event)).size());
      return recorded.version < 100;
    });
    if (!read) return fail(read.error());
  }
  return StoreSizes{double(std::filesystem::file_size(path / "events.mdb")) / double(count), record_bytes};
}

Result<double> start_milliseconds(const std::filesystem::path& path) {
  const auto start = Clock::now();
  auto opened = storage::EventStore::open(path);
  if (!opened) return fail(opened.error());
  std::shared_ptr<storage::EventStore> store = std::move(*opened);
  if (auto attached = store->attach(storage::memory_projection()); !attached) return fail(attached.error());
  auto run = std::make_shared<Run>(1, 0);
  double elapsed = 0;
  {
    Config config;
    caf::actor_system system(config);
    actors::AgentOptions options;
    options.core.stream = stream_of(0);
    options.core.now = utc_now;
    options.store = store;
    const auto agent = actors::spawn_agent<Recorder>(system, std::move(options));
    system.spawn<Writer>(agent, "start-" + std::to_string(utc_now()), 1, run);
    run->finished.wait();
    elapsed = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    caf::anon_send(agent, actors::stop_atom_v);
  }
  if (!run->status) return fail(run->status.error());
  return elapsed;
}

}  // namespace automodel::tools
