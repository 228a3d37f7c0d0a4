#include "actors/cluster/channel.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>
#include <vector>

using namespace automodel::cluster;

namespace {

using Texts = std::vector<std::string>;

struct Batch {
  BatchHead head;
  Texts messages;
};

ChannelOptions small() {
  ChannelOptions options;
  options.window_messages = 8;
  options.window_bytes = 1000;
  options.batch_messages = 4;
  options.batch_bytes = 400;
  options.acknowledge_messages = 100;
  options.first_credit = 4;
  options.resend_after = 2;
  options.resend_after_at_most = 8;
  options.heartbeat_every = 3;
  return options;
}

/// One end, with what it delivered.
struct End {
  Channel<std::string> channel;
  Texts delivered;

  End(Incarnation own, Incarnation peer, ChannelOptions options = small()) : channel(own, peer, options) {}

  bool say(std::string text) { return channel.send(std::move(text)); }
  std::optional<Batch> next() {
    Batch batch;
    auto head = channel.next_batch([&](const std::string& m) { batch.messages.push_back(m); });
    if (!head) return std::nullopt;
    batch.head = *head;
    BOOST_TEST(batch.messages.size() == batch.head.count);
    return batch;
  }
  Verdict hear(const Batch& batch) {
    const auto taken = channel.receive(batch.head);
    for (auto i = taken.from; i < taken.until; ++i) delivered.push_back(batch.messages.at(i));
    return taken.verdict;
  }
};

/// Carries everything between two ends until both are silent.
void settle(End& a, End& b) {
  for (bool moved = true; moved;) {
    moved = false;
    while (auto batch = a.next()) moved = true, b.hear(*batch);
    while (auto batch = b.next()) moved = true, a.hear(*batch);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(channel)

BOOST_AUTO_TEST_CASE(two_ends_that_do_not_know_each_other_greet_and_then_carry) {
  End a(10, 0), b(20, 0);
  a.say("one");
  auto greeting = a.next();
  BOOST_REQUIRE(greeting);
  BOOST_TEST(greeting->head.to == 0u);
  BOOST_TEST(greeting->messages.empty());
  BOOST_CHECK(b.hear(*greeting) == Verdict::taken);
  settle(a, b);
  BOOST_TEST(a.channel.peer() == 20u);
  BOOST_TEST(b.channel.peer() == 10u);
  BOOST_TEST(b.delivered == Texts{"one"});
}

BOOST_AUTO_TEST_CASE(many_messages_travel_in_one_batch_and_are_acknowledged_once_at_the_tick) {
  End a(1, 2), b(2, 1);
  settle(a, b);
  for (auto text : {"x", "y", "z"}) a.say(text);
  auto batch = a.next();
  BOOST_REQUIRE(batch);
  BOOST_TEST(batch->messages.size() == 3u);
  BOOST_TEST(!a.next());
  b.hear(*batch);
  BOOST_TEST(!b.next());  // nothing to say yet: the acknowledgement waits for a batch or a tick
  b.channel.tick();
  auto answer = b.next();
  BOOST_REQUIRE(answer);
  BOOST_TEST(answer->head.acknowledged == 3u);
  a.hear(*answer);
  BOOST_TEST(a.channel.unacknowledged() == 0u);
  BOOST_TEST(a.channel.unacknowledged_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(a_batch_that_arrives_twice_is_delivered_once) {
  End a(1, 2), b(2, 1);
  settle(a, b);
  a.say("x");
  auto batch = a.next();
  b.hear(*batch);
  b.hear(*batch);
  BOOST_TEST(b.delivered == Texts{"x"});
  BOOST_TEST(b.channel.counters().repeated == 1u);
}

BOOST_AUTO_TEST_CASE(without_the_rule_against_repeats_it_is_delivered_twice) {
  auto options = small();
  options.rules.drop_repeats = false;
  End a(1, 2), b(2, 1, options);
  settle(a, b);
  a.say("x");
  auto batch = a.next();
  b.hear(*batch);
  b.hear(*batch);
  BOOST_TEST(b.delivered == (Texts{"x", "x"}));
}

BOOST_AUTO_TEST_CASE(a_gap_is_named_at_once_and_filled_without_waiting_for_ticks) {
  End a(1, 2), b(2, 1);
  settle(a, b);
  a.say("lost");
  a.next();
  a.say("after");
  b.hear(*a.next());
  BOOST_TEST(b.delivered.empty());
  auto complaint = b.next();
  BOOST_REQUIRE(complaint);
  BOOST_TEST(complaint->head.missing_from == 1u);
  a.hear(*complaint);
  b.hear(*a.next());
  BOOST_TEST(b.delivered == (Texts{"lost", "after"}));
  a.hear(*complaint);  // repeated: not sent a third time
  BOOST_TEST(!a.next());
}

BOOST_AUTO_TEST_CASE(a_lost_last_message_is_sent_again_after_ticks_and_each_time_later) {
  auto options = small();
  options.heartbeat_every = 1000;
  End a(1, 2, options), b(2, 1);
  settle(a, b);
  a.say("x");
  a.next();
  std::vector<int> waited;
  for (int round = 0, ticks = 0; round < 4; ticks = 0, ++round) {
    while (!a.next()) a.channel.tick(), ++ticks;
    waited.push_back(ticks);
  }
  BOOST_TEST(waited == (std::vector<int>{2, 4, 8, 8}));
}

BOOST_AUTO_TEST_CASE(a_full_window_says_no_and_leaves_the_message) {
  End a(1, 2), b(2, 1);
  settle(a, b);
  for (int i = 0; i < 8; ++i) BOOST_TEST(a.say("x"));
  std::string ninth = "ninth";
  BOOST_TEST(!a.channel.can_send());
  BOOST_TEST(!a.channel.send(std::move(ninth)));
  BOOST_TEST(ninth == "ninth");
  settle(a, b);
  b.channel.tick();
  settle(a, b);
  BOOST_TEST(a.channel.can_send());
}

BOOST_AUTO_TEST_CASE(the_window_counts_bytes_and_one_large_message_always_has_room) {
  End a(1, 2);
  BOOST_TEST(a.say(std::string(5000, 'x')));
  BOOST_TEST(!a.say("y"));
}

BOOST_AUTO_TEST_CASE(no_more_is_sent_than_the_peer_has_granted) {
  End a(1, 2), b(2, 1);
  b.channel.grant(0);
  settle(a, b);
  for (int i = 0; i < 6; ++i) a.say(std::to_string(i));
  settle(a, b);
  BOOST_TEST(b.delivered.size() == 4u);  // the first credit
  b.channel.grant(1);
  settle(a, b);
  BOOST_TEST(b.delivered.size() == 5u);
  b.channel.grant(8);
  settle(a, b);
  BOOST_TEST(b.delivered.size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_silent_channel_beats_on_ticks_and_silence_is_seen) {
  End a(1, 2), b(2, 1);
  settle(a, b);
  for (int i = 0; i < 3; ++i) a.channel.tick(), b.channel.tick();
  BOOST_TEST(b.channel.silent_for(3));
  auto beat = a.next();
  BOOST_REQUIRE(beat);
  b.hear(*beat);
  BOOST_TEST(!b.channel.silent_for(1));
}

BOOST_AUTO_TEST_CASE(a_frame_of_an_earlier_start_of_the_peer_is_refused_and_says_so) {
  End a(1, 2), b(2, 1), again(3, 2);
  settle(a, b);
  a.say("x");
  auto old = a.next();
  settle(again, b);
  End b_new(2, 3);
  settle(again, b_new);
  BOOST_CHECK(b_new.hear(*old) == Verdict::stale);
  BOOST_TEST(b_new.delivered.empty());
}

BOOST_AUTO_TEST_CASE(a_peer_that_started_again_is_seen_and_unacknowledged_messages_come_back) {
  End a(1, 2), b(2, 1), again(3, 0);
  settle(a, b);
  b.say("was it heard?");
  b.next();
  BOOST_CHECK(b.hear(*again.next()) == Verdict::restarted);
  BOOST_TEST(b.channel.take_unacknowledged().size() == 1u);
  BOOST_TEST(b.channel.unacknowledged() == 0u);
}

BOOST_AUTO_TEST_CASE(a_batch_for_an_earlier_start_of_this_node_is_refused_and_answered) {
  End a(1, 2), b(2, 1), b_again(5, 0);
  settle(a, b);
  a.say("x");
  BOOST_CHECK(b_again.hear(*a.next()) == Verdict::misdirected);
  BOOST_TEST(b_again.delivered.empty());
  auto answer = b_again.next();
  BOOST_REQUIRE(answer);
  BOOST_CHECK(a.hear(*answer) == Verdict::restarted);
}

BOOST_AUTO_TEST_CASE(numbers_that_no_peer_sends_are_refused) {
  End a(1, 2);
  const BatchHead good{2, 1, 1, 0, 0, 0, 4};
  auto head = good;
  head.acknowledged = 1;
  BOOST_CHECK(a.channel.receive(head).verdict == Verdict::impossible);
  head = good;
  head.missing_from = 7;
  BOOST_CHECK(a.channel.receive(head).verdict == Verdict::impossible);
  head = good;
  head.first = 0;
  BOOST_CHECK(a.channel.receive(head).verdict == Verdict::impossible);
  head = good;
  head.first = ~std::uint64_t{0};
  head.count = 3;
  BOOST_CHECK(a.channel.receive(head).verdict == Verdict::impossible);
  head = good;
  head.from = 0;
  BOOST_CHECK(a.channel.receive(head).verdict == Verdict::impossible);
  head = good;
  head.to = 0;
  head.count = 1;
  BOOST_CHECK(a.channel.receive(head).verdict == Verdict::impossible);
  BOOST_CHECK(a.channel.receive(good).verdict == Verdict::taken);
}

BOOST_AUTO_TEST_CASE(over_a_network_that_loses_repeats_delays_and_reorders_all_arrives_once_and_in_order) {
  const auto base = std::random_device{}();
  for (unsigned run = 0; run < 300; ++run) {
    const auto seed = base + run;
    std::mt19937 random(seed);
    const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
    const int loss = static_cast<int>(random() % 40), repeat = static_cast<int>(random() % 30);
    End ends[2] = {End(7, 0), End(9, 0)};
    struct Flying {
      Batch batch;
      int to;
      unsigned at;
    };
    std::vector<Flying> flying;
    Texts said[2];
    const std::size_t total = 1 + random() % 60;
    unsigned now = 0;
    bool done = false;
    for (; now < 20000 && !done; ++now) {
      const bool quiet = now > 500;  // then the faults stop
      for (int i = 0; i < 2; ++i) {
        if (said[i].size() < total && chance(40)) {
          auto text = std::to_string(said[i].size()) + std::string(random() % 90, 'x');
          if (ends[i].say(text)) said[i].push_back(text);
        }
        if (chance(30)) ends[i].channel.tick();
        if (chance(10)) ends[i].channel.grant(random() % 8);
        if (quiet) ends[i].channel.grant(8);
        while (auto batch = ends[i].next())
          for (int copies = quiet || !chance(repeat) ? 1 : 2; copies > 0; --copies)
            if (quiet || !chance(loss))
              flying.push_back({*batch, 1 - i, now + 1 + static_cast<unsigned>(random() % 6)});
      }
      for (std::size_t i = 0; i < flying.size();)
        if (flying[i].at <= now) {
          BOOST_REQUIRE(ends[flying[i].to].hear(flying[i].batch) == Verdict::taken);
          flying[i] = flying.back();
          flying.pop_back();
        } else {
          ++i;
        }
      done = said[0].size() == total && said[1].size() == total && ends[0].channel.unacknowledged() == 0 &&
             ends[1].channel.unacknowledged() == 0;
    }
    BOOST_TEST_CONTEXT("seed " << seed) {
      BOOST_TEST(done);
      BOOST_TEST(ends[1].delivered == said[0], boost::test_tools::per_element());
      BOOST_TEST(ends[0].delivered == said[1], boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
