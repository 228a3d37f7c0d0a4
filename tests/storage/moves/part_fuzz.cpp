#include <boost/test/unit_test.hpp>

#include "events/cluster_messages.hpp"
#include "storage/moves/move.hpp"
#include "tests/fuzz/mutations.hpp"

using namespace automodel;

BOOST_AUTO_TEST_SUITE(part_fuzz)

BOOST_AUTO_TEST_CASE(parts_of_moves_and_what_becomes_of_them_prove_themselves_or_are_refused) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  BOOST_TEST(fuzz::feed_corpus(MOVE_PART_CORPUS, seed, 10'000) >= 2u);
}

BOOST_AUTO_TEST_CASE(the_corpus_has_parts_whose_records_are_still_taken) {
  std::size_t records = 0, messages = 0;
  for (const auto& content : fuzz::corpus(MOVE_PART_CORPUS)) {
    auto part = events::unpack<events::MovePartT>(
        {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    if (!part) continue;
    storage::MoveWrite write(storage::MoveWrite::Kind::part);
    write.agent = part->agent;
    write.move = part->move;
    write.epoch = 1;
    write.version = part->until;
    write.peer = "there";
    write.part = std::move(*part);
    const auto prepared = storage::prepare_move("here", std::move(write));
    if (!prepared) continue;
    records += prepared->records.size();
    messages += prepared->messages.size();
  }
  BOOST_TEST(records > 0u);
  BOOST_TEST(messages > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
