// The fast reader of envelopes against flatbuffers::Verifier: both accept and refuse the same bytes.
#include "events/envelope_view.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <random>

#include "tests/events/any_table.hpp"

using namespace automodel;
using namespace automodel::events;

namespace {

bool verifier_accepts(const Bytes& bytes) {
  if (bytes.size() < 8) return false;
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), 64, 1'000'000);
  return verifier.VerifyBuffer<Envelope>(nullptr);
}

std::string_view text_of(const flatbuffers::String* text) {
  return text ? text->string_view() : std::string_view();
}

bool same_hash(const Hash* stored, const Hash256* seen) {
  if (!stored) return *seen == no_hash;
  return std::equal(seen->begin(), seen->end(), stored->bytes()->data());
}

bool same_fields(const Bytes& bytes, const EnvelopeView& view) {
  const auto& record = *flatbuffers::GetRoot<Envelope>(bytes.data());
  return view.sequence == record.sequence() && view.stream == text_of(record.stream()) &&
         view.version == record.version() && view.time == record.time() &&
         view.correlation == text_of(record.correlation()) && view.causation == text_of(record.causation()) &&
         view.epoch == record.epoch() && view.origin_node == text_of(record.origin_node()) &&
         view.origin_sequence == record.origin_sequence() && view.kind == record.kind() &&
         view.payload.data() == record.payload()->data() && view.payload.size() == record.payload()->size() &&
         same_hash(record.previous_hash(), view.previous_hash) && same_hash(record.hash(), view.hash) &&
         same_hash(record.commit_hash(), view.commit_hash);
}

/// Some bytes, or a number that an offset or a length may be confused by, or another length of the whole.
void damage(Bytes& bytes, std::mt19937_64& random) {
  static constexpr std::uint32_t awkward[] = {
      0, 1, 3, 4, 7, 8, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0x7ffffffe, 0x10000, 32, 30, 0xffff};
  const auto anywhere = [&](std::size_t room) {
    // Most of what can go wrong is at the beginning: offsets and the list of fields.
    const std::size_t most = bytes.size() - room + 1;
    return random() % (random() % 2 ? std::min<std::size_t>(most, 120) : most);
  };
  switch (random() % 6) {
    case 0:
      bytes[anywhere(1)] ^= static_cast<std::uint8_t>(1u << random() % 8);
      break;
    case 1:
      bytes[anywhere(1)] = static_cast<std::uint8_t>(random());
      break;
    case 2: {
      const std::uint32_t number =
          random() % 2 ? awkward[random() % std::size(awkward)] : static_cast<std::uint32_t>(random() % 600);
      std::memcpy(bytes.data() + anywhere(4), &number, 4);
      break;
    }
    case 3: {
      const auto number = static_cast<std::uint16_t>(random() % 3 ? random() % 200 : random());
      std::memcpy(bytes.data() + (anywhere(2) & ~std::size_t{1}), &number, 2);
      break;
    }
    case 4:
      bytes.resize(std::max<std::size_t>(8, bytes.size() - random() % 40));
      break;
    default:
      bytes.resize(bytes.size() + random() % 9);
  }
}

Bytes sample(std::mt19937_64& random, testing::AnyTable& any) {
  static constexpr EventBody kinds[] = {EventBody::TrialFailed, EventBody::GoalPaused,
                                        EventBody::EpochFinished, EventBody::DecisionMade};
  Recorded record = any.record(kinds[random() % std::size(kinds)], random() % 5);
  if (random() % 3 == 0) record.correlation.clear();
  if (random() % 3 == 0) record.causation.clear();
  if (random() % 3 == 0) record.origin_node.clear();
  if (random() % 3 == 0) record.sequence = record.epoch = 0;
  return encode_envelope(record, pack(record.event));
}

/// `check` of so many records, each other; the seed is said where one fails.
void of_samples(int count, const std::function<void(const Bytes&, std::mt19937_64&)>& check) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    testing::AnyTable any(seed);
    for (int i = 0; i < count; ++i) check(sample(random, any), random);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(envelope_view)

