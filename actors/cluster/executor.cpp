#include "actors/cluster/executor.hpp"

#include <algorithm>

namespace automodel::cluster {

void Executor::ask(events::AskT ask) {
  for (const auto& command : ask.commands)
    if (!command) return shared_.fault("cluster.malformed", "an Ask with an empty command", ask.origin);
  Key key{ask.origin, ask.start, ask.request};
  auto [at, fresh] = trains_.try_emplace(key);
  if (!fresh) return;  // asked again while it is under way: it will be told
  auto& train = at->second;
  train.ask = std::move(ask);
  train.replies.resize(train.ask.commands.size());
  train.replied.resize(train.ask.commands.size());
  train.arrival = ++arrivals_;
  place(key, train);
  if (train.under_way == 0 && !train.waits) drop(key);
}

/// Delivers it, keeps it or sends it on. Afterwards a train that neither waits nor is under way is done with.
void Executor::place(const Key& key, Train& train) {
  const auto& agent = train.ask.agent;
  if (const auto* local = shared_.local(agent)) {
    if (local->state == LocalAgent::State::runs) return deliver(key, train);
    return stash(train);
  }
  const auto* known = shared_.directory.find(agent);
  const bool elsewhere = known && known->node != shared_.options.node;
  const bool may_go_on = train.ask.hops < shared_.options.max_hops;
  const bool untouched = std::none_of(train.replied.begin(), train.replied.end(), [](bool r) { return r; });
  if (elsewhere && may_go_on && untouched && known->node != train.ask.origin) return forward(train, *known);
  tell(train, elsewhere ? known : nullptr, nullptr);
}

void Executor::deliver(const Key& key, Train& train) {
  for (std::size_t i = 0; i < train.replied.size(); ++i) {
    if (train.replied[i]) continue;
    const auto& asked = *train.ask.commands[i];
    deliveries_.emplace(next_delivery_, Delivery{key, i});
    shared_.effects.emplace_back(
        Deliver{train.ask.agent, next_delivery_, {asked.sender, asked.number, asked.command}});
    next_delivery_ += 2;
    ++train.under_way;
  }
  if (!shared_.options.rules.answer_after_commit) {
    std::fill(train.replied.begin(), train.replied.end(), true);
    tell(train, nullptr, nullptr);
  }
}

void Executor::stash(Train& train) {
  const auto commands = train.ask.commands.size();
  auto& stashed = stashed_[train.ask.agent];
  if (stashed + commands > shared_.options.max_stashed) {
    ++overflows_;
    const Error error{"cluster.stash_full",
                      "the agent is on its way, and " + std::to_string(stashed) + " commands wait for it",
                      train.ask.agent, "ask again later"};
    return tell(train, nullptr, &error);
  }
  stashed += commands;
  train.waits = true;
}

void Executor::forward(Train& train, const events::PlaceT& place) {
  events::PlaceAnsweredT correction;
  correction.place = std::make_unique<events::PlaceT>(place);
  if (train.ask.origin != shared_.options.node) shared_.send(train.ask.origin, std::move(correction));
  auto ask = std::move(train.ask);
  if (ask.hops < 255) ++ask.hops;
  train.ask.agent = ask.agent;
  shared_.send(place.node, std::move(ask));
}

/// The replies so far; what became of the rest is that the agent moved, or an error.
void Executor::tell(Train& train, const events::PlaceT* moved, const Error* error) {
  events::ToldT told;
  told.start = train.ask.start;
  told.request = train.ask.request;
  for (std::size_t i = 0; i < train.replied.size() && train.replied[i]; ++i) {
    auto& reply = told.replies.emplace_back(std::make_unique<events::PackedReplyT>());
    reply->reply = std::move(train.replies[i]);
  }
  if (told.replies.size() < train.replied.size()) {
    if (error)
      told.failure = std::make_unique<events::AskFailureT>(failure_of(*error));
    else if (moved)
      told.moved = std::make_unique<events::PlaceT>(*moved);
  }
  shared_.send(train.ask.origin, std::move(told));
}

void Executor::answered(std::uint64_t delivery, const events::Bytes& reply) {
  auto found = deliveries_.find(delivery);
  if (found == deliveries_.end()) return;
  const auto [key, index] = found->second;
  deliveries_.erase(found);
  auto at = trains_.find(key);
  if (at == trains_.end()) return;
  auto& train = at->second;
  train.replies[index] = reply;
  train.replied[index] = true;
  if (--train.under_way > 0) return;
  if (!std::all_of(train.replied.begin(), train.replied.end(), [](bool r) { return r; }))
    place(key, train);  // the rest was returned
  else if (shared_.options.rules.answer_after_commit)
    tell(train, nullptr, nullptr);
  if (train.under_way == 0 && !train.waits) drop(key);
}

void Executor::returned(std::uint64_t delivery) {
  auto found = deliveries_.find(delivery);
  if (found == deliveries_.end()) return;
  const auto key = found->second.train;
  deliveries_.erase(found);
  auto at = trains_.find(key);
  if (at == trains_.end() || --at->second.under_way > 0) return;
  place(key, at->second);
  if (at->second.under_way == 0 && !at->second.waits) drop(key);
}

void Executor::look_again(const std::string& agent) {
  if (stashed_.erase(agent) == 0) return;
  std::vector<std::pair<std::uint64_t, Key>> waiting;
  for (auto& [key, train] : trains_)
    if (train.waits && train.ask.agent == agent) waiting.emplace_back(train.arrival, key);
  std::sort(waiting.begin(), waiting.end());
  for (const auto& [arrival, key] : waiting) {
    auto& train = trains_.at(key);
    train.waits = false;
    place(key, train);
    if (train.under_way == 0 && !train.waits) drop(key);
  }
}

void Executor::peer_started(const std::string& peer, Incarnation incarnation) {
  for (auto at = trains_.lower_bound({peer, 0, 0}); at != trains_.end() && std::get<0>(at->first) == peer;) {
    // What is under way goes on: the agent has it.
    if (at->second.waits && std::get<1>(at->first) < incarnation) {
      stashed_[at->second.ask.agent] -= at->second.ask.commands.size();
      at = trains_.erase(at);
    } else {
      ++at;
    }
  }
}

std::size_t Executor::stashed(const std::string& agent) const {
  auto at = stashed_.find(agent);
  return at == stashed_.end() ? 0 : at->second;
}

void Executor::drop(const Key& key) { trains_.erase(key); }

}  // namespace automodel::cluster
