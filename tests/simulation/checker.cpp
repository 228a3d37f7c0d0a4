#include "tests/simulation/checker.hpp"

namespace automodel::cluster::simulation {

namespace {

std::string name(int agent) { return "agent " + std::to_string(agent); }
std::string command(int sender, std::uint64_t number) {
  return (sender >= first_agent_sender ? "agent " + std::to_string(sender - first_agent_sender)
                                       : "client " + std::to_string(sender)) +
         "'s command " + std::to_string(number);
}

}  // namespace

void Checker::appended(int agent, const Record& record) {
  auto& stream = streams_[static_cast<std::size_t>(agent)];
  const auto& records = stream.records;
  if (record.version != records.size() + 1)
    return violation(name(agent) + ": node " + std::to_string(record.node) + " wrote version " +
                     std::to_string(record.version) + " under epoch " + std::to_string(record.epoch) +
                     " after " + std::to_string(records.size()));
  if (!records.empty()) {
    const auto& before = records.back();
    const auto owner = before.kind == Record::Kind::committed ? before.sender : before.node;
    if (record.epoch < before.epoch ||
        (before.kind == Record::Kind::committed && record.epoch <= before.epoch))
      return violation(name(agent) + ": epoch " + std::to_string(record.epoch) + " wrote after epoch " +
                       std::to_string(before.epoch));
    if (record.node != owner)
      return violation(name(agent) + ": node " + std::to_string(record.node) + " wrote, node " +
                       std::to_string(owner) + " owns it");
  }
  stream.records.push_back(record);
  if (record.kind != Record::Kind::applied) return;
  if (!stream.applied.emplace(std::pair{record.sender, record.number}, record.version).second)
    return violation(name(agent) + ": " + command(record.sender, record.number) + " was carried out twice");
  auto& last = stream.last[record.sender];
  if (record.number < last)
    return violation(name(agent) + ": " + command(record.sender, record.number) + " came after " +
                     std::to_string(last));
  last = record.number;
}

void Checker::acknowledged(int agent, int sender, std::uint64_t number, std::uint64_t version) {
  acknowledged_.push_back({agent, sender, number});
  if (version == 0) return;
  const auto& stream = streams_[static_cast<std::size_t>(agent)];
  const auto at = stream.applied.find({sender, number});
  if (at == stream.applied.end())
    violation(name(agent) + ": " + command(sender, number) + " was acknowledged and is not there");
  else if (at->second != version)
    violation(name(agent) + ": " + command(sender, number) + " was acknowledged as version " +
              std::to_string(version) + " and is version " + std::to_string(at->second));
}

void Checker::owners(int agent, int stores, int running) {
  if (stores > 1) violation(name(agent) + ": " + std::to_string(stores) + " stores say that they own it");
  if (running > 1) violation(name(agent) + ": runs on " + std::to_string(running) + " nodes");
}

void Checker::holds(int agent, std::uint64_t base, const std::vector<Record>& records) {
  const auto& truth = streams_[static_cast<std::size_t>(agent)].records;
  if (base + records.size() > truth.size())
    return violation(name(agent) + ": a store has versions that nobody wrote");
  for (std::size_t i = 0; i < records.size(); ++i)
    if (!(records[i] == truth[base + i]))
      return violation(name(agent) + ": version " + std::to_string(base + i + 1) +
                       " is not what was written");
}

void Checker::hops(int count) {
  if (count > 2) violation("a command was forwarded " + std::to_string(count) + " times");
}

void Checker::delivered(std::uint64_t& last, std::uint64_t serial) {
  if (serial != last + 1)
    violation("a channel delivered message " + std::to_string(serial) + " after " + std::to_string(last));
  last = serial;
}

bool Checker::messages_arrived() const {
  for (std::size_t agent = 0; agent < streams_.size(); ++agent)
    for (const auto& record : streams_[agent].records)
      if (record.tells >= 0 && !streams_[static_cast<std::size_t>(record.tells)].applied.contains(
                                   {first_agent_sender + static_cast<int>(agent), record.version}))
        return false;
  return true;
}

void Checker::finished() {
  for (const auto& [agent, sender, number] : acknowledged_)
    if (!streams_[static_cast<std::size_t>(agent)].applied.contains({sender, number}))
      violation(name(agent) + ": " + command(sender, number) + " was acknowledged and is lost");
  if (!messages_arrived())
    violation("a message between agents was lost: outboxes are empty and it had no effect");
}

}  // namespace automodel::cluster::simulation
