// What the stores of a cluster have of its agents, put together and checked.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace automodel::test {

/// Each event once. What differs between stores, a gap, or two nodes that wrote in one epoch is a fault.
class Histories {
 public:
  /// What one node's store has, in its order.
  void add(const std::string& node, std::vector<nlohmann::json> events);
  const std::map<std::uint64_t, nlohmann::json>& of(const std::string& stream) { return streams_[stream]; }
  std::vector<std::string> faults() const;
  /// How many events of a kind the agents have.
  long count(const std::string& kind) const;

 private:
  std::map<std::string, std::map<std::uint64_t, nlohmann::json>> streams_;
  std::vector<std::string> faults_;
};

}  // namespace automodel::test
