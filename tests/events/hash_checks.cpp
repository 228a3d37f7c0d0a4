// Hashes found beside each other are those that libsodium finds one after the other.
#include "events/hash_checks.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "events/blake2b_many.hpp"

using namespace automodel::events;

namespace {

Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

/// Sizes around those at which blocks end, and any others.
std::vector<Bytes> messages(std::mt19937_64& random, std::size_t count) {
  static constexpr std::size_t edges[] = {0, 1, 127, 128, 129, 255, 256, 257, 1024};
  std::vector<Bytes> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(
        random_bytes(random, random() % 2 == 0 ? edges[random() % std::size(edges)] : random() % 3000));
  return made;
}

std::vector<std::uint8_t> hashed(lanes::HashMany many, const std::vector<Bytes>& texts) {
  std::vector<lanes::Message> messages;
  for (const auto& text : texts) messages.push_back({text.data(), text.size()});
  std::vector<std::uint8_t> hashes(32 * texts.size());
  many({messages.data(), messages.size(), hashes.data()});
  return hashes;
}

/// A record whose hashes are right.
struct Record {
  Bytes payload;
  std::string stream;
  Hash256 previous{}, before{}, hash{}, commit{};
  EnvelopeView view;
};

std::unique_ptr<Record> record(std::mt19937_64& random, std::uint64_t sequence) {
  auto made = std::make_unique<Record>();
  made->payload = random_bytes(random, random() % 700);
  made->stream = "stream/" + std::to_string(random() % 9);
  made->previous[random() % 32] = made->before[random() % 32] = static_cast<std::uint8_t>(random());
  auto& view = made->view;
  view.sequence = sequence;
  view.stream = made->stream;
  view.version = random();
  view.time = static_cast<std::int64_t>(random());
  view.correlation = "goal-1";
  view.kind = static_cast<std::uint16_t>(random());
  view.payload = made->payload;
  view.previous_hash = &made->previous;
  made->hash = content_hash(view);
  made->commit = commit_hash(made->before, sequence, made->hash);
  view.hash = &made->hash;
  view.commit_hash = &made->commit;
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hash_checks)

BOOST_AUTO_TEST_CASE(every_width_finds_the_hashes_that_libsodium_finds) {
  const auto seed = std::random_device()();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<lanes::HashMany> all{lanes::widest()};
#ifdef __x86_64__
  if (lanes::has_four()) all.push_back(lanes::hash_four_at_a_time);
  if (lanes::has_eight()) all.push_back(lanes::hash_eight_at_a_time);
#endif
  for (const std::size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 200}) {
    const auto texts = messages(random, count);
    const auto plain = hashed(lanes::hash_one_at_a_time, texts);
    for (const auto many : all)
      BOOST_TEST((hashed(many, texts) == plain), count << " messages, seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(what_holds_one_by_one_holds_together) {
  std::mt19937_64 random(1);
  HashChecks checks;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    const auto one = record(random, i);
    checks.add_content(one->view);
    checks.add_commit(one->view, one->before);
  }
  BOOST_TEST(!checks.first_wrong().has_value());
  BOOST_TEST(!checks.first_wrong().has_value());  // nothing is left
}

BOOST_AUTO_TEST_CASE(the_first_wrong_hash_is_named) {
  const auto seed = std::random_device()();
  std::mt19937_64 random(seed);
  HashChecks checks;
  for (int round = 0; round < 50; ++round) {
    const std::size_t count = 1 + random() % 40, wrong = random() % count;
    for (std::size_t i = 0; i < count; ++i) {
      const auto one = record(random, i + 1);
      if (i == wrong || (i > wrong && random() % 3 == 0)) one->hash[random() % 32] ^= 1 << (random() % 8);
      checks.add_content(one->view);
    }
    const auto found = checks.first_wrong();
    BOOST_TEST_REQUIRE(found.has_value(), "seed " << seed);
    BOOST_TEST(*found == wrong, "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(a_commit_hash_of_another_commit_is_wrong) {
  std::mt19937_64 random(2);
  HashChecks checks;
  const auto one = record(random, 7);
  auto other = one->before;
  other[31] ^= 0x80;
  checks.add_content(one->view);
  checks.add_commit(one->view, other);
  BOOST_TEST(checks.first_wrong().value_or(99) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
