#include "base/place.hpp"

#include <boost/test/unit_test.hpp>

using automodel::place_in;

BOOST_AUTO_TEST_CASE(a_place_is_a_column_and_the_text_in_one_line) {
  BOOST_TEST(place_in("a + b", 2) == "column 3 of 'a + b'");
  BOOST_TEST(place_in("", 0) == "column 1 of ''");
  BOOST_TEST(place_in("a", 99) == "column 2 of 'a'");
  BOOST_TEST(place_in("a\nb\x1b[2J", 1) == "column 2 of 'a b [2J'");
}

BOOST_AUTO_TEST_CASE(of_a_long_text_the_part_around_the_place_is_shown_in_whole_letters) {
  const std::string text = std::string(200, 'x') + "HERE" + std::string(200, 'y');
  const std::string place = place_in(text, 200);
  BOOST_TEST(place.starts_with("column 201 of '…xxx"));
  BOOST_TEST(place.find("HERE") != std::string::npos);
  BOOST_TEST(place.ends_with("y…'"));
  BOOST_TEST(place.size() < 120u);
  std::string letters;
  for (int i = 0; i < 100; ++i) letters += "é";
  for (std::size_t at = 0; at < letters.size(); at += 2) {
    const std::string shown = place_in(letters, at);
    for (std::size_t i = 0; i + 1 < shown.size(); ++i)  // no first byte of é without its second
      if (shown[i] == '\xC3') BOOST_REQUIRE(shown[i + 1] == '\xA9');
  }
}
