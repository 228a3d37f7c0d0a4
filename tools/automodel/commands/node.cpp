// automodel node: the agents as a server, for consoles.
#include <chrono>
#include <iostream>
#include <thread>

#include "actors/session/server.hpp"
#include "tools/automodel/interrupt.hpp"
#include "tools/automodel/metrics_endpoint.hpp"
#include "tools/automodel/node_access.hpp"
#include "tools/automodel/program.hpp"

namespace automodel::tools {
namespace {

Result<int> run(const Program& program) {
  const Settings& settings = program.settings;
  Interrupt interrupt;
  // The endpoint first: a node that nobody can reach should not have touched a store.
  auto server = take_endpoint(settings.endpoint);
  if (!server) return fail(server.error());
  std::unique_ptr<MetricsEndpoint> metrics;
  if (!settings.metrics.empty()) {
    auto started = MetricsEndpoint::start(settings.metrics, settings.store);
    if (!started) return fail(started.error());
    metrics = std::move(*started);
    std::cerr << "metrics at http://" << metrics->address() << "/metrics\n";
  }
  auto node = start_node(program);
  if (!node) return fail(node.error());
  if (metrics) metrics->watch((*node)->store());
  (*server)->serve(service_of(**node, settings.data_dir));
  if (program.json)
    print_json({{"listening", (*server)->endpoint()},
                {"store", settings.store},
                {"durability", settings.durability}});
  else
    std::cout << "listening at " << (*server)->endpoint() << ", store " << settings.store
              << (settings.durability == "durable" ? "" : " (" + settings.durability + ")")
              << "\nautomodel console --connect " << (*server)->endpoint()
              << " talks to it; Ctrl-C stops it.\n";
  std::cout.flush();
  while (interrupt.count() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  metrics.reset();
  server->reset();  // no more requests before the agents go
  (*node)->stop();
  std::cerr << "stopped; a goal that is not finished goes on at the next start\n";
  return 0;
}

}  // namespace

void add_node(CLI::App& app, Program& program) {
  CLI::App* command = add_command(app, program, "node", "run the agents as a server for consoles",
                                  "  automodel node --config config/automodel.toml\n"
                                  "  automodel node --listen tcp://127.0.0.1:7411 --store var/store\n"
                                  "  automodel node --metrics 127.0.0.1:9464",
                                  [&program] { return run(program); });
  command->add_option("--listen", program.settings.endpoint, "ipc://PATH or tcp://127.0.0.1:PORT")
      ->capture_default_str();
  command->add_option("--metrics", program.settings.metrics,
                      "serve metrics for Prometheus: 127.0.0.1:9464 (default: off)");
  command->add_option("--workers", program.settings.workers, "training processes (default: cores)");
  command->add_option("--threads", program.settings.threads, "of each training process")
      ->capture_default_str();
}

}  // namespace automodel::tools
