#include "actors/cluster/callers.hpp"

#include <algorithm>

namespace automodel::cluster {

void Callers::command(Ticket ticket, const std::string& agent, AgentCommand command, std::uint64_t expires) {
  if (waiting_ >= shared_.options.max_waiting)
    return shared_.refuse(
        ticket, {"cluster.busy", std::to_string(waiting_) + " commands wait for their answers", agent,
                 "ask again later"});
  const Key key{agent, command.sender};
  auto& lane = lanes_[key];
  if (expires != 0) lane.next_expiry = std::min(lane.next_expiry, expires);
  lane.commands.push_back({ticket, std::move(command), expires, 0, Waiting::State::waits});
  ++waiting_;
  pump(key, lane);
}

/// Sends on what waits, where it may go now.
void Callers::pump(const Key& key, Lane& lane) {
  if (lane.request != 0) return;
  if (lane.under_way == 0) settle(lane);
  if (lane.commands.empty() || lane.commands.back().state != Waiting::State::waits) return;
  if (const auto* local = shared_.local(key.first)) {
    if (local->state == LocalAgent::State::runs) deliver(key, lane);
    return;
  }
  if (lane.under_way > 0 || shared_.now < lane.again_at) return;  // the agent left: its last answers first
  const auto* place = shared_.directory.find(key.first);
  if (place && place->node != shared_.options.node)
    ask(key, lane, place->node);
  else
    look_up(key, lane);
}

void Callers::deliver(const Key& key, Lane& lane) {
  // What waits is the end of the lane: an agent answers or returns everything before it takes more.
  auto first = lane.commands.end();
  while (first != lane.commands.begin() && std::prev(first)->state == Waiting::State::waits) --first;
  for (; first != lane.commands.end(); ++first) {
    auto& waiting = *first;
    waiting.state = Waiting::State::under_way;
    waiting.delivery = next_delivery_;
    next_delivery_ += 2;
    ++lane.under_way;
    deliveries_.emplace(waiting.delivery, key);
    shared_.effects.emplace_back(Deliver{key.first, waiting.delivery, waiting.command});
  }
  lane.again_at = 0;
  lane.attempts = 0;
}

/// A train of what is first in the lane.
void Callers::ask(const Key& key, Lane& lane, const std::string& node) {
  lane.asked = node;
  lane.request = next_request_++;
  lane.attempts = 0;
  std::size_t bytes = 0;
  for (auto& waiting : lane.commands) {
    bytes += waiting.command.bytes.size();
    if (lane.under_way == shared_.options.max_train ||
        (lane.under_way > 0 && bytes > shared_.options.max_train_bytes))
      break;
    waiting.state = Waiting::State::under_way;
    ++lane.under_way;
  }
  requests_.emplace(lane.request, key);
  send_train(key, lane);
}

void Callers::send_train(const Key& key, Lane& lane) {
  events::AskT message;
  message.origin = shared_.options.node;
  message.start = shared_.options.incarnation;
  message.request = lane.request;
  message.agent = key.first;
  message.commands.reserve(lane.under_way);
  for (std::size_t i = 0; i < lane.under_way; ++i) {
    const auto& command = lane.commands[i].command;
    auto& asked = message.commands.emplace_back(std::make_unique<events::AskedCommandT>());
    asked->sender = command.sender;
    asked->number = command.number;
    asked->command = command.bytes;
  }
  const auto patience =
      std::min<std::uint64_t>(std::uint64_t{shared_.options.ask_again} << std::min(lane.attempts, 16u),
                              shared_.options.ask_again_at_most);
  lane.again_at = shared_.now + patience;
  ++lane.attempts;
  shared_.send(lane.asked, std::move(message));
}

/// Nobody here knows where the agent is: every peer that can be heard is asked.
void Callers::look_up(const Key& key, Lane& lane) {
  lane.again_at = shared_.now + shared_.options.look_up_again;
  for (const auto& [name, member] : shared_.members.members()) {
    if (!shared_.members.reachable(name)) continue;
    events::PlaceAskedT question;
    question.agent = key.first;
    shared_.send(name, std::move(question));
  }
}

/// The train's commands wait again.
void Callers::stop_train(Lane& lane) {
  requests_.erase(lane.request);
  lane.request = 0;
  lane.asked.clear();
  for (auto& waiting : lane.commands)
    if (waiting.state == Waiting::State::under_way) waiting.state = Waiting::State::waits;
  lane.under_way = 0;
}

void Callers::told(events::ToldT& told) {
  auto request = requests_.find(told.request);
  if (told.start != shared_.options.incarnation || request == requests_.end()) return;  // answered already
  const Key key = request->second;
  auto& lane = lanes_.at(key);
  const auto asked = lane.asked;
  const auto replies = std::min(told.replies.size(), lane.under_way);
  const auto rest = lane.under_way - replies;
  stop_train(lane);
  for (std::size_t i = 0; i < replies; ++i) {
    shared_.answer(lane.commands.front().ticket, std::move(told.replies[i]->reply));
    lane.commands.pop_front();
    --waiting_;
  }
  lane.again_at = 0;
  if (rest > 0) {
    if (told.failure)
      for (std::size_t i = 0; i < rest; ++i) {
        if (lane.commands[i].expires == 0) continue;  // an outbox tries again
        shared_.refuse(lane.commands[i].ticket, error_of(*told.failure, key.first));
        lane.commands[i].state = Waiting::State::done;
        --waiting_;
      }
    // The node that sent it back is not asked again at once.
    const auto* place = shared_.directory.find(key.first);
    if (!place || place->node == asked) look_up(key, lane);
  }
  settle(lane);
  pump(key, lane);
  if (lane.commands.empty()) lanes_.erase(key);
}

bool Callers::answered(std::uint64_t delivery, const events::Bytes& reply) {
  auto found = deliveries_.find(delivery);
  if (found == deliveries_.end()) return delivery % 2 == 1;
  const Key key = found->second;
  deliveries_.erase(found);
  auto& lane = lanes_.at(key);
  for (auto& waiting : lane.commands) {
    if (waiting.delivery != delivery || waiting.state != Waiting::State::under_way) continue;
    waiting.state = Waiting::State::done;
    --lane.under_way;
    --waiting_;
    shared_.answer(waiting.ticket, reply);
    break;
  }
  while (!lane.commands.empty() && lane.commands.front().state == Waiting::State::done)
    lane.commands.pop_front();
  if (lane.under_way == 0) pump(key, lane);
  if (lane.commands.empty()) lanes_.erase(key);
  return true;
}

bool Callers::returned(std::uint64_t delivery) {
  auto found = deliveries_.find(delivery);
  if (found == deliveries_.end()) return delivery % 2 == 1;
  auto& lane = lanes_.at(found->second);
  deliveries_.erase(found);
  for (auto& waiting : lane.commands) {
    if (waiting.delivery != delivery || waiting.state != Waiting::State::under_way) continue;
    waiting.state = Waiting::State::waits;
    --lane.under_way;
    break;
  }
  return true;
}

/// Takes out what is done.
void Callers::settle(Lane& lane) {
  std::erase_if(lane.commands, [](const Waiting& waiting) { return waiting.state == Waiting::State::done; });
}

void Callers::look_again(const std::string& agent) {
  for (auto at = lanes_.lower_bound({agent, {}}); at != lanes_.end() && at->first.first == agent; ++at) {
    if (at->second.request == 0) at->second.again_at = 0;
    pump(at->first, at->second);
  }
}

void Callers::peer_started(const std::string& peer) {
  for (auto& [key, lane] : lanes_) {
    if (lane.request == 0 || lane.asked != peer) continue;
    stop_train(lane);
    lane.again_at = shared_.now + 1;  // its places come first
  }
}

void Callers::drop_sender(const std::string& sender) {
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    auto& lane = at->second;
    if (at->first.second != sender) {
      ++at;
      continue;
    }
    stop_train(lane);
    for (auto& waiting : lane.commands) {
      if (waiting.state != Waiting::State::done) --waiting_;
      deliveries_.erase(waiting.delivery);
    }
    at = lanes_.erase(at);
  }
}

