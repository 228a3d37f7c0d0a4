#include <boost/test/unit_test.hpp>

#include "tests/storage/moves/two_stores.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

const std::string agent = "autotrain/main";

/// A source with six commands, a target that has the first part of a move.
struct Begun {
  Place a{"a"}, b{"b"};
  std::unique_ptr<Move> move;

  Begun() {
    for (std::uint64_t i = 1; i <= 6; ++i) value(a.store->append(command(agent, i)));
    move = std::make_unique<Move>(Move{a, b, agent});
    move->start();
    move->give(move->next(1, false));
  }
  /// What the target says to a part that was changed; it must be as it was.
  std::string code(const std::function<void(MoveWrite&)>& change) {
    auto write = move->next(1 << 20, true);
    change(write);
    const auto before = content(*b.store, agent);
    const auto code = code_of(b.ask(std::move(write)));
    BOOST_TEST(content(*b.store, agent) == before, boost::test_tools::per_element());
    BOOST_TEST(value(b.store->recover_parts()).size() == 1u);
    BOOST_TEST(value(b.store->recover_parts())[0].version == 1u);
    BOOST_TEST(value(b.store->outbox(agent)).empty());
    BOOST_TEST(value(b.store->verify()) == b.store->last_sequence());
    return code;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(refusals)

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_in_a_record_is_found_or_means_nothing) {
  auto begun = std::make_unique<Begun>();
  const auto size = value(begun->a.store->read_move(agent, 1, 1 << 20, true)).part.records[2]->record.size();
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < size; at += 5) {  // five and eight: every bit of a byte comes

    auto write = begun->move->next(1 << 20, true);
    write.part.records[2]->record[at] ^= static_cast<std::uint8_t>(1u << (at % 8));
    const auto result = begun->b.ask(std::move(write));
    if (!result) {
      BOOST_TEST((code_of(result) == "storage.corrupt" || code_of(result) == "events.newer_kind"));
      continue;
    }
    // Of `sequence` and `commit_hash`, which are the other store's: they are not taken over.
    ++harmless;
    BOOST_TEST(content(*begun->a.store, agent) == content(*begun->b.store, agent),
               boost::test_tools::per_element());
    BOOST_TEST(value(begun->b.store->verify()) == begun->b.store->last_sequence());
    begun = std::make_unique<Begun>();
  }
  BOOST_TEST(harmless <= 40u);  // the bytes of both
  BOOST_TEST(value(begun->b.store->verify()) == begun->b.store->last_sequence());
}

BOOST_AUTO_TEST_CASE(what_is_not_the_next_part_is_refused_and_changes_nothing) {
  Begun begun;
  value(begun.a.store->append(one("other/main")));
  const auto other = value(begun.a.store->read_move("other/main", 0, 1, true)).part.records[0]->record;
  using W = MoveWrite;
  BOOST_TEST(begun.code([&](W& w) { w.part.records[0]->record = other; }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.records[0]->record = {1, 2, 3}; }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.records[0]->record.clear(); }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.records[1].reset(); }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.records.erase(w.part.records.begin() + 1); }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { std::swap(w.part.records[1]->record, w.part.records[2]->record); }) ==
             "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.until = 40; }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.after = 0; }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.part = 3; }) == "storage.no_parts");
  BOOST_TEST(begun.code([](W& w) { w.part.part = 0; }) == "storage.bad_request");
  BOOST_TEST(begun.code([](W& w) { w.part.move = w.move = 7; }) == "storage.no_parts");
  BOOST_TEST(begun.code([](W& w) { w.peer = "c"; }) == "storage.no_parts");
  BOOST_TEST(begun.code([](W& w) { w.part.agent = "other/main"; }) == "storage.bad_request");
  BOOST_TEST(begun.code([](W& w) { w.part.last = false; }) == "storage.bad_request");  // with messages
  BOOST_TEST(begun.code([](W& w) { w.part.snapshot = std::make_unique<events::MovedSnapshotT>(); }) ==
             "storage.bad_request");
  BOOST_TEST(begun.code([](W& w) { w.part.replies[0]->sender.clear(); }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.replies[0]->version = 100; }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.messages[0]->message = {0, 1}; }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.part.messages.pop_back(); }) == "storage.corrupt");
  BOOST_TEST(begun.code([](W& w) { w.epoch = 0; }) == "storage.corrupt");  // records of a later one
  BOOST_TEST(begun.code([](W& w) { w.kind = W::Kind::adopted; }) == "storage.unsupported");
  BOOST_TEST(begun.code([](W& w) { w.agent = w.part.agent = "node/b"; }) == "storage.bad_request");
  begun.move->give(begun.move->next(1 << 20, true));  // and the true one is taken
  BOOST_TEST(value(begun.b.store->stream_version(agent)) == 6u);
}

