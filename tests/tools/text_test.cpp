#include "tools/automodel/text.hpp"

#include <boost/test/unit_test.hpp>

using namespace automodel::tools;

BOOST_AUTO_TEST_CASE(text_is_cut_by_code_points_and_never_inside_one) {
  BOOST_TEST(clip("abc", 3) == "abc");
  BOOST_TEST(clip("abcd", 3) == "ab…");
  BOOST_TEST(clip("äöüß", 3) == "äö…");
  BOOST_TEST(clip("abc", 0) == "");
  BOOST_TEST(clip("a\x1b[31mb\nc", 20) == "a [31mb c");
}

BOOST_AUTO_TEST_CASE(numbers_are_written_for_people) {
  BOOST_TEST(grouped(0) == "0");
  BOOST_TEST(grouped(999) == "999");
  BOOST_TEST(grouped(100004) == "100,004");
  BOOST_TEST(grouped(1234567) == "1,234,567");
  BOOST_TEST(fixed(0.83456, 3) == "0.835");
}

BOOST_AUTO_TEST_CASE(a_table_has_aligned_columns_and_no_trailing_spaces) {
  BOOST_TEST(table_text({{"a", "bb"}, {"ccc", ""}, {"é", "d"}}) == "a    bb\n───────\nccc\né    d\n");
}

BOOST_AUTO_TEST_CASE(times_are_in_utc) {
  BOOST_TEST(time_text(1'000'000'000'000'000'000) == "2001-09-09 01:46:40");
}
