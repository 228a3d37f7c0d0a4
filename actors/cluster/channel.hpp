// A reliable channel to one peer as a pure state machine: no sockets, no clock, no threads.
//
// Messages are numbered from 1 for each pair of incarnations (own and the peer's: numbers that a node draws
// anew at each start, each higher than the one before), travel many to a batch, and are delivered once and in
// order. The caller carries batches over whatever loses, repeats, delays and reorders them, and calls `tick`
// at equal distances of its choice:
//
//   channel.send(std::move(message));                                    // false: full, ask again later
//   while (auto head = channel.next_batch([&](const Message& m) { … }))  // whenever something may have
//   changed
//     carry(*head, …);
//   auto taken = channel.receive(head);                                  // a batch that arrived
//   for (auto i = taken.from; i < taken.until; ++i) deliver(batch[i]);
//
// A lost batch is seen by the gap that it leaves (the receiver names the first number that it misses) or,
// where nothing follows it, by ticks without an acknowledgement. The receiver keeps nothing out of order:
// over a stream transport gaps come from lost connections only, and what follows a gap is sent again anyway.
//
// Acknowledged means: delivered to the peer's protocol. What must outlive the peer's crash is acknowledged by
// messages of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "actors/cluster/rules.hpp"

namespace automodel::cluster {

/// Names one start of a node. Never 0; a later start has a higher one.
using Incarnation = std::uint64_t;

struct ChannelOptions {
  std::size_t window_messages = 16384;      // kept until acknowledged; beyond it `send` says no
  std::size_t window_bytes = 16u << 20;     // the same; one message of any size always has room
  std::size_t batch_messages = 1024;        // in one batch at most
  std::size_t batch_bytes = 256u << 10;     // the same; a larger message travels alone
  std::size_t acknowledge_messages = 1024;  // received: acknowledged at once, not at the next tick
  std::uint32_t first_credit = 1024;        // messages that may be sent before the peer has granted any
  std::uint32_t resend_after = 4;           // ticks without progress; doubles each time
  std::uint32_t resend_after_at_most = 64;  // ticks
  std::uint32_t heartbeat_every = 4;        // ticks without anything to say
  Rules rules = {};
};

/// What a batch says beside its messages.
struct BatchHead {
  Incarnation from = 0;            // the sender's
  Incarnation to = 0;              // the receiver's; 0: not known yet, then there are no messages
  std::uint64_t first = 0;         // number of the first message; without messages: of the next new one
  std::uint32_t count = 0;         // messages
  std::uint64_t acknowledged = 0;  // everything up to here was received in order
  std::uint64_t missing_from = 0;  // what followed this number arrived without it; 0: nothing is missing
  std::uint32_t credit = 0;        // messages beyond `acknowledged` that the sender of this has room for
};

enum class Verdict : std::uint8_t {
  taken,        // the range is to be delivered; it may be empty
  stale,        // from an earlier start of the peer: ignore
  restarted,    // from a later start of the peer: make a new channel for it, this one is dead
  misdirected,  // to another start of this node; the next batch tells the peer which one runs
  impossible,   // numbers that no peer of this protocol sends: refuse the peer
};

/// Which messages of a batch are to be delivered, as indices.
struct Taken {
  Verdict verdict = Verdict::taken;
  std::size_t from = 0;
  std::size_t until = 0;
};

struct ChannelCounters {
  std::uint64_t sent = 0;      // messages given to batches, with repetitions
  std::uint64_t resent = 0;    // of these, the repetitions
  std::uint64_t received = 0;  // delivered
  std::uint64_t repeated = 0;  // arrived again and dropped
  std::uint64_t gaps = 0;      // batches dropped because of one
};

/// Bytes that a message takes of the window.
struct SizeOf {
  template <class Message>
  std::size_t operator()(const Message& message) const {
    return message.size();
  }
};

template <class Message, class Size = SizeOf>
class Channel {
 public:
  /// `peer` 0: not known yet, the first batch that arrives says it.
  Channel(Incarnation own, Incarnation peer, ChannelOptions options = {}, Size size = {})
      : own_(own), peer_(peer), options_(options), size_(std::move(size)), limit_(options.first_credit) {
    credit_ = static_cast<std::uint32_t>(options_.window_messages);
  }

  Incarnation own() const { return own_; }
  Incarnation peer() const { return peer_; }

  bool can_send() const {
    return kept_.size() < options_.window_messages && (bytes_ < options_.window_bytes || kept_.empty());
  }
  /// Takes the message over; false, and the message untouched, where the window is full.
  bool send(Message&& message) {
    if (!can_send()) return false;
    if (acknowledged_ == highest_sent_) without_progress_ = 0;
    bytes_ += size_(message);
    kept_.push_back(std::move(message));
    return true;
  }

  /// The next batch to carry, its messages shown to `visit` in order; they stay here until acknowledged.
  /// Nothing where there is nothing to say: call it again after `send`, `receive` or `tick`.
  template <class Visit>
  std::optional<BatchHead> next_batch(Visit&& visit) {
    BatchHead head{own_, peer_, next_, 0, received_, gap_ ? received_ + 1 : 0, credit_};
    if (peer_ != 0) add_messages(head, visit);
    if (head.count == 0) {
      if (!answer_due_ && unspoken_ < options_.heartbeat_every) return std::nullopt;
      head.first = highest_sent_ + 1;
    }
    answer_due_ = false;
    gap_ = false;
    unspoken_ = unacknowledged_ = 0;
    return head;
  }

