// automodel node: the agents as a server, for consoles; and this machine's part in a cluster of nodes.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "actors/session/duration.hpp"
#include "actors/session/server.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/metrics_endpoint.hpp"
#include "tools/automodel/node_access.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {
namespace {

constexpr const char* any_local_port = "tcp://127.0.0.1:*";

bool has_role(const Settings& settings, const std::string& role) {
  return std::ranges::find(settings.roles, role) != settings.roles.end();
}

/// Null where the settings speak of no other node.
Result<std::unique_ptr<actors::Neighbours>> take_cluster_endpoint(const Settings& settings) {
  if (settings.cluster.empty() && settings.join.empty() && has_role(settings, "agents")) return nullptr;
  const auto lost_after = actors::parse_duration(settings.lost_after);
  if (!lost_after) return fail(lost_after.error());
  actors::NeighbourOptions options;
  options.name = settings.node_name;
  options.store = settings.store;
  options.data_directory = settings.data_dir;
  // Whoever only connects to others needs no address that they know.
  options.listen = settings.cluster.empty() ? any_local_port : settings.cluster;
  options.join = settings.join;
  options.keys = settings.keys;
  options.roles = settings.roles;
  options.lost_after = std::chrono::milliseconds(static_cast<std::int64_t>(*lost_after * 1000));
  return actors::Neighbours::bind(std::move(options));
}

void tell(const std::string& news) { std::cerr << news + "\n"; }

void wait_for(const Interrupt& interrupt) {
  while (interrupt.count() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

/// Workers for the agents of other nodes, and nothing else.
Result<int> run_trainer(const Program& program, actors::Neighbours& neighbours) {
  const Settings& settings = program.settings;
  if (settings.join.empty() && settings.cluster.empty())
    return fail("usage.alone", "a node that only trains needs other nodes", "--roles trainer",
                "--join ENDPOINT says where one is");
  const auto options = node_options(program);
  if (!options) return fail(options.error());
  Interrupt interrupt;
  neighbours.offer_workers(options->workers, actors::worker_processes(*options));
  if (auto started = neighbours.start(tell); !started) return fail(started.error());
  if (program.json)
    print_json(
        {{"node", settings.node_name}, {"cluster", neighbours.endpoint()}, {"workers", options->workers}});
  else
    std::cout << "node " << settings.node_name << " at " << neighbours.endpoint() << ": " << options->workers
              << (options->workers == 1 ? " worker" : " workers")
              << " for other nodes' agents; Ctrl-C stops it.\n";
  std::cout.flush();
  wait_for(interrupt);
  const std::size_t running = neighbours.running();
  neighbours.stop();
  std::cerr << "stopped";
  if (running > 0)
    std::cerr << "; " << running << (running == 1 ? " job runs" : " jobs run") << " again elsewhere";
  std::cerr << '\n';
  return 0;
}

Result<std::unique_ptr<MetricsEndpoint>> start_metrics(const Settings& settings) {
  if (settings.metrics.empty()) return nullptr;
  auto metrics = MetricsEndpoint::start(settings.metrics, settings.store);
  if (metrics) std::cerr << "metrics at http://" << (*metrics)->address() << "/metrics\n";
  return metrics;
}

void say_where(const Program& program, const std::string& endpoint, const actors::Neighbours* neighbours) {
  const Settings& settings = program.settings;
  if (program.json) {
    nlohmann::json line = {
        {"listening", endpoint}, {"store", settings.store}, {"durability", settings.durability}};
    if (neighbours) {
      line["node"] = neighbours->name();
      line["cluster"] = neighbours->endpoint();
    }
    print_json(line);
    std::cout.flush();
    return;
  }
  std::cout << "listening at " << endpoint << ", store " << settings.store
            << (settings.durability == "durable" ? "" : " (" + settings.durability + ")") << '\n';
  if (neighbours)
    std::cout << "node " << neighbours->name() << ", for other nodes at " << neighbours->endpoint() << '\n';
  std::cout << "automodel console --connect " << endpoint << " talks to it; Ctrl-C stops it.\n";
  std::cout.flush();
}

Result<int> run(const Program& program) {
  const Settings& settings = program.settings;
  auto neighbours = take_cluster_endpoint(settings);
  if (!neighbours) return fail(neighbours.error());
  if (!has_role(settings, "agents")) return run_trainer(program, **neighbours);
  Interrupt interrupt;
  // The endpoint first: a node that nobody can reach should not have touched a store.
  auto server = take_endpoint(settings.endpoint);
  if (!server) return fail(server.error());
  auto metrics = start_metrics(settings);
  if (!metrics) return fail(metrics.error());
  auto options = node_options(program);
  if (!options) return fail(options.error());
  if (!has_role(settings, "trainer")) options->workers = 0;
  options->neighbours = neighbours->get();
  options->joins = !settings.join.empty();
  auto node = actors::Node::start(std::move(*options));
  if (!node) return fail(node.error());
  if (*metrics) (*metrics)->watch((*node)->store());
  if (*neighbours) {
    (*neighbours)->take_workers([&node](actors::NewSlot slot) { (*node)->add_worker(std::move(slot)); });
    if (auto started = (*neighbours)->start(tell); !started) return fail(started.error());
  }
  (*server)->serve(service_of(**node, settings.data_dir, neighbours->get()));
  say_where(program, (*server)->endpoint(), neighbours->get());
  wait_for(interrupt);
  metrics->reset();
  server->reset();  // no more requests before the agents go
  if (*neighbours) (*neighbours)->stop();
  (*node)->stop();
  std::cerr << "stopped; a goal that is not finished goes on at the next start\n";
  return 0;
}

}  // namespace

void add_node(CLI::App& app, Program& program) {
  Settings& settings = program.settings;
  CLI::App* command =
      add_command(app, program, "node", "run the agents as a server for consoles, alone or with other nodes",
                  "  automodel node --config config/automodel.toml\n"
                  "  automodel node --listen tcp://127.0.0.1:7411 --store var/store\n"
                  "  automodel node --metrics 127.0.0.1:9464\n"
                  "  automodel node --name a --cluster tcp://127.0.0.1:7421          others may join\n"
                  "  automodel node --name b --roles trainer --join tcp://127.0.0.1:7421 \\\n"
                  "      --store var/b --data-dir var/b-data                         workers for a's agents\n"
                  "  automodel node --name c --join tcp://127.0.0.1:7421 --store var/c --data-dir var/c-data \\\n"
                  "      --listen tcp://127.0.0.1:7413                           agents may be moved to it\n"
                  "  automodel node --name b --roles trainer --keys keys --join a@tcp://10.0.0.1:7421",
                  [&program] { return run(program); });
  command->add_option("--listen", settings.endpoint, "for consoles: ipc://PATH or tcp://127.0.0.1:PORT")
      ->capture_default_str();
  command->add_option("--metrics", settings.metrics,
                      "serve metrics for Prometheus: 127.0.0.1:9464 (default: off)");
  command->add_option("--workers", settings.workers, "training processes (default: cores)");
  command->add_option("--threads", settings.threads, "of each training process")->capture_default_str();
  command->add_option("--name", settings.node_name, "of this node, unlike any other's")
      ->capture_default_str();
  command->add_option("--roles", settings.roles, "agents, trainer, or both")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--cluster", settings.cluster,
                      "where other nodes connect: tcp://HOST:PORT (default: nowhere)");
  command->add_option("--join", settings.join,
                      "a node to connect to: ENDPOINT, with keys NAME@ENDPOINT; may be repeated");
  command->add_option("--keys", settings.keys,
                      "directory of this node's keys and those of other nodes (default: none)");
  command->add_option("--lost-after", settings.lost_after, "silence after which a node is lost")
      ->capture_default_str();
}

}  // namespace automodel::tools
