// Lines, columns and the caret under what is meant.
#include <boost/test/unit_test.hpp>

#include "papers/document/source.hpp"

using namespace automodel::papers;

BOOST_AUTO_TEST_SUITE(papers_places)

BOOST_AUTO_TEST_CASE(offsets_have_lines_and_columns_counted_from_one) {
  const Source source("a.md", "ab\ncd\r\n\ne");
  BOOST_TEST(source.line(0) == 1u);
  BOOST_TEST(source.line(2) == 1u);
  BOOST_TEST(source.line(3) == 2u);
  BOOST_TEST(source.column(4) == 2u);
  BOOST_TEST(source.line(8) == 4u);
  BOOST_TEST(source.line(9) == 4u);
  BOOST_TEST(source.line_text(2) == "cd");
  BOOST_TEST(source.line_text(3) == "");
  BOOST_TEST(source.line_text(9) == "");
  BOOST_TEST(source.text_of({3, 5}) == "cd");
  BOOST_TEST(source.text_of({8, 99}) == "e");
  BOOST_TEST(Source().line(0) == 1u);
  BOOST_TEST(Source().column(0) == 1u);
}

BOOST_AUTO_TEST_CASE(a_problem_is_described_as_compilers_do) {
  const Source source("deepfm.md", "text\n$$ x = x_0 \\odot (W x + b) $$\n");
  const auto begin = static_cast<std::uint32_t>(source.text().find("(W"));
  const Problem problem{"papers.shape_conflict",
                        "the shapes differ",
                        {begin, begin + 9},
                        {"d is from line 9", "k is from line 3"}};
  BOOST_TEST(describe(problem, source) ==
             "deepfm.md:2: the shapes differ\n"
             "   2 | $$ x = x_0 \\odot (W x + b) $$\n"
             "     |                  ^~~~~~~~~\n"
             "   d is from line 9\n"
             "   k is from line 3");
}

BOOST_AUTO_TEST_CASE(the_caret_counts_characters_and_stays_in_its_line) {
  const Source source("a.md", "Größe\t$x$\nnext");
  BOOST_TEST(describe({"c", "m", {9, 40}, {}}, source) == "a.md:1: m\n   1 | Größe $x$\n     |        ^~");
  BOOST_TEST(describe({"c", "m", {100, 101}, {}}, source) == "a.md:2: m\n   2 | next\n     |     ^");
}

BOOST_AUTO_TEST_CASE(long_lines_are_cut_around_the_place) {
  const Source source("a.md", std::string(1000, 'a') + "!" + std::string(1000, 'b'));
  const auto said = describe({"c", "m", {1000, 1001}, {}}, source);
  BOOST_TEST(said.size() < 500u);
  BOOST_TEST(said.find("a!b") != std::string::npos);
  const auto caret = said.substr(said.rfind('\n') + 1);
  const auto line = said.substr(said.find('\n') + 1, said.rfind('\n') - said.find('\n') - 1);
  // The ellipsis is one character of three bytes.
  BOOST_TEST(caret.find('^') == line.find('!') - 2);
}

BOOST_AUTO_TEST_CASE(control_characters_do_not_reach_a_terminal) {
  const Source source("a.md", "a\x1b[31mb");
  BOOST_TEST(describe({"c", "m", {0, 1}, {}}, source).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
