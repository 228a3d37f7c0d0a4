// The channels of a node to its peers, by name. Pure; `Message` is what the shell carries: packed bytes, or
// in the simulation a pointer.
//
// A peer that starts again gets a new channel; what the old one had not delivered is dropped, and
// `ClusterCore::peer_started` says again what the peer has to know.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "actors/cluster/channel.hpp"

namespace automodel::cluster {

/// What a batch that arrived came to.
struct Heard {
  bool started =
      false;  // the first of this start of the peer: `ClusterCore::peer_started` before its messages
  Taken taken;
};

template <class Message, class Size = SizeOf>
class Links {
 public:
  using ChannelOf = Channel<Message, Size>;

  Links(Incarnation own, ChannelOptions options, std::size_t max_queued = 65536)
      : own_(own), options_(options), max_queued_(max_queued) {}

  /// From here on the peer is greeted, and may be heard.
  void add(const std::string& peer) { links_.try_emplace(peer, ChannelOf(own_, 0, options_)); }

  /// False where the message is dropped: the peer has not been heard yet, or far too much waits for it. The
  /// protocol says everything again that matters.
  bool send(const std::string& peer, Message message) {
    auto at = links_.find(peer);
    if (at == links_.end() || at->second.channel.peer() == 0) return ++dropped_, false;
    auto& [channel, queued] = at->second;
    if (queued.empty() && channel.send(std::move(message))) return true;
    if (queued.size() >= max_queued_) return ++dropped_, false;
    queued.push_back(std::move(message));
    return true;
  }

  /// The next batch for a peer; see `Channel::next_batch`.
  template <class Visit>
  std::optional<BatchHead> next_batch(const std::string& peer, Visit&& visit) {
    auto at = links_.find(peer);
    if (at == links_.end()) return std::nullopt;
    auto& [channel, queued] = at->second;
    while (!queued.empty() && channel.send(std::move(queued.front()))) queued.pop_front();
    return channel.next_batch(std::forward<Visit>(visit));
  }

  Heard receive(const std::string& peer, const BatchHead& head) {
    auto at = links_.find(peer);
    if (at == links_.end()) return {false, {Verdict::misdirected}};
    auto& link = at->second;
    const auto before = link.channel.peer();
    auto taken = link.channel.receive(head);
    if (taken.verdict != Verdict::restarted) return {before == 0 && link.channel.peer() != 0, taken};
    link = Link(ChannelOf(own_, 0, options_));
    taken = link.channel.receive(head);
    return {link.channel.peer() != 0, taken};
  }

  void tick() {
    for (auto& [name, link] : links_) link.channel.tick();
  }

  const ChannelOf* find(const std::string& peer) const {
    auto at = links_.find(peer);
    return at == links_.end() ? nullptr : &at->second.channel;
  }
  /// Messages that could not be sent and were dropped.
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Link {
    explicit Link(ChannelOf given) : channel(std::move(given)) {}
    ChannelOf channel;
    std::deque<Message> queued;  // beyond the channel's window
  };

  Incarnation own_;
  ChannelOptions options_;
  std::size_t max_queued_;
  std::map<std::string, Link> links_;
  std::uint64_t dropped_ = 0;
};

}  // namespace automodel::cluster
