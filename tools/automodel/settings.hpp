// What the config file and the command line set for all commands.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace automodel::tools {

/// Every value has a flag of the same meaning, which wins. Keys of the config file: config/automodel.toml.
struct Settings {
  std::string store = "var/store";
  std::string durability = "durable";  // or "relaxed", of what this process writes to the store
  std::string data_dir = "var/data";
  std::string log_level = "warn";

  // [evolve], and the defaults of goals given at a console
  std::string metric = "auc";
  std::string label = "rating>=4";
  std::string split = "temporal";
  std::string ratios = "0.8,0.1,0.1";
  std::string budget;
  std::uint32_t workers = 0;  // 0: one for each core
  std::uint32_t threads = 1;  // of each worker
  double max_latency_ms = 0;
  double max_model_mb = 0;
  std::uint64_t worker_memory_mb = 0;  // 0: no limit
  std::uint64_t max_parameters = 0;    // 0: no limit

  // [node], [metrics], [console]
  std::string node_name = "local";            // unlike that of any other node of the cluster
  std::vector<std::string> roles = {"agents", "trainer"};
  std::string cluster;                        // where other nodes connect: tcp://HOST:PORT; empty: nowhere
  std::vector<std::string> join;              // nodes to connect to: ENDPOINT or NAME@ENDPOINT
  std::string keys;                           // directory of the node's keys; empty: none
  std::string lost_after = "10s";             // a node that is silent for so long is lost
  std::string metrics;  // where a node serves metrics: 127.0.0.1:9464; empty: nowhere
  std::string endpoint = "ipc://var/automodel.socket";
  std::string timeout = "15s";
};

/// Reads a config file over the defaults. Errors: config.no_such_file, config.syntax (with line and column),
/// config.unknown_key (with the nearest), config.wrong_type.
Result<Settings> read_settings(const std::filesystem::path& file, Settings defaults);

}  // namespace automodel::tools
