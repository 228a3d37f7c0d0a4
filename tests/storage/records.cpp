// What the store keeps beside events, to the byte and back.
#include "storage/lmdb/records.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>

using namespace automodel;
using namespace automodel::storage;

namespace {

bool same(const InboxEntry& a, const InboxEntry& b) {
  return a.first_sequence == b.first_sequence && a.last_sequence == b.last_sequence &&
         a.version == b.version && a.reply == b.reply;
}

void comes_back(const InboxEntry& entry) {
  const auto decoded = InboxEntry::decode(entry.encode());
  BOOST_TEST_REQUIRE(decoded.has_value());
  BOOST_TEST(same(*decoded, entry));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(records)

BOOST_AUTO_TEST_CASE(an_entry_of_the_inbox_takes_a_few_bytes) {
  const InboxEntry entry{1'000'000, 1'000'000, 1'000, {1, 2}};
  BOOST_TEST(entry.encode().size() <= 8u);
  comes_back(entry);
}

BOOST_AUTO_TEST_CASE(entries_of_older_programs_are_read) {
  const events::Bytes old{7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 3,
                          0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4, 5};
  const auto entry = InboxEntry::decode(old);
  BOOST_TEST_REQUIRE(entry.has_value());
  BOOST_TEST(same(*entry, {7, 9, 3, {4, 5}}));
}

BOOST_AUTO_TEST_CASE(an_entry_that_could_be_taken_for_an_older_one_comes_back) {
  // In short form three bytes and the reply, which says in the right place that one byte follows.
  InboxEntry entry{1, 1, 1, events::Bytes(30, 0)};
  entry.reply[21] = 1;
  comes_back(entry);
  BOOST_TEST(entry.encode().size() == 62u);
}

BOOST_AUTO_TEST_CASE(whatever_an_entry_holds_comes_back) {
  const auto seed = std::random_device()();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const auto number = [&] { return random() >> (random() % 64); };
  for (int i = 0; i < 20'000; ++i) {
    InboxEntry entry{number(), 0, number(), {}};
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - entry.first_sequence;
    entry.last_sequence = entry.first_sequence + std::min(number(), room);
    entry.reply.resize(random() % 60);
    for (auto& byte : entry.reply) byte = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : 0;
    const auto decoded = InboxEntry::decode(entry.encode());
    BOOST_TEST_REQUIRE((decoded && same(*decoded, entry)), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(garbage_is_no_entry_or_one_that_comes_back) {
  const auto seed = std::random_device()();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    events::Bytes bytes(random() % 40);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (const auto entry = InboxEntry::decode(bytes)) comes_back(*entry);
  }
  BOOST_TEST(!InboxEntry::decode({}).has_value());
  BOOST_TEST(!InboxEntry::decode(events::Bytes(2, 1)).has_value());      // the version is missing
  BOOST_TEST(!InboxEntry::decode(events::Bytes(40, 0xff)).has_value());  // a number that never ends
}

BOOST_AUTO_TEST_SUITE_END()