  Taken receive(const BatchHead& head) {
    if (head.from == 0 || (head.count > 0 && head.to == 0)) return {Verdict::impossible};
    if (peer_ != 0 && head.from < peer_) return {Verdict::stale};
    if (peer_ != 0 && head.from > peer_) return {Verdict::restarted};
    if (head.to != 0 && head.to != own_) {
      answer_due_ = true;
      return {Verdict::misdirected};
    }
    if (head.acknowledged > highest_sent_ || head.missing_from > highest_sent_ + 1 || head.first == 0 ||
        head.first > ~std::uint64_t{0} - head.count)
      return {Verdict::impossible};
    peer_ = head.from;
    silent_ = 0;
    if (head.to == 0) {  // it does not know this node yet
      answer_due_ = true;
      return {};
    }
    acknowledge(head);
    return take(head);
  }

  /// Time passed.
  void tick() {
    ++silent_;
    ++unspoken_;
    if (unacknowledged_ > 0) answer_due_ = true;
    if (highest_sent_ == acknowledged_ || ++without_progress_ < patience()) return;
    without_progress_ = 0;
    ++resends_;
    next_ = acknowledged_ + 1;
  }

  /// Room that the peer is told of from now on, in messages. What was granted before stays granted.
  void grant(std::uint32_t messages) {
    answer_due_ = answer_due_ || messages > credit_;
    credit_ = messages;
  }

  /// Whether nothing was heard of the peer for at least so many ticks.
  bool silent_for(std::uint64_t ticks) const { return silent_ >= ticks; }
  std::uint64_t silent() const { return silent_; }
  /// Messages that the peer has not acknowledged.
  std::size_t unacknowledged() const { return kept_.size(); }
  std::size_t unacknowledged_bytes() const { return bytes_; }
  const ChannelCounters& counters() const { return counters_; }

  /// What was not acknowledged, oldest first: of a channel whose peer started again. Each may have arrived.
  std::deque<Message> take_unacknowledged() {
    bytes_ = 0;
    return std::exchange(kept_, {});
  }

 private:
  template <class Visit>
  void add_messages(BatchHead& head, Visit& visit) {
    const auto last = std::min<std::uint64_t>(acknowledged_ + kept_.size(), limit_);
    std::size_t bytes = 0;
    for (; next_ <= last && head.count < options_.batch_messages; ++next_, ++head.count) {
      const Message& message = kept_[next_ - acknowledged_ - 1];
      const auto size = size_(message);
      if (head.count > 0 && bytes + size > options_.batch_bytes) break;
      bytes += size;
      visit(message);
    }
    counters_.sent += head.count;
    const auto sent = head.first + head.count - 1;
    counters_.resent += std::min(sent, highest_sent_) - (head.first - 1);
    highest_sent_ = std::max(highest_sent_, sent);
  }

  void acknowledge(const BatchHead& head) {
    limit_ = std::max(limit_, head.acknowledged + head.credit);
    if (head.acknowledged > acknowledged_) {
      for (; acknowledged_ < head.acknowledged; ++acknowledged_) {
        bytes_ -= size_(kept_.front());
        kept_.pop_front();
      }
      next_ = std::max(next_, acknowledged_ + 1);
      without_progress_ = resends_ = 0;
    }
    // One gap is named by every batch that follows it: what is missing goes out again once for each number,
    // and after that when ticks pass without progress.
    if (head.missing_from > acknowledged_ && head.missing_from > named_) {
      named_ = head.missing_from;
      next_ = std::min(next_, head.missing_from);
    }
  }

  Taken take(const BatchHead& head) {
    const auto expected = received_ + 1;
    if (head.first > expected) {  // also without messages: the last ones were lost
      ++counters_.gaps;
      gap_ = answer_due_ = true;
      return {};
    }
    if (head.count == 0) return {};
    const auto after = head.first + head.count;
    const auto fresh = after > expected ? after - expected : 0;
    const auto old = head.count - fresh;
    counters_.received += fresh;
    counters_.repeated += old;
    received_ += fresh;
    unacknowledged_ += head.count;
    if (unacknowledged_ >= options_.acknowledge_messages) answer_due_ = true;
    return {Verdict::taken, options_.rules.drop_repeats ? old : 0, head.count};
  }

  std::uint32_t patience() const {
    return std::min(options_.resend_after << std::min(resends_, 16u), options_.resend_after_at_most);
  }

  Incarnation own_;
  Incarnation peer_;
  ChannelOptions options_;
  [[no_unique_address]] Size size_;
  ChannelCounters counters_;

  // What goes out: numbers acknowledged_+1 to acknowledged_+kept_.size().
  std::deque<Message> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t next_ = 1;  // goes into the next batch
  std::uint64_t highest_sent_ = 0;
  std::uint64_t limit_;                 // the highest number that the peer has room for
  std::uint64_t named_ = 0;             // the last gap that was answered
  std::uint32_t without_progress_ = 0;  // ticks, while something is on its way
  std::uint32_t resends_ = 0;           // since the last progress

  // What comes in.
  std::uint64_t received_ = 0;  // in order
  std::uint64_t unacknowledged_ = 0;
  std::uint32_t credit_;
  bool gap_ = false;
  bool answer_due_ = true;  // the first word is a greeting

  std::uint64_t silent_ = 0;    // ticks since a batch was taken
  std::uint64_t unspoken_ = 0;  // ticks since one was made
};

}  // namespace automodel::cluster
