#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <random>

#include "storage/memory/memory.hpp"
#include "tests/storage/moves/two_stores.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

const std::string agent = "autotrain/main";

std::string memory_of(Place& place) {
  const auto memory = memory_projection();
  return events::hex(rebuilt_digest(*place.store, *memory));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(moving)

BOOST_AUTO_TEST_CASE(a_move_keeps_history_hashes_replies_messages_and_state) {
  Place a("a"), b("b");
  value(b.store->append(one("autofeature/main")));  // sequences differ
  for (std::uint64_t i = 1; i <= 20; ++i) value(a.store->append(command(agent, i)));
  AppendRequest refused;  // a reply without an event
  refused.stream = agent;
  refused.sender = "console";
  refused.number = 99;
  refused.reply = {9};
  value(a.store->append(refused));
  for (std::uint64_t id : {1, 2, 5}) value(a.store->acknowledge(agent, id));
  value(a.store->save_snapshot(agent, {12, "train/1", {1, 2, 3}}));
  const auto before = content(*a.store, agent);
  const auto messages = messages_of(*a.store, agent);
  Move move{a, b, agent};
  move.all();
  BOOST_TEST(move.part > 3u);
  const auto after = content(*b.store, agent);
  BOOST_REQUIRE(after.size() == before.size() + 2);
  BOOST_TEST(std::vector<std::string>(after.begin(), after.end() - 2) == before,
             boost::test_tools::per_element());
  const auto there = history(*b.store, agent);
  BOOST_TEST(there[20].event.body.AsMigrationCommitted()->to == "b");
  BOOST_TEST(there[20].origin_node == "a");
  BOOST_TEST(there[21].event.body.AsMigrationActivated()->epoch == 2u);
  BOOST_TEST(there[21].origin_node == "b");
  BOOST_TEST(messages_of(*b.store, agent) == messages, boost::test_tools::per_element());
  for (std::uint64_t i = 1; i <= 20; ++i)
    BOOST_TEST(
        (value(b.store->find_reply(agent, "console", i)) == events::Bytes{static_cast<std::uint8_t>(i), 7}));
  BOOST_TEST((value(b.store->find_reply(agent, "console", 99)) == events::Bytes{9}));
  BOOST_TEST(value(b.store->append(command(agent, 7, 2))).repeated);
  BOOST_TEST(value(b.store->load_snapshot(agent))->version == 12u);
  BOOST_TEST(value(a.store->verify()) == 22u);
  BOOST_TEST(value(b.store->verify()) == 23u);
  const auto own = history(*a.store, "node/a");
  BOOST_REQUIRE(own.size() == 1u);
  BOOST_TEST(own[0].event.body.AsMigrationStarted()->to == "b");
}

BOOST_AUTO_TEST_CASE(the_new_owner_appends_and_the_old_one_is_fenced) {
  Place a("a"), b("b");
  value(a.store->append(command(agent, 1)));
  Move move{a, b, agent};
  move.all();
  BOOST_TEST(code_of(a.store->append(command(agent, 2))) == "storage.fenced");
  const auto appended = value(b.store->append(command(agent, 2, 2)));
  BOOST_TEST(appended.version == 4u);
  const auto pending = value(b.store->outbox(agent));
  BOOST_REQUIRE(pending.size() == 2u);
  BOOST_TEST(pending[0].id < pending[1].id);
  b.reopen();
  BOOST_TEST(value(b.store->append(command(agent, 3, 2))).version == 5u);
  BOOST_TEST(value(b.store->verify()) == b.store->last_sequence());
}

BOOST_AUTO_TEST_CASE(an_agent_that_moves_back_and_forth_keeps_everything) {
  Place a("a"), b("b");
  std::uint64_t number = 0;
  for (int round = 0; round < 10; ++round) {
    Place& from = round % 2 == 0 ? a : b;
    Place& to = round % 2 == 0 ? b : a;
    for (int i = 0; i < 3; ++i)
      value(from.store->append(command(agent, ++number, static_cast<std::uint64_t>(round) + 1)));
    Move{from, to, agent}.all(400);
    BOOST_TEST(content(*to.store, agent).size() == number + 2 * static_cast<std::uint64_t>(round) + 2);
  }
  BOOST_TEST(value(a.store->verify()) == a.store->last_sequence());
  BOOST_TEST(value(b.store->verify()) == b.store->last_sequence());
  for (std::uint64_t i = 1; i <= number; ++i)
    BOOST_TEST(value(a.store->append(command(agent, i, 11))).repeated);
  BOOST_TEST(value(a.store->outbox(agent)).size() == number);
}

BOOST_AUTO_TEST_CASE(an_agent_that_comes_back_brings_only_what_came_since) {
  Place a("a"), b("b");
  BOOST_TEST(value(a.store->whole_until(agent)) == 0u);
  for (std::uint64_t i = 1; i <= 50; ++i) value(a.store->append(command(agent, i)));
  Move there{a, b, agent};
  there.all();
  const auto have = value(a.store->whole_until(agent));
  BOOST_TEST(have == there.commit.version);
  value(b.store->append(command(agent, 51, 2)));
  Move back{b, a, agent};
  back.start();
  back.until = have;
  AppendRequest refused;  // a reply without an event, while the agent is on its way
  refused.stream = agent;
  refused.epoch = 2;
  refused.sender = "console";
  refused.number = 99;
  refused.reply = {9};
  value(b.store->append(refused));
  value(b.store->append(command(agent, 52, 2)));
  const auto part = back.next(1 << 20, true);
  BOOST_TEST(part.part.records.size() == 3u);  // MigrationActivated, and two commands
  BOOST_TEST(part.part.replies.size() == 3u);
  back.copy(1 << 20);
  value(back.end());
  value(a.ask(back.activation()));
  for (std::uint64_t i = 1; i <= 52; ++i) BOOST_TEST(value(a.store->append(command(agent, i, 3))).repeated);
  BOOST_TEST((value(a.store->find_reply(agent, "console", 99)) == events::Bytes{9}));
  BOOST_TEST(messages_of(*a.store, agent).size() == 52u);
  value(a.store->verify());
}

BOOST_AUTO_TEST_CASE(replies_of_a_move_are_the_same_whether_they_were_remembered_or_looked_for) {
  Place a("a"), b("b");
  for (std::uint64_t i = 1; i <= 5; ++i) value(a.store->append(command(agent, i)));
  Move move{a, b, agent};
  move.start();
  for (std::uint64_t i = 6; i <= 9; ++i) value(a.store->append(command(agent, i)));
  const auto replies = [&](std::uint64_t after) {
    std::map<std::uint64_t, events::Bytes> found;
    for (const auto& reply : value(a.store->read_move(agent, after, 1 << 20, true)).part.replies)
      found[reply->number] = reply->reply;
    return found;
  };
  const auto remembered = replies(5);
  BOOST_TEST(remembered.size() == 4u);
  a.reopen();  // remembers nothing
  BOOST_TEST((replies(5) == remembered));
  BOOST_TEST(replies(0).size() == 9u);
}

BOOST_AUTO_TEST_CASE(an_abandoned_move_leaves_the_agent_where_it_is_and_the_next_one_works) {
  for (const bool frozen : {false, true}) {
    Place a("a"), b("b");
    for (std::uint64_t i = 1; i <= 5; ++i) value(a.store->append(command(agent, i)));
    Move first{a, b, agent};
    first.start();
    if (frozen) first.copy(200);
    value(first.abandon(frozen));
    value(b.ask(first.ask(MoveWrite::Kind::discarded)));
    BOOST_TEST(value(b.store->recover_parts()).empty());
    const auto story = history(*a.store, frozen ? agent : std::string("node/a"));
    BOOST_TEST(story.back().event.body.AsMigrationAbandoned()->reason == "a test");
    BOOST_TEST(value(a.store->append(command(agent, 6, frozen ? 2 : 1))).repeated == false);
    BOOST_TEST(code_of(first.end()) == (frozen ? "storage.fenced" : "storage.version_conflict"));
    BOOST_TEST(a.recovered(agent).open_move == 0u);
    BOOST_TEST(b.recovered(agent).owner == (frozen ? "a" : ""));
    Move second{a, b, agent};
    second.all();
    BOOST_TEST(b.recovered(agent).owner == "b");
    BOOST_TEST(value(b.store->verify()) == b.store->last_sequence());
  }
}

BOOST_AUTO_TEST_CASE(after_each_step_a_start_finds_what_is_so) {
  Place a("a"), b("b");
  for (std::uint64_t i = 1; i <= 5; ++i) value(a.store->append(command(agent, i)));
  BOOST_TEST(a.recovered(agent).epoch == 2u);  // of the life before nothing appends
  BOOST_TEST(code_of(a.store->append(command(agent, 6))) == "storage.fenced");
  Move move{a, b, agent};
  move.start();
  move.give(move.next(1, false));
  b.reopen();
  auto parts = value(b.store->recover_parts());
  BOOST_REQUIRE(parts.size() == 1u);
  BOOST_TEST((parts[0].agent == agent && parts[0].move == move.number && parts[0].source == "a"));
  BOOST_TEST((parts[0].epoch == 2 && parts[0].version == 1 && !parts[0].whole));
  BOOST_TEST(b.recovered(agent).owner == "a");
  move.copy(300);
  b.reopen();
  BOOST_TEST(value(b.store->recover_parts())[0].whole);
  value(move.end());
  a.reopen();
  auto known = a.recovered(agent);
  BOOST_TEST((known.owner == "b" && known.epoch == 3 && known.open_move == 0));
  BOOST_TEST((known.committed_move == move.number && known.committed_version == 6));
  BOOST_TEST((known.committed_record == move.commit.record));
  b.reopen();
  BOOST_TEST(b.recovered(agent).owner == "a");  // it does not know yet
  value(b.ask(move.activation()));
  b.reopen();
  BOOST_TEST(value(b.store->recover_parts()).empty());
  known = b.recovered(agent);
  BOOST_TEST((known.owner == "b" && known.epoch == 4 && known.committed_move == 0));
  Move{b, a, agent}.all();
  a.reopen();
  BOOST_TEST(a.recovered(agent).owner == "a");
}

BOOST_AUTO_TEST_CASE(a_move_that_nothing_ended_is_found_by_the_next_start) {
  Place a("a"), b("b");
  value(a.store->append(command(agent, 1)));
  Move move{a, b, agent};
  move.start();
  a.reopen();
  const auto known = a.recovered(agent);
  BOOST_TEST((known.owner == "a" && known.open_move == move.number && known.epoch == 2));
  move.epoch = known.epoch;
  auto write = move.ask(MoveWrite::Kind::abandoned);
  write.new_epoch = known.epoch + 1;
  write.peer.clear();  // the node that starts does not know it
  value(a.ask(write));
  BOOST_TEST(history(*a.store, agent).back().event.body.AsMigrationAbandoned()->to == "b");
  a.reopen();
  BOOST_TEST(a.recovered(agent).open_move == 0u);
}

BOOST_AUTO_TEST_CASE(memory_folded_from_the_parts_is_that_of_the_source) {
  Place a("a"), b("b");
  const std::vector<std::string> agents{"autofeature/main", "autotrain/main", "coordinator/main"};
  for (std::size_t i = 0; i < agents.size(); ++i)
    for (std::uint64_t n = 1; n <= 4; ++n) value(a.store->append(command(agents[i], n)));
  for (const auto& one : agents) {
    Move move{a, b, one};
    move.start();
    move.copy(250);
    value(b.ask(move.ask(MoveWrite::Kind::discarded)));
  }
  BOOST_TEST(memory_of(a) == memory_of(b));
}

/// Any history in parts of any size, with appends between the parts, gives the same stream.
BOOST_AUTO_TEST_CASE(any_history_in_parts_of_any_size_arrives_whole) {
  const std::uint32_t seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return random() % n; };
    for (int round = 0; round < 6; ++round) {
      Place a("a"), b("b");
      std::uint64_t number = 0;
      const auto append = [&](std::uint32_t count) {
        for (; count > 0; --count) {
          auto request = command(agent, ++number);
          for (auto more = below(3); more > 0; --more)
            request.events.push_back(paused(std::string(below(900), 'x')));
          if (below(4) == 0) request.events.clear();  // a reply alone
          if (below(2) == 0) request.outbox.clear();
          value(a.store->append(std::move(request)));
        }
      };
      value(a.store->append(one(agent)));
      append(1 + below(20));
      Move move{a, b, agent};
      move.start();
      for (auto parts = below(6); parts > 0; --parts) {
        move.give(move.next(1 + below(2000), false));
        append(below(4));
        const auto pending = value(a.store->outbox(agent));
        if (!pending.empty())
          value(a.store->acknowledge(agent, pending[below(static_cast<std::uint32_t>(pending.size()))].id));
        if (below(3) == 0) b.reopen();
      }
      move.give(move.next(1, true));
      const auto before = content(*a.store, agent);
      value(move.end());
      value(b.ask(move.activation()));
      auto after = content(*b.store, agent);
      after.resize(after.size() - 2);
      BOOST_TEST(after == before, boost::test_tools::per_element());
      BOOST_TEST(messages_of(*a.store, agent) == messages_of(*b.store, agent),
                 boost::test_tools::per_element());
      for (std::uint64_t i = 1; i <= number; ++i)
        BOOST_TEST(value(b.store->find_reply(agent, "console", i)).has_value());
      BOOST_TEST(value(b.store->verify()) == b.store->last_sequence());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_part_larger_than_the_map_makes_it_grow) {
  Place a("a"), b("b");
  for (int i = 0; i < 20; ++i) value(a.store->append(one(agent, std::string(1 << 20, 'x'))));
  Move move{a, b, agent};
  move.start();
  move.give(move.next(64 << 20, true));
  value(move.end());
  value(b.ask(move.activation()));
  BOOST_TEST(value(b.store->verify()) == 22u);
}

BOOST_AUTO_TEST_CASE(a_part_that_does_not_fit_on_the_disk_leaves_nothing_and_comes_again) {
  Place a("a"), b("b");
  for (int i = 0; i < 4; ++i) value(a.store->append(one(agent, std::string(1 << 20, 'x'))));
  Move move{a, b, agent};
  move.start();
  struct rlimit unlimited {};
  ::getrlimit(RLIMIT_FSIZE, &unlimited);
  struct rlimit limited = unlimited;
  limited.rlim_cur = 2 << 20;
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limited);
  const auto refused = b.ask(move.next(64 << 20, true));
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  std::signal(SIGXFSZ, before);
  BOOST_TEST(code_of(refused) == "storage.full");
  BOOST_TEST(value(b.store->streams()).empty());
  BOOST_TEST(value(b.store->recover_parts()).empty());
  move.give(move.next(64 << 20, true));
  value(move.end());
  value(b.ask(move.activation()));
  BOOST_TEST(value(b.store->verify()) == 6u);
}

BOOST_AUTO_TEST_SUITE_END()
