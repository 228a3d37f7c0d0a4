#include "tests/simulation/world.hpp"

#include <algorithm>

namespace automodel::cluster::simulation {

namespace {

constexpr Time patience_after_faults = 12000;  // 1,200 ticks

ClusterOptions options_of(int node, Incarnation incarnation, const Rules& rules) {
  ClusterOptions options;
  options.node = node_name(node);
  options.identity = "store-" + options.node;
  options.incarnation = incarnation;
  options.suspect_after = 8;
  options.unreachable_after = 20;
  options.left_after = 1'000'000;
  options.max_stashed = 12;
  options.max_train = 4;
  options.ask_again = 8;
  options.ask_again_at_most = 32;
  options.look_up_again = 3;
  options.tell_again = 8;
  options.freeze_below = 1;
  options.max_rounds = 4;
  options.step_again = 6;
  options.give_up_after = 30;
  options.thaw_after = 20;
  options.rules = rules;
  return options;
}

ChannelOptions channel_options(const Rules& rules) {
  ChannelOptions options;
  options.window_messages = 64;
  options.batch_messages = 8;
  options.acknowledge_messages = 8;
  options.first_credit = 16;
  options.resend_after = 3;
  options.resend_after_at_most = 12;
  options.heartbeat_every = 3;
  options.rules = rules;
  return options;
}

}  // namespace

void Counts::add(const Counts& other) {
  runs += other.runs, commands += other.commands, acknowledged += other.acknowledged, moves += other.moves;
  committed += other.committed, abandoned += other.abandoned, refused += other.refused,
      crashes += other.crashes;
  batches += other.batches, lost += other.lost, forwarded += other.forwarded, questions += other.questions;
  failed_writes += other.failed_writes, fenced += other.fenced;
}

World::World(const Plan& plan, const Rules& rules)
    : plan_(plan), rules_(rules), random_(plan.seed + 77), checker_(plan.agents) {
  by_snapshot_ = plan.seed % 3 == 0;
  nodes_.resize(static_cast<std::size_t>(plan.nodes));
  for (int i = 0; i < plan.nodes; ++i)
    nodes_[static_cast<std::size_t>(i)].store = std::make_unique<Store>(i, rules_, checker_);
  for (int i = 0; i < plan.agents; ++i) nodes_[static_cast<std::size_t>(i % plan.nodes)].store->create(i);
  clients_.resize(static_cast<std::size_t>(plan.clients));
  for (int i = 0; i < plan.clients; ++i) clients_[static_cast<std::size_t>(i)].node = below(plan.nodes);
}

Outcome World::run() {
  counts_.runs = 1;
  for (int i = 0; i < plan_.nodes; ++i) start(i);
  for (std::size_t i = 0; i < plan_.actions.size(); ++i)
    schedule(Event::Kind::action, plan_.actions[i].at, 0, 0, i);
  Time next_look = plan_.faults_end;
  while (!events_.empty() && checker_.good()) {
    const auto event = events_.top();
    events_.pop();
    now_ = event.at;
    if (now_ >= next_look) {
      next_look = now_ + 30;
      if (settled()) break;
      if (now_ > plan_.faults_end + patience_after_faults) {
        checker_.violation("nothing settles: " + unsettled());
        break;
      }
    }
    handle(event);
  }
  if (checker_.good()) checker_.finished();
  return {checker_.fault(), counts_};
}

void World::schedule(Event::Kind kind, Time at, int node, int agent, std::uint64_t index) {
  events_.push({kind, at, ++order_, node, agent, index});
}

void World::handle(const Event& event) {
  auto& node = nodes_[static_cast<std::size_t>(event.node)];
  switch (event.kind) {
    case Event::Kind::action:
      return act(plan_.actions[event.index]);
    case Event::Kind::packet: {
      auto packet = std::move(packets_[event.index]);
      free_packets_.push_back(event.index);
      return arrive(std::move(packet));
    }
    case Event::Kind::restart:
      if (!node.up) start(event.node);
      return;
    case Event::Kind::straggler: {  // it was on its way to the store when the agent froze
      Operation late;
      late.agent = event.agent;
      late.record = {0, event.index, Record::Kind::straggler, event.node, 0, 0, -1};
      return ask_disk(event.node, std::move(late));
    }
    default:
      break;
  }
  if (!node.up || node.incarnation != event.index) return;
  if (event.kind == Event::Kind::tick) {
    schedule(Event::Kind::tick, now_ + tick_length, event.node, 0, node.incarnation);
    node.links->tick();
    node.core->tick();
    settle(event.node);
  } else if (event.kind == Event::Kind::disk) {
    disk(event.node);
  } else {
    work(event.node, event.agent);
  }
}

// --- nodes ---------------------------------------------------------------------------------------------

void World::start(int index) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  node.up = true;
  ++node.incarnation;
  node.core = std::make_unique<ClusterCore>(options_of(index, node.incarnation, rules_));
  node.links = std::make_unique<Links<Parcel>>(node.incarnation, channel_options(rules_));
  node.said.assign(nodes_.size(), 0);
  node.heard.assign(nodes_.size(), 0);
  std::vector<std::string> seeds;
  for (int other = 0; other < plan_.nodes; ++other)
    if (other != index) {
      seeds.push_back(node_name(other));
      node.links->add(seeds.back());
    }
  node.store->start();
  node.core->recovered(node.store->agents(), node.store->parts(), seeds);
  settle(index);
  for (std::size_t client = 0; client < clients_.size(); ++client)
    if (clients_[client].node == index) submit_waiting(static_cast<int>(client));
  settle(index);
  schedule(Event::Kind::tick, now_ + 1 + static_cast<Time>(below(tick_length)), index, 0, node.incarnation);
}

