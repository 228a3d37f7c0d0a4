#include "tests/end_to_end/histories.hpp"

#include <algorithm>

namespace automodel::test {

using nlohmann::json;

void Histories::add(const std::string& node, std::vector<json> events) {
  std::map<std::string, std::uint64_t> reached;
  for (const auto& event : events) {
    const auto stream = event.at("stream").get<std::string>();
    if (stream.starts_with("node/")) continue;
    const auto version = event.at("version").get<std::uint64_t>();
    if (version != ++reached[stream]) {
      faults_.push_back("gap: " + stream + "#" + std::to_string(version) + " in the store of " + node);
      reached[stream] = version;
    }
    const auto [known, fresh] = streams_[stream].emplace(version, event);
    if (!fresh && known->second.at("hash") != event.at("hash"))
      faults_.push_back("diverged: " + stream + "#" + std::to_string(version) + " in the store of " + node);
  }
}

std::vector<std::string> Histories::faults() const {
  auto found = faults_;
  for (const auto& [stream, events] : streams_) {
    std::map<std::uint64_t, std::string> writers;
    std::uint64_t epoch = 0;
    for (const auto& [version, event] : events) {
      const auto now = event.at("epoch").get<std::uint64_t>();
      const auto writer = event.value("origin_node", "");
      const auto [first, fresh] = writers.emplace(now, writer);
      if (now < epoch || first->second != writer)
        found.push_back("two owners: " + stream + "#" + std::to_string(version) + " of epoch " +
                        std::to_string(now) + " by " + writer + ", before: epoch " + std::to_string(epoch) +
                        " by " + first->second);
      epoch = now;
    }
  }
  return found;
}

long Histories::count(const std::string& kind) const {
  long found = 0;
  for (const auto& [stream, events] : streams_)
    found +=
        std::ranges::count_if(events, [&](const auto& entry) { return entry.second.at("kind") == kind; });
  return found;
}

}  // namespace automodel::test