BOOST_AUTO_TEST_CASE(a_repeated_part_changes_nothing) {
  Begun begun;
  auto& move = *begun.move;
  const auto sequence = begun.b.store->last_sequence();
  Move again{begun.a, begun.b, agent};
  again.number = move.number;
  again.give(again.next(1, false));
  BOOST_TEST(begun.b.store->last_sequence() == sequence);
  move.give(move.next(1 << 20, true));
  BOOST_TEST(value(begun.b.ask(again.next(1, false))).version == 6u);
  BOOST_TEST(value(begun.b.store->recover_parts())[0].whole);
}

BOOST_AUTO_TEST_CASE(a_history_that_diverged_is_not_touched) {
  Place a("a"), b("b"), c("c");
  for (std::uint64_t i = 1; i <= 3; ++i) value(a.store->append(command(agent, i)));
  for (std::uint64_t i = 4; i <= 5; ++i) value(b.store->append(command(agent, i)));
  Move move{a, b, agent};
  move.start();
  BOOST_TEST(code_of(b.ask(move.next(1 << 20, true))) == "storage.diverged");
  BOOST_TEST(content(*b.store, agent).size() == 2u);
  BOOST_TEST(value(b.store->recover_parts()).empty());
  // Another store with the same name: whose events are whose could not be told.
  Place same("a");
  Move to_same{a, same, agent};
  to_same.start();
  BOOST_TEST(code_of(same.ask(to_same.next(1 << 20, true))) == "storage.diverged");
  BOOST_TEST(value(same.store->streams()).empty());
}

BOOST_AUTO_TEST_CASE(only_what_is_whole_and_committed_is_activated) {
  Begun begun;
  auto& move = *begun.move;
  auto early = move.activation();
  early.new_epoch = 2;
  BOOST_TEST(code_of(begun.b.ask(early)) == "storage.no_parts");
  move.give(move.next(1 << 20, true));
  auto conflicting = move.ask(MoveWrite::Kind::committed);
  conflicting.new_epoch = 2;
  conflicting.version = 5;
  BOOST_TEST(code_of(begun.a.ask(conflicting)) == "storage.version_conflict");
  value(move.end());
  BOOST_TEST(code_of(move.end()) == "storage.fenced");
  BOOST_TEST(code_of(move.abandon(true)) == "storage.fenced");
  auto changed = move.activation();
  changed.record[changed.record.size() / 2] ^= 4;
  BOOST_TEST(code_of(begun.b.ask(changed)) == "storage.corrupt");
  auto higher = move.activation();
  higher.new_epoch = 9;
  BOOST_TEST(code_of(begun.b.ask(higher)) == "storage.corrupt");
  auto other = move.activation();
  other.record = value(begun.a.store->read_move(agent, 5, 1, false)).part.records[0]->record;
  BOOST_TEST(code_of(begun.b.ask(other)) == "storage.corrupt");
  BOOST_TEST(value(begun.b.store->stream_version(agent)) == 6u);
  value(begun.b.ask(move.activation()));
  BOOST_TEST(code_of(begun.b.ask(move.activation())) == "storage.no_parts");
  BOOST_TEST(value(begun.b.store->verify()) == begun.b.store->last_sequence());
}

BOOST_AUTO_TEST_CASE(who_does_not_own_an_agent_begins_no_move) {
  Place a("a"), b("b");
  value(a.store->append(command(agent, 1)));
  Move move{a, b, agent};
  move.epoch = 2;
  BOOST_TEST(code_of(a.ask(move.ask(MoveWrite::Kind::started))) == "storage.fenced");
  move.agent = "nobody/main";
  move.epoch = 1;
  BOOST_TEST(code_of(a.ask(move.ask(MoveWrite::Kind::started))) == "storage.fenced");
  BOOST_TEST(value(a.store->streams()).size() == 1u);
  BOOST_TEST(code_of(a.store->read_move("nobody/main", 0, 1, false)) == "storage.bad_request");
  auto unknown = Move{a, b, agent}.ask(MoveWrite::Kind::committed);
  unknown.version = 1;
  unknown.new_epoch = 2;
  BOOST_TEST(code_of(a.ask(unknown)) == "storage.bad_request");  // no such move was begun
}

BOOST_AUTO_TEST_SUITE_END()
