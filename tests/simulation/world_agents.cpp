// Agents that run on the nodes of a world, its clients, and what everybody waits for at the end.
#include <algorithm>

#include "tests/simulation/world.hpp"

namespace automodel::cluster::simulation {

// --- agents --------------------------------------------------------------------------------------------

void World::deliver(int index, Deliver& given) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  const int agent = number_of(given.agent);
  auto at = node.running.find(agent);
  if (at == node.running.end() || at->second.frozen)
    return checker_.violation(node_name(index) + ": a command was delivered to an agent that does not run");
  if (at->second.mailbox.empty())
    schedule(Event::Kind::work, now_ + 1 + static_cast<Time>(below(4)), index, agent, node.incarnation);
  Command command{sender_of(given.command.sender),
                  given.command.number,
                  static_cast<int>(number_in(given.command.bytes)),
                  {given.delivery}};
  at->second.mailbox.push_back(std::move(command));
}

/// Decides what came: a command that is known has its answer already, another becomes an append.
void World::work(int index, int agent) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  auto found = node.running.find(agent);
  if (found == node.running.end() || found->second.rebuilding || found->second.frozen) return;
  auto& activation = found->second;
  const auto& inbox = node.store->find(agent)->inbox;
  for (auto& command : std::exchange(activation.mailbox, {})) {
    if (auto known = inbox.find({command.sender, command.number}); known != inbox.end()) {
      for (const auto delivery : command.deliveries) node.core->answered(delivery, bytes_of(known->second));
      continue;
    }
    auto same = std::find_if(activation.pending.begin(), activation.pending.end(), [&](const auto& pending) {
      return pending.second.sender == command.sender && pending.second.number == command.number;
    });
    if (same != activation.pending.end()) {
      same->second.deliveries.insert(same->second.deliveries.end(), command.deliveries.begin(),
                                     command.deliveries.end());
      continue;
    }
    Operation operation;
    operation.agent = agent;
    operation.id = ++node.appends;
    operation.record = {
        0, activation.epoch, Record::Kind::applied, index, command.sender, command.number, command.tells};
    operation.expected = ++activation.version;
    activation.pending.emplace(operation.id, std::move(command));
    ask_disk(index, std::move(operation));
  }
  settle(index);
}

void World::appended(int index, Done& done) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  const int agent = done.operation.agent;
  auto at = node.running.find(agent);
  if (at == node.running.end()) return;
  auto& activation = at->second;
  auto pending = activation.pending.find(done.operation.id);
  if (pending == activation.pending.end()) return;  // a straggler
  auto command = std::move(pending->second);
  activation.pending.erase(pending);
  if (done.result) {
    for (const auto delivery : command.deliveries)
      node.core->answered(delivery, bytes_of(done.result->version));
    if (command.tells >= 0) send_message(index, agent, {done.result->version, command.tells});
  } else {
    activation.rebuilding = true;
    activation.failed.push_back(std::move(command));
  }
  if (activation.rebuilding && activation.pending.empty()) {
    activation.rebuilding = false;
    activation.version = node.store->find(agent)->version();
    if (activation.frozen) {
      for (auto& failed : std::exchange(activation.failed, {}))
        for (const auto delivery : failed.deliveries) node.core->returned(delivery);
    } else {
      for (; !activation.failed.empty(); activation.failed.pop_back())
        activation.mailbox.push_front(std::move(activation.failed.back()));
      schedule(Event::Kind::work, now_ + 10, index, agent, node.incarnation);
    }
  }
  maybe_frozen(index, agent);
}

void World::maybe_frozen(int index, int agent) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  auto& activation = node.running[agent];
  if (!activation.frozen || activation.told_frozen || !activation.pending.empty()) return;
  activation.told_frozen = true;
  node.core->frozen(agent_name(agent), node.store->find(agent)->version());
}

void World::send_message(int index, int agent, const Outgoing& message) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  node.waiting[++node.tickets] = {Waiting::Kind::outbox, agent, message.id, false};
  node.core->command(node.tickets, agent_name(message.target),
                     {agent_name(agent), message.id, bytes_of(static_cast<std::uint64_t>(-1))}, 0);
}

// --- clients -------------------------------------------------------------------------------------------

void World::submit(Client& client, std::uint64_t number, int index, bool copy) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  const auto& sent = client.sent[number - 1];
  const auto who = static_cast<int>(&client - clients_.data());
  node.waiting[++node.tickets] = {Waiting::Kind::client, who, number, copy};
  node.core->command(node.tickets, agent_name(sent.agent),
                     {sender_name(who), number, bytes_of(static_cast<std::uint64_t>(sent.tells))},
                     plan_.patient ? 0 : 15);
}

/// Everything that has no answer, in order; of an impatient client the first of it.
void World::submit_waiting(int who) {
  auto& client = clients_[static_cast<std::size_t>(who)];
  for (std::uint64_t number = 1; number <= client.sent.size(); ++number) {
    auto& sent = client.sent[number - 1];
    if (sent.acknowledged) continue;
    if (!plan_.patient) {
      if (sent.asked) return;
      sent.asked = true;
    }
    submit(client, number, client.node, false);
    if (!plan_.patient) return;
  }
}

bool World::settled() const { return unsettled().empty(); }

/// What is not yet as it should be when the faults are over; empty: nothing.
std::string World::unsettled() const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& node = nodes_[i];
    if (!node.up) return node_name(static_cast<int>(i)) + " is down";
    if (!node.store->kept().empty()) return node_name(static_cast<int>(i)) + " has parts of a move";
    if (node.core->leaving() && !node.left) return node_name(static_cast<int>(i)) + " does not get to leave";
  }
  for (std::size_t i = 0; i < clients_.size(); ++i)
    for (std::size_t k = 0; k < clients_[i].sent.size(); ++k)
      if (!clients_[i].sent[k].acknowledged)
        return "client " + std::to_string(i) + "'s command " + std::to_string(k + 1) + " has no answer";
  for (int agent = 0; agent < plan_.agents; ++agent) {
    const auto name = agent_name(agent);
    int owner = -1;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].core->runs(name) && nodes_[i].store->find(agent)->owner == static_cast<int>(i))
        owner = static_cast<int>(i);
    if (owner < 0) return name + " is owned by nobody that runs it";
    if (!nodes_[static_cast<std::size_t>(owner)].store->find(agent)->outbox.empty())
      return name + "'s outbox is not empty";
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto* place = nodes_[i].core->directory().find(name);
      if (!nodes_[i].left && (!place || place->node != node_name(owner)))
        return node_name(static_cast<int>(i)) + " does not know where " + name + " is";
    }
  }
  return {};
}

}  // namespace automodel::cluster::simulation