void World::crash(int index, Time length) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  if (!node.up) return;
  ++counts_.crashes;
  node.up = false;
  node.store->crash(static_cast<std::size_t>(below(static_cast<int>(node.store->waiting()) + 1)));
  node.core.reset();
  node.links.reset();
  node.running.clear();
  node.waiting.clear();
  check_owners();
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    auto& client = clients_[i];
    if (client.node != index) continue;
    for (auto& sent : client.sent) sent.asked = false;
    const int other = below(plan_.nodes);
    if (!chance(50) || !nodes_[static_cast<std::size_t>(other)].up) continue;  // it waits for its node
    client.node = other;
    submit_waiting(static_cast<int>(i));
    settle(other);
  }
  schedule(Event::Kind::restart, now_ + length, index);
}

void World::act(const Action& action) {
  auto& node = nodes_[static_cast<std::size_t>(action.kind == Action::Kind::command ||
                                                       action.kind == Action::Kind::repeat ||
                                                       action.kind == Action::Kind::move
                                                   ? 0
                                                   : action.a)];
  switch (action.kind) {
    case Action::Kind::command: {
      auto& client = clients_[static_cast<std::size_t>(action.a)];
      client.sent.push_back({action.b, action.c});
      ++counts_.commands;
      if (!nodes_[static_cast<std::size_t>(client.node)].up) return;
      if (plan_.patient)
        submit(client, client.sent.size(), client.node, false);
      else
        submit_waiting(action.a);
      return settle(client.node);
    }
    case Action::Kind::repeat: {
      // The first one that has no answer, or any that has: a sender that repeats keeps its own order.
      auto& client = clients_[static_cast<std::size_t>(action.a)];
      if (client.sent.empty() || !nodes_[static_cast<std::size_t>(action.b)].up) return;
      std::uint64_t number = 1;
      while (number < client.sent.size() && client.sent[number - 1].acknowledged) ++number;
      submit(client, number, action.b, true);
      return settle(action.b);
    }
    case Action::Kind::move:
      return move(action.a, action.b);
    case Action::Kind::leave:
      if (!node.up) return;
      node.waiting[++node.tickets] = {Waiting::Kind::operation, -1, 0, false};
      node.core->leave(node.tickets);
      return settle(action.a);
    case Action::Kind::crash:
      return crash(action.a, action.length);
    case Action::Kind::cut:
      for (int other = 0; other < plan_.nodes; ++other) {
        if (action.b >= 0 && other != action.b) continue;
        cuts_[{action.a, other}] = now_ + action.length;
        if (action.b < 0) cuts_[{other, action.a}] = now_ + action.length;
      }
      return;
    case Action::Kind::slow_disk:
      node.slow_until = now_ + action.length;
      return;
    case Action::Kind::full_disk:
      node.full_until = now_ + action.length;
      return;
  }
}

void World::move(int agent, int target) {
  for (int i = 0; i < plan_.nodes; ++i) {
    auto& node = nodes_[static_cast<std::size_t>(i)];
    if (!node.up || !node.core->owns(agent_name(agent))) continue;
    ++counts_.moves;
    node.waiting[++node.tickets] = {Waiting::Kind::operation, agent, 0, false};
    node.core->migrate(node.tickets, agent_name(agent), node_name(target));
    settle(i);
  }
}

/// Carries out what the protocol asks, until it asks for nothing more.
void World::settle(int index) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  if (!node.up) return;
  for (auto effects = node.core->effects(); !effects.empty(); effects = node.core->effects())
    for (auto& effect : effects) carry_out(index, effect);
  flush(index);
}

void World::carry_out(int index, Effect& effect) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  if (auto* send = std::get_if<Send>(&effect)) {
    const auto peer = static_cast<std::size_t>(number_of(send->peer));
    if (send->message.body.type == events::PeerBody::MoveQuestion) ++counts_.questions;
    Parcel parcel{std::make_shared<const events::PeerMessageT>(std::move(send->message)),
                  node.said[peer] + 1};
    if (node.links->send(send->peer, std::move(parcel))) ++node.said[peer];
  } else if (auto* given = std::get_if<Deliver>(&effect)) {
    deliver(index, *given);
  } else if (auto* answer = std::get_if<AnswerCaller>(&effect)) {
    answered(index, *answer);
  } else if (auto* order = std::get_if<Control>(&effect)) {
    control(index, *order);
  } else if (auto* wanted = std::get_if<Read>(&effect)) {
    read(index, *wanted);
  } else if (auto* write = std::get_if<Write>(&effect)) {
    if (write->kind == Write::Kind::abandoned) ++counts_.abandoned;
    Operation operation;
    operation.kind = Operation::Kind::write;
    operation.agent = number_of(write->agent);
    operation.write = std::move(*write);
    ask_disk(index, std::move(operation));
  } else if (auto* consider = std::get_if<Consider>(&effect)) {
    std::optional<Error> refusal;
    if (chance(5)) refusal = Error{"cluster.no_room", "no room", {}, {}};
    const auto have = node.store->have(number_of(consider->offer.agent));
    node.core->considered(consider->offer.agent, consider->offer.move, refusal, have);
  } else if (auto* note = std::get_if<Note>(&effect)) {
    if (note->fault) checker_.violation(node_name(index) + " says: " + to_string(note->what));
  }
}

