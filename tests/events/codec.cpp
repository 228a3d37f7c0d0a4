#include "events/codec.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/events/any_table.hpp"

using namespace automodel;
using namespace automodel::events;

BOOST_AUTO_TEST_SUITE(codec)

BOOST_AUTO_TEST_CASE(every_kind_of_event_survives_packing_and_unpacking) {
  for (const EventBody kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    const std::uint64_t seed = std::random_device{}();
    BOOST_TEST_CONTEXT("kind " << kind_name(kind) << ", seed " << seed) {
      testing::AnyTable any(seed);
      for (int i = 0; i < 20; ++i) {
        const Recorded before = any.record(kind, 1 + any.number() % 1000);
        const auto after = decode_envelope(encode_envelope(before, pack(before.event)));
        BOOST_REQUIRE(after.has_value());
        BOOST_TEST(to_json(*after) == to_json(before));
        BOOST_TEST((pack(after->event) == pack(before.event)));
        BOOST_TEST((after->hash == before.hash && after->commit_hash == before.commit_hash));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(commands_and_frames_survive_packing_and_unpacking) {
  const std::uint64_t seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    testing::AnyTable any(seed);
    for (int i = 0; i < 200; ++i) {
      const auto command = any.value<CommandT>();
      const auto again = unpack<CommandT>(pack(command));
      BOOST_REQUIRE(again.has_value());
      BOOST_TEST(to_json(*again) == to_json(command));
      const auto frame = any.value<SessionFrameT>();
      BOOST_TEST((pack(*unpack<SessionFrameT>(pack(frame))) == pack(frame)));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_message_can_be_read_from_any_address) {
  const Recorded record = testing::AnyTable(3).record(EventBody::WorkAssigned);
  const Bytes bytes = encode_envelope(record, pack(record.event));
  for (std::size_t shift = 1; shift < 8; ++shift) {
    Bytes shifted(shift, 0xFF);
    shifted.insert(shifted.end(), bytes.begin(), bytes.end());
    const ByteView here = ByteView(shifted).subspan(shift);
    const auto decoded = decode_envelope(here);
    BOOST_REQUIRE(decoded.has_value());
    BOOST_TEST(to_json(*decoded) == to_json(record));
    BOOST_TEST(view_envelope(here).error().code == "events.misaligned");
  }
}

BOOST_AUTO_TEST_CASE(a_union_without_its_value_is_malformed) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(CreateCommand(builder, 0, 1, 0, 0, CommandBody::SubmitGoal, 0));
  const auto command = unpack<CommandT>({builder.GetBufferPointer(), builder.GetSize()});
  BOOST_REQUIRE(!command);
  BOOST_TEST(command.error().code == "events.malformed");
}

BOOST_AUTO_TEST_CASE(a_union_of_a_kind_from_the_future_is_malformed) {
  flatbuffers::FlatBufferBuilder builder;
  const auto pause = CreatePauseGoal(builder);
  builder.Finish(CreateCommand(builder, 0, 1, 0, 0, static_cast<CommandBody>(250), pause.Union()));
  const auto command = unpack<CommandT>({builder.GetBufferPointer(), builder.GetSize()});
  BOOST_REQUIRE(!command);
  BOOST_TEST(command.error().code == "events.malformed");
  BOOST_TEST(command.error().hint.find("newer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(references_read_as_they_are_written) {
  const auto parsed = parse_reference(reference("autotrain/main", 17));
  BOOST_REQUIRE(parsed.has_value());
  BOOST_TEST(parsed->stream == "autotrain/main");
  BOOST_TEST(parsed->version == 17u);
  for (const char* wrong : {"", "#", "#1", "a#", "a#0", "a#-1", "a#1x", "a", "a#99999999999999999999"})
    BOOST_TEST(!parse_reference(wrong).has_value(), "'" << wrong << "' must name no event");
}

BOOST_AUTO_TEST_CASE(kinds_have_the_names_of_the_schema) {
  for (const EventBody kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    BOOST_TEST((kind_from_name(kind_name(kind)).value() == kind));
  }
  BOOST_TEST(kind_name(static_cast<EventBody>(250)) == "kind-250");
  BOOST_TEST(!kind_from_name("NONE").has_value());
  BOOST_TEST(!kind_from_name("Nothing").has_value());
}

BOOST_AUTO_TEST_CASE(blake2b_gives_the_published_digest_of_abc) {
  const std::string abc = "abc";  // BLAKE2b with 32 bytes of output, as in the `b2sum -l 256` of coreutils
  const auto digest = blake2b({reinterpret_cast<const std::uint8_t*>(abc.data()), abc.size()});
  BOOST_TEST(hex(digest) == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  BOOST_TEST((hash_from_hex(hex(digest)).value() == digest));
  BOOST_TEST(!hash_from_hex("BDDD").has_value());
  BOOST_TEST(!hash_from_hex(std::string(64, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(the_hash_covers_every_field_but_the_sequence) {
  const Recorded base = testing::AnyTable(1).record(EventBody::TrialFailed);
  const Bytes payload = pack(base.event);
  const auto changed = [&](auto change) {
    Recorded other = testing::AnyTable(1).record(EventBody::TrialFailed);
    change(other);
    return event_hash(other, payload) != base.hash;
  };
  BOOST_TEST(!changed([](Recorded& r) { r.sequence = 99; }));
  BOOST_TEST(changed([](Recorded& r) { r.stream += "x"; }));
  BOOST_TEST(changed([](Recorded& r) { r.version++; }));
  BOOST_TEST(changed([](Recorded& r) { r.time++; }));
  BOOST_TEST(changed([](Recorded& r) { r.correlation += "x"; }));
  BOOST_TEST(changed([](Recorded& r) { r.causation += "x"; }));
  BOOST_TEST(changed([](Recorded& r) { r.epoch++; }));
  BOOST_TEST(changed([](Recorded& r) { r.origin_node += "x"; }));
  BOOST_TEST(changed([](Recorded& r) { r.origin_sequence++; }));
  BOOST_TEST(changed([](Recorded& r) { r.previous_hash[31] ^= 1; }));
  BOOST_TEST(changed([](Recorded& r) {  // moving a letter between fields is a change too
    r.causation.insert(r.causation.begin(), r.correlation.back());
    r.correlation.pop_back();
  }));
  Bytes other_payload = payload;
  other_payload.back() ^= 1;
  BOOST_TEST((event_hash(base, other_payload) != base.hash));
}

BOOST_AUTO_TEST_CASE(the_worked_example_of_the_documentation_holds) {
  Recorded head;  // docs/storage.md, "The chain"
  head.stream = "autotrain/main";
  head.version = 1;
  head.time = 1'764'000'000'000'000'000;
  head.correlation = "goal-1";
  head.epoch = 1;
  head.origin_node = "local";
  head.origin_sequence = 5;
  head.event.body.type = static_cast<EventBody>(19);
  const Hash256 first = event_hash(head, Bytes{1, 2, 3, 4});
  BOOST_TEST(hex(first) == "f83dc18d835d77f855295860195e59e54f4d15988711824800da7cad89f20ca9");
  BOOST_TEST(hex(commit_hash({}, 5, first)) ==
             "f20394dd73497274fcddc5591d273df0abd89a6e96e66298d2171e1dacca26d0");
  head.version = 2;
  head.time += 1;
  head.causation = "autotrain/main#1";
  head.origin_sequence = 6;
  head.event.body.type = static_cast<EventBody>(20);
  head.previous_hash = first;
  BOOST_TEST(hex(event_hash(head, Bytes{5, 6})) ==
             "70ef834a4a32f1634ff2b93be2a9805ea93b3a6a77842fb4496581c0d974b266");
}

BOOST_AUTO_TEST_SUITE_END()
