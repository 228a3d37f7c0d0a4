#include "tools/automodel/bench/messages_bench.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "actors/cluster/transport/transport.hpp"
#include "tools/automodel/bench/message_peers.hpp"

namespace automodel::tools {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using cluster::PeerNumber;
using cluster::Transport;

constexpr auto patience = 30s;
constexpr std::size_t round_trips = 4000;
constexpr std::size_t warm_up = 500;  // of these, not counted

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A command that packs to at least `bench_message_bytes`, hardly more.
events::CommandT sample() {
  events::PauseGoalT pause;
  pause.goal = "goal-1";
  events::CommandT command;
  command.sender = "console";
  command.number = 1;
  command.body.Set(pause);
  while (events::pack(command).size() < bench_message_bytes) command.correlation += "goal";
  return command;
}

/// One end of the line.
struct End {
  std::unique_ptr<Transport> transport;
  std::function<void(PeerNumber, events::CommandT)> arrived;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<PeerNumber> peer;
  std::string failure;

  Result<void> open(const std::string& name, char digit, const cluster::NodeKeys* keys,
                    cluster::AllowList allowed) {
    cluster::TransportOptions options;
    options.self.node = name;
    options.self.identity = std::string(32, digit);
    options.self.incarnation = 1;
    options.listen = "tcp://127.0.0.1:*";
    if (keys) options.keys = *keys;
    options.allowed = std::move(allowed);
    auto bound = Transport::bind(std::move(options));
    if (!bound) return fail(bound.error());
    transport = std::move(*bound);
    return {};
  }
  void start() {
    cluster::TransportHandler handler;
    handler.message = [this](PeerNumber from, events::ByteView bytes) {
      auto message = events::unpack<events::CommandT>(bytes);
      if (message) return arrived(from, std::move(*message));
      const std::lock_guard lock(mutex);
      failure = to_string(message.error());
    };
    handler.greeted = [this](const cluster::PeerState& state, bool) {
      const std::lock_guard lock(mutex);
      peer = state.number;
      changed.notify_all();
    };
    transport->start(std::move(handler));
  }
  Result<PeerNumber> wait_for_peer() {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, patience, [this] { return peer.has_value(); }))
      return fail("bench.lost", "the two ends did not find each other");
    return *peer;
  }
};

/// Two nodes of this process, each with a transport and a ZeroMQ context of its own.
struct Line {
  End near, far;

  Result<PeerNumber> open(bool encrypted) {
    std::optional<cluster::NodeKeys> near_keys, far_keys;
    cluster::AllowList near_list, far_list;
    if (encrypted) {
      near_keys = cluster::NodeKeys::generate();
      far_keys = cluster::NodeKeys::generate();
      if (auto added = near_list.add({"far", far_keys->public_key()}); !added) return fail(added.error());
      if (auto added = far_list.add({"near", near_keys->public_key()}); !added) return fail(added.error());
    }
    if (auto made = near.open("near", 'a', near_keys ? &*near_keys : nullptr, near_list); !made)
      return fail(made.error());
    if (auto made = far.open("far", 'b', far_keys ? &*far_keys : nullptr, far_list); !made)
      return fail(made.error());
    near.start();
    far.start();
    if (auto asked = near.transport->connect(far.transport->endpoint(), encrypted ? "far" : ""); !asked)
      return fail(asked.error());
    return near.wait_for_peer();
  }
  ~Line() {
    for (End* end : {&near, &far})
      if (end->transport) end->transport->stop();
  }
};