/// Callers whose time is over learn that the outcome is not known.
void Callers::expire(const Key& key, Lane& lane) {
  const auto over = [&](const Waiting& waiting) {
    return waiting.expires != 0 && waiting.expires <= shared_.now && waiting.state != Waiting::State::done;
  };
  lane.next_expiry = ~std::uint64_t{0};
  if (lane.request != 0 && std::any_of(lane.commands.begin(), lane.commands.end(), over)) stop_train(lane);
  for (auto& waiting : lane.commands) {
    if (waiting.expires != 0 && waiting.expires > shared_.now)
      lane.next_expiry = std::min(lane.next_expiry, waiting.expires);
    if (!over(waiting)) continue;
    shared_.refuse(waiting.ticket, {"cluster.unreachable", "no answer within the time given", key.first,
                                    "it may have been carried out: ask again under the same number"});
    if (waiting.state == Waiting::State::under_way && deliveries_.erase(waiting.delivery) > 0)
      --lane.under_way;
    waiting.state = Waiting::State::done;
    --waiting_;
  }
  settle(lane);
}

void Callers::tick() {
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    auto& [key, lane] = *at;
    if (lane.next_expiry <= shared_.now) expire(key, lane);
    if (lane.request != 0 && shared_.now >= lane.again_at) {
      const auto* place = shared_.directory.find(key.first);
      if (shared_.local(key.first) || !place || place->node == shared_.options.node)
        stop_train(lane);
      else {
        lane.asked = place->node;
        send_train(key, lane);
      }
    }
    pump(key, lane);
    at = lane.commands.empty() ? lanes_.erase(at) : std::next(at);
  }
}

}  // namespace automodel::cluster