BOOST_AUTO_TEST_CASE(the_view_and_the_verifier_accept_and_refuse_the_same_bytes) {
  std::size_t accepted = 0, refused = 0;
  of_samples(400, [&](const Bytes& whole, std::mt19937_64& random) {
    EnvelopeView view;
    EnvelopeReader reader;  // has seen the list of fields before
    BOOST_REQUIRE(reader.read(whole, view));
    BOOST_REQUIRE(same_fields(whole, view));
    BOOST_REQUIRE(reader.read(whole, view));
    BOOST_REQUIRE(same_fields(whole, view));
    for (int j = 0; j < 500; ++j) {
      Bytes bytes = whole;
      for (std::size_t times = 1 + random() % 4; times > 0; --times) damage(bytes, random);
      const bool wanted = verifier_accepts(bytes);
      BOOST_REQUIRE_MESSAGE(read_envelope(bytes, view) == wanted,
                            "the verifier says " << wanted << " of " << hex(bytes));
      if (wanted) BOOST_REQUIRE_MESSAGE(same_fields(bytes, view), hex(bytes));
      BOOST_REQUIRE_MESSAGE(reader.read(bytes, view) == wanted,
                            "the verifier says " << wanted << " of " << hex(bytes));
      if (wanted) BOOST_REQUIRE_MESSAGE(same_fields(bytes, view), hex(bytes));
      BOOST_REQUIRE(reader.read(whole, view));
      ++(wanted ? accepted : refused);
    }
  });
  BOOST_TEST(accepted > 1000u);  // else the damage is too coarse to tell the two apart
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_CASE(every_single_flipped_bit_is_judged_as_the_verifier_does) {
  std::mt19937_64 random(3);
  testing::AnyTable any(3);
  Bytes bytes = sample(random, any);
  EnvelopeView view;
  EnvelopeReader reader;
  BOOST_REQUIRE(reader.read(bytes, view));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    BOOST_REQUIRE_EQUAL(read_envelope(bytes, view), verifier_accepts(bytes));
    BOOST_REQUIRE_EQUAL(reader.read(bytes, view), verifier_accepts(bytes));
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

BOOST_AUTO_TEST_CASE(a_record_at_an_odd_address_is_refused) {
  std::mt19937_64 random(4);
  testing::AnyTable any(4);
  Bytes bytes = sample(random, any);
  bytes.insert(bytes.begin(), 4, 0);
  EnvelopeView view;
  BOOST_TEST(!read_envelope(ByteView(bytes).subspan(4), view));
}

BOOST_AUTO_TEST_CASE(a_record_is_as_written_where_writing_it_again_gives_the_same_bytes) {
  std::size_t same = 0, other = 0;
  of_samples(200, [&](const Bytes& whole, std::mt19937_64& random) {
    EnvelopeView view;
    BOOST_REQUIRE(read_envelope(whole, view));
    BOOST_REQUIRE(is_as_written(view, whole));
    for (int j = 0; j < 200; ++j) {
      Bytes bytes = whole;
      damage(bytes, random);
      if (!read_envelope(bytes, view)) continue;
      const auto decoded = decode(view);
      if (!decoded) continue;
      const bool wanted = encode_envelope(*decoded, view.payload) == bytes;
      BOOST_REQUIRE_MESSAGE(is_as_written(view, bytes) == wanted,
                            "written again: " << wanted << ", of " << hex(bytes));
      ++(wanted ? same : other);
    }
  });
  BOOST_TEST(same > 100u);
  BOOST_TEST(other > 100u);
}

BOOST_AUTO_TEST_CASE(a_payload_is_whole_where_it_can_be_decoded) {
  of_samples(200, [&](const Bytes& whole, std::mt19937_64& random) {
    EnvelopeView view;
    BOOST_REQUIRE(read_envelope(whole, view));
    BOOST_REQUIRE(payload_is_whole(view));
    BOOST_REQUIRE(is_as_written(view, whole));
    BOOST_REQUIRE(decode(view).has_value());
    for (int j = 0; j < 40; ++j) {
      Bytes bytes = whole;
      const auto at = static_cast<std::size_t>(view.payload.data() - whole.data());
      for (std::size_t times = 1 + random() % 3; times > 0; --times)
        bytes[at + random() % view.payload.size()] = static_cast<std::uint8_t>(random());
      EnvelopeView damaged;
      BOOST_REQUIRE(read_envelope(bytes, damaged));
      BOOST_REQUIRE_EQUAL(payload_is_whole(damaged), decode(damaged).has_value());
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
