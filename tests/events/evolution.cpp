// What older programs wrote is read in the newest form; what newer ones wrote is refused with its version.
#include "events/evolution.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/events/any_table.hpp"
#include "tests/events/schemas.hpp"

using namespace automodel;
using namespace automodel::events;
using events::testing::lost;

namespace {

using Names = std::vector<std::string>;

Names lost_between(const char* before, const char* after) {
  flatbuffers::Parser released, current;
  BOOST_REQUIRE(released.Parse((std::string("namespace automodel.events;") + before).c_str()));
  BOOST_REQUIRE(current.Parse((std::string("namespace automodel.events;") + after).c_str()));
  return lost(released, current);
}

std::unique_ptr<flatbuffers::Parser> parse(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string folder = file.parent_path().string();
  const char* includes[] = {folder.c_str(), nullptr};
  auto parser = std::make_unique<flatbuffers::Parser>();
  BOOST_REQUIRE_MESSAGE(parser->Parse(text.c_str(), includes, file.c_str()), parser->error_);
  return parser;
}

/// Version 1 says who paused in capitals, version 2 in brackets.
void in_capitals(EventT& event) {
  for (char& c : event.body.AsGoalPaused()->by)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
}
void in_brackets(EventT& event) { event.body.AsGoalPaused()->by = "[" + event.body.AsGoalPaused()->by + "]"; }

Recorded pause(const std::string& by) {
  Recorded record;
  record.stream = "coordinator/main";
  record.sequence = record.version = record.origin_sequence = 1;
  GoalPausedT body;
  body.goal = "goal-1";
  body.by = by;
  record.event.body.Set(std::move(body));
  record.hash = event_hash(record, pack(record.event));
  record.commit_hash = commit_hash({}, 1, record.hash);
  return record;
}
Bytes written(const Recorded& record) { return encode_envelope(record, pack(record.event)); }
std::string read_by(const Bytes& bytes) {
  const auto record = decode_envelope(bytes);
  BOOST_REQUIRE_MESSAGE(record, (record ? "" : to_string(record.error())));
  return record->event.body.AsGoalPaused()->by;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(evolution)

BOOST_AUTO_TEST_CASE(an_event_is_lifted_one_hop_a_version_and_its_record_stays_as_it_was) {
  const Upcasters one({{EventBody::GoalPaused, 0, in_capitals}});
  const Upcasters two({{EventBody::GoalPaused, 1, in_brackets}, {EventBody::GoalPaused, 0, in_capitals}});
  const Bytes first = written(pause("ann"));
  Bytes second, third;
  {
    const OtherUpcasters later(one);
    BOOST_TEST(read_by(first) == "ANN");
    second = written(pause("Bob"));
    BOOST_TEST(read_by(second) == "Bob");  // this program wrote it: it is in its form
  }
  const OtherUpcasters latest(two);
  third = written(pause("Cy"));
  BOOST_TEST(read_by(first) == "[ANN]");
  BOOST_TEST(read_by(second) == "[Bob]");
  BOOST_TEST(read_by(third) == "Cy");
  for (const Bytes& bytes : {first, second, third}) BOOST_TEST(decode_verified(bytes, {}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(a_lifted_event_that_is_written_again_is_not_lifted_twice) {
  const Bytes old = written(pause("ann"));
  const Upcasters one({{EventBody::GoalPaused, 0, in_brackets}});
  const OtherUpcasters later(one);
  BOOST_TEST(read_by(written(*decode_envelope(old))) == "[ann]");
}

BOOST_AUTO_TEST_CASE(only_records_in_the_newest_form_may_be_read_where_they_lie) {
  const Bytes old = written(pause("ann"));
  BOOST_TEST(is_newest(**view_envelope(old)));
  const Upcasters one({{EventBody::GoalPaused, 0, in_capitals}});
  const OtherUpcasters later(one);
  BOOST_TEST(!is_newest(**view_envelope(old)));
  BOOST_TEST(is_newest(**view_envelope(written(pause("ann")))));
}

BOOST_AUTO_TEST_CASE(versions_change_no_hash_of_before_and_are_covered_by_those_after) {
  const Recorded before = pause("ann");
  const Bytes payload = pack(before.event);
  const Upcasters one({{EventBody::GoalPaused, 0, in_capitals}});
  const OtherUpcasters later(one);
  BOOST_TEST((event_hash(before, payload) != before.hash));
  BOOST_TEST(stored_kind(EventBody::GoalPaused) == (0x100 | static_cast<unsigned>(EventBody::GoalPaused)));
  BOOST_TEST(stored_kind(EventBody::GoalResumed) == static_cast<unsigned>(EventBody::GoalResumed));
}

BOOST_AUTO_TEST_CASE(a_record_of_a_newer_program_is_refused_with_its_version) {
  Bytes newer;
  {
    const Upcasters two({{EventBody::GoalPaused, 0, in_capitals}, {EventBody::GoalPaused, 1, in_brackets}});
    const OtherUpcasters later(two);
    newer = written(pause("ann"));
    BOOST_TEST(check_vocabulary(vocabulary()).has_value());
  }
  const auto refused = decode_envelope(newer);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == "events.newer_kind");
  BOOST_TEST(refused.error().message ==
             "there are events of kind GoalPaused in version 2, this program reads up to version 0");
  BOOST_TEST(refused.error().where == "coordinator/main#1");
  const auto unknown = check_kind(250);
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error().message == "there are events of kind 250, this program knows kinds up to " +
                                            std::to_string(static_cast<int>(EventBody::MAX)));
}

BOOST_AUTO_TEST_CASE(a_vocabulary_is_refused_by_whoever_lacks_a_word_of_it) {
  BOOST_TEST(check_vocabulary(vocabulary()).has_value());
  BOOST_TEST(check_vocabulary({}).has_value());
  Bytes larger = vocabulary();
  larger.push_back(0);
  BOOST_TEST(check_vocabulary(larger).error().code == "events.newer_kind");
  Bytes later = vocabulary();
  later[static_cast<std::size_t>(EventBody::TrialFinished)] = 3;
  BOOST_TEST(check_vocabulary(later).error().message ==
             "there are events of kind TrialFinished in version 3, this program reads up to version 0");
  BOOST_TEST((join_vocabularies(later, vocabulary()) == later));
  BOOST_TEST((join_vocabularies(vocabulary(), larger) == larger));
  BOOST_TEST(check_vocabulary(Bytes(300, 0)).error().code == "events.newer_kind");
}

BOOST_AUTO_TEST_CASE(upcasters_that_leave_a_version_out_are_a_defect) {
  using List = std::vector<Upcaster>;
  BOOST_CHECK_THROW(Upcasters(List{{EventBody::GoalPaused, 1, in_capitals}}), std::logic_error);
  BOOST_CHECK_THROW(
      Upcasters(List{{EventBody::GoalPaused, 0, in_capitals}, {EventBody::GoalPaused, 0, in_brackets}}),
      std::logic_error);
  BOOST_CHECK_THROW(Upcasters(List{{EventBody::GoalPaused, 0, nullptr}}), std::logic_error);
}

// --- schemas -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(schemas_only_grow_from_release_to_release) {
  namespace fs = std::filesystem;
  std::size_t compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(RELEASED_SCHEMAS)) {
    if (entry.path().extension() != ".fbs") continue;
    const auto current = fs::path(SCHEMAS) / entry.path().filename();
    BOOST_REQUIRE_MESSAGE(fs::exists(current), current << " is gone");
    BOOST_TEST_CONTEXT(entry.path()) {
      for (const auto& change : lost(*parse(entry.path()), *parse(current))) BOOST_ERROR(change);
    }
    ++compared;
  }
  BOOST_TEST(compared >= 6u);
}

BOOST_AUTO_TEST_CASE(whatever_a_schema_loses_is_found) {
  const char* before =
      "enum E : ubyte { A, B } table T { a: int; b: string; } table U { t: T; } union V { T, U }";
  BOOST_TEST(lost_between(before, before).empty());
  BOOST_TEST(lost_between(before,
                          "enum E : ubyte { A, B, C } table T { a: int; b: string; c: [T]; }"
                          "table U { t: T; } table W { } union V { T, U, W }")
                 .empty());
  const std::pair<const char*, const char*> broken[] = {
      {"enum E : ubyte { A, B } table T { a: int; } table U { t: T; } union V { T, U }", "T.b: gone"},
      {"enum E : ubyte { A, B } table T { a: int; c: string; } table U { t: T; } union V { T, U }",
       "T.b: gone"},
      {"enum E : ubyte { A, B } table T { b: string; a: int; } table U { t: T; } union V { T, U }",
       "T.a: renumbered"},
      {"enum E : ubyte { A, B } table T { a: uint; b: string; } table U { t: T; } union V { T, U }",
       "T.a: uint, was int"},
      {"enum E : ubyte { A, B } table T { a: int = 7; b: string; } table U { t: T; } union V { T, U }",
       "T.a: another default, no longer required, or deprecated"},
      {"enum E : ubyte { A } table T { a: int; b: string; } table U { t: T; } union V { T, U }", "E.B: gone"},
      {"enum E : ubyte { B, A } table T { a: int; b: string; } table U { t: T; } union V { T, U }",
       "E.A: renumbered"},
      {"enum E : ubyte { A, B } table T { a: int; b: string; } table U { t: T; } union V { U, T }",
       "V.T: renumbered"},
      {"enum E : ubyte { A, B } table T { a: int; b: string; } union V { T }", "U: gone"}};
  for (const auto& [after, change] : broken) {
    const auto found = lost_between(before, after);
    BOOST_TEST((std::find(found.begin(), found.end(), change) != found.end()), change << " in " << after);
  }
}

BOOST_AUTO_TEST_SUITE_END()
