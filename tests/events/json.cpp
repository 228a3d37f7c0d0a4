#include <boost/test/unit_test.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "events/codec.hpp"
#include "tests/events/any_table.hpp"

using namespace automodel;
using namespace automodel::events;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(json_view)

BOOST_AUTO_TEST_CASE(every_kind_of_event_is_valid_json) {
  for (const EventBody kind : EnumValuesEventBody()) {
    if (kind == EventBody::NONE) continue;
    const Recorded record = testing::AnyTable(static_cast<std::uint64_t>(kind)).record(kind);
    const json parsed = json::parse(to_json(record));
    BOOST_TEST(parsed.at("kind") == std::string(kind_name(kind)));
    BOOST_TEST(parsed.at("hash") == hex(record.hash));
    BOOST_TEST(parsed.at("sequence") == record.sequence);
    BOOST_TEST(parsed.at("body").is_object());
    BOOST_TEST(json::parse(to_json(record.event)).at("body_type") == std::string(kind_name(kind)));
    BOOST_TEST(json::parse(to_json(record.event)).at("body") == parsed.at("body"));
  }
}

BOOST_AUTO_TEST_CASE(enumerators_are_shown_by_name_and_absent_fields_left_out) {
  OutcomeObservedT outcome;
  outcome.verdict = events::Verdict::Worse;
  outcome.has_outer = true;
  const json parsed = json::parse(to_json(outcome));
  BOOST_TEST(parsed == json::parse(R"({"verdict":"Worse","has_outer":true})"));
}

BOOST_AUTO_TEST_CASE(text_is_escaped_and_what_is_no_utf8_is_replaced) {
  FailureT failure;
  failure.message = "quote \" backslash \\ line\n tab\t bell\x07 délta 電 \xF0\x9F\x98\x80";
  BOOST_TEST(json::parse(to_json(failure)).at("message") == failure.message);
  failure.message = std::string("zero\0 in it", 11);
  BOOST_TEST(json::parse(to_json(failure)).at("message") == failure.message);
  // Overlong, surrogate, cut short, beyond the last plane, a lone tail.
  for (const char* wrong : {"\xC0\xAF", "\xED\xA0\x80", "\xE2\x82", "\xF5\x80\x80\x80", "\x80"}) {
    failure.message = std::string("a") + wrong;
    const auto shown = json::parse(to_json(failure)).at("message").get<std::string>();
    BOOST_TEST(shown.starts_with("a\xEF\xBF\xBD"));
  }
}

BOOST_AUTO_TEST_CASE(numbers_are_exact_and_those_json_has_no_word_for_are_null) {
  MetricT metric;
  metric.value = 0.1 + 0.2;
  metric.low = std::numeric_limits<double>::quiet_NaN();
  metric.high = -std::numeric_limits<double>::infinity();
  const json parsed = json::parse(to_json(metric));
  BOOST_TEST(parsed.at("value").get<double>() == 0.1 + 0.2);
  BOOST_TEST(parsed.at("low").is_null());
  BOOST_TEST(parsed.at("high").is_null());
  CycleContextT context;
  context.rows = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(json::parse(to_json(context)).at("rows").get<std::uint64_t>() == context.rows);
}

BOOST_AUTO_TEST_CASE(a_record_without_a_body_shows_null) {
  BOOST_TEST(json::parse(to_json(Recorded{})).at("body").is_null());
}

BOOST_AUTO_TEST_CASE(hashes_are_shown_in_hex) {
  const Recorded record = testing::AnyTable(4).record(EventBody::GoalPaused);
  const auto envelope = unpack<EnvelopeT>(encode_envelope(record, pack(record.event)));
  BOOST_REQUIRE(envelope.has_value());
  BOOST_TEST(json::parse(to_json(*envelope)).at("hash") == hex(record.hash));
}

BOOST_AUTO_TEST_SUITE_END()
