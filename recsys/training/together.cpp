#include "recsys/training/together.hpp"

#include <nlohmann/json.hpp>
#include <vector>

namespace automodel::recsys {

Result<void> compare_weights(Collective* group, Net& net, std::uint32_t epoch) {
  if (!group) return {};
  std::vector<std::span<const std::byte>> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) all.push_back(std::as_bytes(net.values(i)));
  return compare(*group, "what epoch " + std::to_string(epoch) + " made of the weights", all);
}

Result<Metrics> measured_by_first(Collective* group, const std::function<Result<Metrics>()>& measure) {
  if (!group) return measure();
  std::string bytes;
  Result<void> well;
  if (group->rank() == 0) {
    const auto metrics = measure();
    if (!metrics) well = fail(metrics.error());
    if (metrics) nlohmann::json::to_cbor(*metrics, bytes);
  }
  if (auto all = agree(*group, well); !all) return fail(all.error());
  if (auto sent = group->broadcast(bytes); !sent) return fail(sent.error());
  return nlohmann::json::from_cbor(bytes).get<Metrics>();
}

Result<bool> all_go_on(Collective* group, const Result<void>& kept, bool go_on) {
  if (!group) return kept ? Result<bool>(go_on) : fail(kept.error());
  const auto wishes = gather_if_well(*group, kept, go_on ? "+" : "-");
  if (!wishes) return fail(wishes.error());
  return wishes->find('-') == std::string::npos;
}

}  // namespace automodel::recsys
