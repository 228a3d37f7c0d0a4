#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "events/codec.hpp"
#include "tests/events/any_table.hpp"

using namespace automodel;
using namespace automodel::events;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

BOOST_AUTO_TEST_SUITE(damage)

BOOST_AUTO_TEST_CASE(any_flipped_bit_of_a_record_is_found) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    testing::AnyTable any(seed);
    for (const EventBody kind : {EventBody::TrialFailed, EventBody::GoalPaused, EventBody::EpochFinished}) {
      const Hash256 previous = blake2b({}), commit{};
      const Recorded record = any.record(kind, 7, previous, commit);
      Bytes bytes = encode_envelope(record, pack(record.event));
      BOOST_REQUIRE(decode_verified(bytes, previous, commit).has_value());
      for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
        BOOST_REQUIRE_MESSAGE(!decode_verified(bytes, previous, commit),
                              "bit " << bit << " was flipped unseen");
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_record_cut_short_or_made_longer_is_found) {
  const Recorded record = testing::AnyTable(5).record(EventBody::DecisionMade);
  Bytes bytes = encode_envelope(record, pack(record.event));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_REQUIRE(!decode_verified(ByteView(bytes).first(size), {}, {}).has_value());
  bytes.push_back(0);
  BOOST_TEST(!decode_verified(bytes, {}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(a_record_out_of_its_place_is_found) {
  testing::AnyTable any(6);
  const Recorded first = any.record(EventBody::GoalPaused, 1);
  const Recorded second = any.record(EventBody::GoalResumed, 2, first.hash, first.commit_hash);
  const Bytes bytes = encode_envelope(second, pack(second.event));
  BOOST_TEST(decode_verified(bytes, first.hash, first.commit_hash).has_value());
  BOOST_TEST(decode_verified(bytes, {}, first.commit_hash).error().code == "events.corrupt");
  BOOST_TEST(decode_verified(bytes, first.hash, {}).error().code == "events.corrupt");
}

BOOST_AUTO_TEST_CASE(garbage_and_mutated_records_are_read_without_a_crash) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 2000; ++i) {
      Bytes garbage(random() % 300);
      for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random() % (i % 2 ? 256 : 16));
      BOOST_TEST(LLVMFuzzerTestOneInput(garbage.data(), garbage.size()) == 0);
    }
    testing::AnyTable any(seed);
    for (const EventBody kind : EnumValuesEventBody()) {
      if (kind == EventBody::NONE) continue;
      const Recorded record = any.record(kind);
      const Bytes bytes = encode_envelope(record, pack(record.event));
      for (int i = 0; i < 60; ++i) {
        Bytes mutated = bytes;
        for (int change = 0; change <= i % 4; ++change)
          mutated[random() % mutated.size()] = static_cast<std::uint8_t>(random());
        if (i % 7 == 0) mutated.resize(random() % mutated.size());
        BOOST_TEST(LLVMFuzzerTestOneInput(mutated.data(), mutated.size()) == 0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_list_of_numbers_that_lies_where_it_may_not_be_read_is_refused) {
  DataRefT data;
  data.ratios = {0.8, 0.1, 0.1};
  Bytes bytes = pack(data);
  BOOST_TEST(unpack<DataRefT>(bytes).has_value());
  const auto* root = flatbuffers::GetRoot<flatbuffers::Table>(bytes.data());
  const auto field = static_cast<std::size_t>(root->GetAddressOf(DataRef::VT_RATIOS) - bytes.data());
  // Another list behind the rest, its length where the first of its numbers should lie.
  bytes.resize((bytes.size() + 7) / 8 * 8);
  const std::size_t list = bytes.size();
  bytes.resize(list + sizeof(std::uint32_t) + 3 * sizeof(double));
  bytes[list] = 3;
  flatbuffers::WriteScalar(bytes.data() + field, static_cast<flatbuffers::uoffset_t>(list - field));
  BOOST_TEST(!unpack<DataRefT>(bytes).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
