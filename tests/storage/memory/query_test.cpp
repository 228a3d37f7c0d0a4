#include "storage/memory/query.hpp"

#include <boost/test/unit_test.hpp>

#include "history.hpp"
#include "storage/memory/format.hpp"

using namespace automodel;
using namespace automodel::storage;
using namespace automodel::storage::testing;

namespace {

const RowReader& rows() {
  static const auto folded = fold(small_goal().events());
  return *folded;
}

Result<std::vector<nlohmann::json>> ask(const std::string& text) {
  auto query = parse_query(text);
  if (!query) return fail(query.error());
  return run_query(*query, rows());
}

std::vector<std::string> names(const std::string& text, const std::string& field) {
  auto found = ask(text);
  BOOST_REQUIRE_MESSAGE(found, text + ": " + (found ? "" : to_string(found.error())));
  std::vector<std::string> result;
  for (const auto& row : *found) result.push_back(row[field]);
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

#define NAMES_ARE(query, field, ...) \
  BOOST_TEST(names(query, field) == (Names{__VA_ARGS__}), boost::test_tools::per_element())

BOOST_AUTO_TEST_SUITE(memory_query)

BOOST_AUTO_TEST_CASE(rows_come_in_order_of_time) {
  NAMES_ARE("trials", "trial", "ftrial-1", "trial-3", "trial-2", "trial-4", "trial-5");
}

BOOST_AUTO_TEST_CASE(filters_compare_fields_metrics_and_settings) {
  NAMES_ARE("trials status=finished auc>0.79", "trial", "trial-3", "trial-2");
  NAMES_ARE("trials method~deep status!=finished", "trial", "trial-4", "trial-5");
  NAMES_ARE("trials lr>=0.01", "trial", "ftrial-1", "trial-4");
  NAMES_ARE("trials config.method=FM", "trial", "trial-2");
  NAMES_ARE("features status=kept gain>0.05", "feature", "mean(label | user)");
  NAMES_ARE("features passed=false", "feature", "hour(time)");
  NAMES_ARE("features feature=\"mean(label | user)\"", "feature", "mean(label | user)");
  NAMES_ARE("goals features_kept~mean", "id", "goal-1");
  NAMES_ARE("decisions verdict=better subject=trial-3 by=autoperf", "ref");
  NAMES_ARE("decisions chosen=promote", "by", "autoperf");
}

BOOST_AUTO_TEST_CASE(times_can_be_written_as_dates) {
  NAMES_ARE("goals time>=2020-01-01 time<2100-01-01T00:00", "id", "goal-1");
  NAMES_ARE("goals time<2020-01-01", "id");
}

BOOST_AUTO_TEST_CASE(sorting_falls_with_a_minus_and_rows_without_a_value_come_last) {
  NAMES_ARE("trials sort=-auc limit=2", "trial", "trial-3", "trial-2");
  NAMES_ARE("trials sort=auc", "trial", "trial-5", "ftrial-1", "trial-2", "trial-3", "trial-4");
  NAMES_ARE("trials sort=trial", "trial", "ftrial-1", "trial-2", "trial-3", "trial-4", "trial-5");
}

BOOST_AUTO_TEST_CASE(names_sort_by_their_numbers) {
  BOOST_TEST(natural_compare("trial-2", "trial-10") < 0);
  BOOST_TEST(natural_compare("autotrain/main#9", "autotrain/main#10") < 0);
  BOOST_TEST(natural_compare("a", "a1") < 0);
  BOOST_TEST(natural_compare("a007", "a7") == 0);
}

BOOST_AUTO_TEST_CASE(every_table_can_be_asked_and_shows_columns_that_it_has) {
  for (const auto& table : memory_tables()) {
    auto found = ask(table);
    BOOST_REQUIRE_MESSAGE(found, table);
    BOOST_TEST(!found->empty(), table + " is empty");
    std::string columns;
    for (const auto& column : default_columns(table)) columns += (columns.empty() ? "" : ",") + column;
    auto shown = ask(table + " columns=" + columns);
    BOOST_TEST(shown.has_value(), table + ": " + (shown ? "" : to_string(shown.error())));
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_table_is_named_with_a_suggestion) {
  auto found = ask("trails status=kept");
  BOOST_REQUIRE(!found);
  BOOST_TEST(found.error().code == "memory.no_such_table");
  BOOST_TEST(found.error().hint.find("did you mean 'trials'?") == 0u);
}

BOOST_AUTO_TEST_CASE(errors_are_one_line_that_points_at_the_place) {
  struct Wrong {
    const char* query;
    const char* code;
    const char* where;
  };
  const Wrong wrong[] = {
      {"", "memory.syntax", "column 1, at its end"},
      {"trials status", "memory.syntax", "column 14, at its end"},
      {"trials auc>>0.8", "memory.syntax", "column 12, at '>0.8'"},
      {"trials auc==0.8", "memory.syntax", "column 12, at '=0.8'"},
      {"trials auc>~0.8 status=kept", "memory.syntax", "column 12, at '~0.8 status=kept'"},
      {"trials auc>", "memory.syntax", "column 12, at its end"},
      {"trials =x", "memory.syntax", "column 8, at '=x'"},
      {"features reason=\"no end", "memory.syntax", "column 17, at '\"no end'"},
      {"features reason=\"a\"b", "memory.syntax", "column 20, at 'b'"},
      {"trials limit=many", "memory.syntax", "column 14, at 'many'"},
      {"trials limit=2 limit=3", "memory.syntax", "column 22, at '3'"},
      {"trials sort=-", "memory.syntax", "column 14, at its end"},
      {"trials sort=auc,,seconds", "memory.syntax", "column 17, at ',seconds'"},
      {"trials sort=auc sort=seconds", "memory.syntax", "column 22, at 'seconds'"},
      {"trials sort=auc,secnods", "memory.no_such_field", "column 17, at 'secnods'"},
      {"trials columns=trial,", "memory.syntax", "column 22, at its end"},
      {"trials columns=trial,acu", "memory.no_such_field", "column 22, at 'acu'"},
      {"trials statsu=kept", "memory.no_such_field", "column 8, at 'statsu=kept'"},
      {"trials seconds>long", "memory.not_a_number", "column 8, at 'seconds>long'"},
      {"trials seconds>inf", "memory.not_a_number", "column 8, at 'seconds>inf'"},
      {"trails\tstatus=kept", "memory.no_such_table", "column 1, at 'trails status=kept'"},
  };
  for (const auto& [query, code, where] : wrong) {
    const auto found = ask(query);
    BOOST_REQUIRE_MESSAGE(!found, query);
    BOOST_TEST(found.error().code == code, query);
    BOOST_TEST(found.error().where == where, query << ": " << found.error().where);
    BOOST_TEST(to_string(found.error()).find('\n') == std::string::npos, query);
  }
  BOOST_TEST(ask("trials statsu=kept").error().hint.find("did you mean 'status'?") == 0u);
}

BOOST_AUTO_TEST_CASE(a_quoted_value_may_begin_with_an_operator_or_be_empty) {
  NAMES_ARE("features reason=\">0.5\"", "feature");
  NAMES_ARE("features reason~\"\" sort=feature limit=1", "feature", "hour(time)");
  BOOST_TEST(parse_query("trials auc>-1").has_value());
  BOOST_TEST(parse_query("trials reason=")->filters.at(0).value.empty());
}

BOOST_AUTO_TEST_CASE(rows_are_sorted_by_several_columns) {
  NAMES_ARE("trials sort=status,-auc", "trial", "trial-4", "trial-3", "trial-2", "ftrial-1", "trial-5");
  NAMES_ARE("trials sort=-status,auc", "trial", "trial-5", "ftrial-1", "trial-2", "trial-3", "trial-4");
  NAMES_ARE("trials sort=status,-trial limit=2", "trial", "trial-4", "trial-3");
}

BOOST_AUTO_TEST_CASE(times_go_to_text_and_back) {
  BOOST_TEST(time_text(0) == "1970-01-01T00:00:00Z");
  BOOST_TEST(*parse_time("2026-11-23T01:51:36Z") == 1795398696000000000);
  BOOST_TEST(time_text(1795398696000000000) == "2026-11-23T01:51:36Z");
  BOOST_TEST(!parse_time("2026-13-01"));
  BOOST_TEST(!parse_time("yesterday"));
}

BOOST_AUTO_TEST_CASE(a_table_is_aligned_with_numbers_to_the_right) {
  auto found = ask("trials status=finished sort=-auc columns=trial,auc");
  BOOST_REQUIRE(found);
  BOOST_TEST(as_table(*found, {"trial", "auc"}) ==
             "trial      auc\n"
             "trial-3   0.83\n"
             "trial-2    0.8\n"
             "ftrial-1  0.78\n");
  BOOST_TEST(as_table({}, {"trial"}) == "nothing found\n");
}

BOOST_AUTO_TEST_CASE(csv_quotes_what_holds_commas_and_quotes) {
  std::vector<nlohmann::json> made{{{"a", "x,\"y\""}, {"b", 0.1}}};
  BOOST_TEST(as_csv(made, {"a", "b"}) == "a,b\r\n\"x,\"\"y\"\"\",0.1\r\n");
}

BOOST_AUTO_TEST_CASE(json_lines_hold_one_object_each) {
  auto found = ask("trials");
  BOOST_REQUIRE(found);
  const auto text = as_json_lines(*found);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 5);
  BOOST_TEST(nlohmann::json::parse(text.substr(0, text.find('\n')))["trial"] == "ftrial-1");
}

BOOST_AUTO_TEST_CASE(long_cells_are_cut_between_characters) {
  std::vector<nlohmann::json> made{{{"a", "äöüäöüäöü"}}};
  BOOST_TEST(as_table(made, {"a"}, 5) == "a\näöüä…\n");
}

BOOST_AUTO_TEST_SUITE_END()