Result<double> rate(double seconds, bool encrypted) {
  Line line;
  std::atomic<std::uint64_t> received{0};
  line.near.arrived = [](PeerNumber, events::CommandT) {};
  line.far.arrived = [&](PeerNumber, events::CommandT) { received.fetch_add(1, std::memory_order_relaxed); };
  const auto peer = line.open(encrypted);
  if (!peer) return fail(peer.error());
  events::CommandT message = sample();
  std::uint64_t sent = 0;
  const auto start = Clock::now();
  while (since(start) < seconds)
    for (int i = 0; i < 64; ++i, ++sent) {
      message.number = sent + 1;
      if (auto gone = line.near.transport->send(*peer, events::pack(message), patience); !gone)
        return fail(gone.error());
    }
  while (received < sent && since(start) < seconds + 30) std::this_thread::sleep_for(1ms);
  if (received != sent || !line.far.failure.empty())
    return fail("bench.lost", std::to_string(received) + " of " + std::to_string(sent) + " messages arrived",
                line.far.failure);
  return static_cast<double>(received) / since(start);
}

Result<std::vector<double>> round_trip_times(bool encrypted) {
  Line line;
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t answered = 0;
  line.far.arrived = [&](PeerNumber from, events::CommandT message) {
    static_cast<void>(line.far.transport->send(from, events::pack(message)));
  };
  line.near.arrived = [&](PeerNumber, events::CommandT message) {
    const std::lock_guard lock(mutex);
    answered = message.number;
    changed.notify_one();
  };
  const auto peer = line.open(encrypted);
  if (!peer) return fail(peer.error());
  events::CommandT message = sample();
  std::vector<double> times;
  for (std::uint64_t i = 1; i <= round_trips; ++i) {
    const auto start = Clock::now();
    message.number = i;
    if (auto gone = line.near.transport->send(*peer, events::pack(message), patience); !gone)
      return fail(gone.error());
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, patience, [&] { return answered == i; }))
      return fail("bench.lost", "round trip " + std::to_string(i) + " was not answered");
    times.push_back(1e6 * since(start));
  }
  return times;
}

Result<double> p50(Result<std::vector<double>> times) {
  if (!times) return fail(times.error());
  times->erase(times->begin(), times->begin() + warm_up);
  return median(std::move(*times));
}

}  // namespace

Result<void> bench_messages(const BenchOptions& options, BenchReport& report) {
  const auto add = [&](Result<BenchRow> row) -> Result<void> {
    if (!row) return fail(row.error());
    report.rows.push_back(std::move(*row));
    return {};
  };
  const Measure ours = [&] { return rate(options.seconds, false); };
  const Measure ours_encrypted = [&] { return rate(options.seconds, true); };
  const Measure trip = [] { return p50(round_trip_times(false)); };
  const Measure raw = [&] { return raw_zeromq_rate(options.seconds, bench_message_bytes, false); };
  const Measure raw_encrypted = [&] { return raw_zeromq_rate(options.seconds, bench_message_bytes, true); };
  const Measure raw_trip = [] {
    return p50(raw_zeromq_round_trips(round_trips, bench_message_bytes, false));
  };
  const Measure caf = [&] { return caf_remote_rate(options.seconds, bench_message_bytes); };
  const Measure caf_trip = [] { return p50(caf_remote_round_trips(round_trips, bench_message_bytes)); };
  struct Row {
    const char* name;
    const char* unit;
    const Measure& measured;
    const char* floor;
    const Measure& floor_of;
  };
  const Row rows[] = {
      {"node to node", "messages/s", ours, "raw ZeroMQ, DEALER to ROUTER", raw},
      {"node to node", "messages/s", ours, "CAF's remote actors", caf},
      {"node to node, CURVE", "messages/s", ours_encrypted, "raw ZeroMQ with CURVE", raw_encrypted},
      {"round trip, p50", "µs", trip, "raw ZeroMQ, DEALER to ROUTER", raw_trip},
      {"round trip, p50", "µs", trip, "CAF's remote actors", caf_trip},
  };
  for (const Row& row : rows)
    if (auto added = add(measure_against(options, row.name, row.unit, row.measured, row.floor, row.floor_of));
        !added)
      return added;
  report.notes.push_back(
      "a message of ours is a value: packed to " + std::to_string(events::pack(sample()).size()) +
      " bytes, carried by the acknowledged channel, verified and unpacked; ZeroMQ and CAF carry " +
      std::to_string(bench_message_bytes) + " bytes");
  return {};
}

}  // namespace automodel::tools