void World::control(int index, const Control& order) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  const int agent = number_of(order.agent);
  switch (order.kind) {
    case Control::Kind::start: {
      const auto* stream = node.store->find(agent);
      auto& activation = node.running[agent] = Activation{};
      activation.epoch = order.epoch;
      activation.version = stream->version();
      for (const auto& [id, message] : stream->outbox) send_message(index, agent, message);
      break;
    }
    case Control::Kind::freeze: {
      auto& activation = node.running[agent];
      activation.frozen = true;
      activation.told_frozen = false;
      for (auto& command : std::exchange(activation.mailbox, {}))
        for (const auto delivery : command.deliveries) node.core->returned(delivery);
      if (plan_.stragglers && chance(40))
        schedule(Event::Kind::straggler, now_ + static_cast<Time>(below(60)), index, agent, activation.epoch);
      maybe_frozen(index, agent);
      break;
    }
    case Control::Kind::unfreeze: {
      auto& activation = node.running[agent];
      activation.frozen = false;
      activation.epoch = order.epoch;
      activation.version = node.store->find(agent)->version();
      break;
    }
    case Control::Kind::retire:
      node.running.erase(agent);
      break;
  }
  check_owners();
}

void World::read(int index, const Read& wanted) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  node.core->read(wanted.agent, wanted.move, node.store->read(number_of(wanted.agent), wanted, by_snapshot_));
}

void World::answered(int index, AnswerCaller& answer) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  auto at = node.waiting.find(answer.ticket);
  if (at == node.waiting.end()) return checker_.violation("an answer to nobody, or a second one");
  const auto waiting = at->second;
  node.waiting.erase(at);
  if (waiting.kind == Waiting::Kind::operation) {
    if (waiting.who < 0 && !answer.error) node.left = true;
    if (waiting.who >= 0) ++(answer.error ? counts_.refused : counts_.committed);
    return;
  }
  if (waiting.kind == Waiting::Kind::outbox) {
    Operation done;
    done.kind = Operation::Kind::acknowledge;
    done.agent = waiting.who;
    done.id = waiting.number;
    return ask_disk(index, std::move(done));
  }
  auto& client = clients_[static_cast<std::size_t>(waiting.who)];
  auto& sent = client.sent[waiting.number - 1];
  if (!waiting.copy) sent.asked = false;
  if (!answer.error) {
    if (!sent.acknowledged) ++counts_.acknowledged;
    sent.acknowledged = true;
    checker_.acknowledged(sent.agent, waiting.who, waiting.number, number_in(answer.reply));
  }
  if (!plan_.patient && !waiting.copy) submit_waiting(waiting.who);
}

// --- disks ---------------------------------------------------------------------------------------------

void World::ask_disk(int index, Operation operation) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  if (!node.up) return;
  const auto latency = now_ < node.slow_until ? 20 + below(120) : 1 + below(5);
  node.store->ask(std::move(operation), now_, static_cast<Time>(latency));
  if (node.store->waiting() == 1)
    schedule(Event::Kind::disk, node.store->next_at(), index, 0, node.incarnation);
}

void World::disk(int index) {
  auto& node = nodes_[static_cast<std::size_t>(index)];
  auto done = node.store->carry_out(faulty() && now_ < node.full_until);
  if (node.store->busy())
    schedule(Event::Kind::disk, std::max(now_, node.store->next_at()), index, 0, node.incarnation);
  if (!done.result) ++(done.result.error().code == "storage.fenced" ? counts_.fenced : counts_.failed_writes);
  check_owners();
  if (done.operation.kind == Operation::Kind::write)
    node.core->written(done.operation.write.id, done.result);
  else if (done.operation.kind == Operation::Kind::append)
    appended(index, done);
  else if (!done.result)
    ask_disk(index, std::move(done.operation));  // an acknowledgement, until it is written
  settle(index);
}

/// At every moment at most one store says that it owns an agent, and at most one node runs it.
void World::check_owners() {
  for (int agent = 0; agent < plan_.agents; ++agent) {
    int stores = 0, running = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto* stream = nodes_[i].store->find(agent);
      if (stream && stream->owner == static_cast<int>(i)) ++stores;
      auto at = nodes_[i].running.find(agent);
      if (at != nodes_[i].running.end() && !at->second.frozen) ++running;
    }
    checker_.owners(agent, stores, running);
  }
}

}  // namespace automodel::cluster::simulation
