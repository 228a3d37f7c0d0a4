// The body of a card: paragraphs, formulas, and where they stand.
#include <boost/test/unit_test.hpp>

#include "papers/document/card.hpp"
#include "tests/papers/latex/reading.hpp"

using namespace automodel::papers;

namespace {

const std::string head = "+++\nmethod = \"x\"\n+++\n";

ReadCard card(const std::string& body) { return read_card("x.md", head + body); }

/// One line a paragraph: text, and what formulas say between < and >.
std::string said(const ReadCard& read) {
  std::string text;
  for (const auto& paragraph : read.card.paragraphs) {
    for (const auto& piece : paragraph.pieces) {
      if (!piece.math) text += piece.text;
      for (std::size_t i = 0; i < piece.statements.size(); ++i)
        text += (i == 0 ? "<" : " ; ") + said(piece.statements[i]) +
                (i + 1 == piece.statements.size() ? ">" : "");
    }
    text += '\n';
  }
  for (const auto& problem : read.problems) text += "! " + problem.code + ": " + problem.message + "\n";
  return text;
}

std::string body(const std::string& text) { return said(card(text)); }

/// Every byte of every formula is the byte of the document that it says.
void places_are_right(const ReadCard& read) {
  const auto& text = read.card.source.text();
  for (const auto& paragraph : read.card.paragraphs)
    for (const auto& piece : paragraph.pieces)
      if (piece.math) {
        BOOST_REQUIRE_EQUAL(piece.math->offsets.size(), piece.math->text.size() + 1);
        for (std::size_t i = 0; i < piece.math->text.size(); ++i)
          BOOST_REQUIRE_EQUAL(text.at(piece.math->offsets[i]), piece.math->text[i]);
      }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(papers_cards)

BOOST_AUTO_TEST_CASE(the_card_of_the_design_is_read) {
  const auto read = read_card("deepfm.md", R"(+++
method = "deepfm"
task = "ctr"
source = "DeepFM, IJCAI 2017, arXiv 1703.04247"
[parameters]
k = { default = 10, range = [4, 64] }
hidden = { default = [128, 128, 128] }
dropout = { default = 0.2, range = [0.0, 0.5] }
+++
The value of each field $i = 1, \dots, n$ has an embedding $\mathbf{e}_i \in \mathbb{R}^{k}$ and a weight $w_i \in \mathbb{R}$.

$$ y_\mathrm{linear} = b + \sum_{i=1}^{n} w_i $$
$$ \hat{y} = \sigma(y_\mathrm{linear}) $$
)");
  BOOST_TEST(said(read) ==
             "The value of each field <i from 1 to n> has an embedding <b:e_{i} in B:R^{k}> and a weight "
             "<w_{i} in B:R>.\n"
             "<y_{\"linear\"} = (add b (big:sum w_{i})_{(relation:= i 1)}^{n})> <y_hat = (call:sigma "
             "y_{\"linear\"})>\n");
  BOOST_TEST(read.card.head.method == "deepfm");
  BOOST_TEST(read.card.head.parameters.size() == 3u);
  const auto& equation = read.card.paragraphs.at(1).pieces.at(0).statements.at(0);
  BOOST_TEST(read.card.source.text_of(equation.span) == R"(y_\mathrm{linear} = b + \sum_{i=1}^{n} w_i)");
  BOOST_TEST(read.card.source.line(equation.span.begin) == 12u);
  places_are_right(read);
}

BOOST_AUTO_TEST_CASE(displays_are_written_in_many_ways) {
  for (const std::string text :
       {"$$ a = b $$", "\\[ a = b \\]", "$a = b$", "\\( a = b \\)", "\\begin{equation} a = b \\end{equation}",
        "\\begin{align*} a &= b \\end{align*}", "\\begin{gather}\na = b\n\\end{gather}",
        "\\begin{multline} a = b \\end{multline}", "$$\n  a\n= b\n$$",
        "$$\\begin{aligned} a &= b \\end{aligned}$$", "> $$\n> a\n> = b\n> $$", "- $$ a\n  = b $$",
        "    \n$$\n- a = - a, \\quad\na = b\n$$"}) {
    BOOST_TEST_CONTEXT(text) {
      const auto read = card(text);
      BOOST_TEST(said(read).find("<") != std::string::npos);
      BOOST_TEST(said(read).find("a = b>") != std::string::npos);
      BOOST_TEST(read.problems.empty());
      places_are_right(read);
    }
  }
  BOOST_TEST(body("\\begin{cases} a & b > 0 \\\\ c & \\text{otherwise} \\end{cases}") ==
             "<(cases a (relation:> b 0) c \"otherwise\")>\n");
}

BOOST_AUTO_TEST_CASE(what_markdown_means_something_by_is_left_alone_in_formulas) {
  BOOST_TEST(body("*so* $a_i * b_j * c_k$ and $W[x](y)$ with $|x|$, $i<j$ and $k>l$ `x`") ==
             "so <(product a_{i} b_{j} c_{k})> and <(product W (group:[ x) (group:( y))> with <(norm:abs "
             "x)>, <(relation:< i j)> and <(relation:> k l)> x\n");
  BOOST_TEST(body("| name | value |\n|---|---|\n| $|x|$ | $a_1$ |\n") ==
             "name\nvalue\n<(norm:abs x)>\n<a_{1}>\n");
  BOOST_TEST(body("# The $x$\n\n1. one $y$\n2. two\n") == "The <x>\none <y>\ntwo\n");
  BOOST_TEST(body("$$\na\n+ b\n- c\n= d\n$$") == "<(subtract (add a b) c) = d>\n");
}

BOOST_AUTO_TEST_CASE(formulas_in_code_are_none) {
  BOOST_TEST(body("see `$x$` and ``a ` $y$`` but $z$") == "see $x$ and a ` $y$ but <z>\n");
  BOOST_TEST(body("```\n$$ a = $$\n```\n$b$") == "<b>\n");
  BOOST_TEST(body("~~~~tex\n$a$\n~~~\n$b$\n~~~~\n$c$") == "<c>\n");
  BOOST_TEST(body("- ```\n  $a$\n  ```\n- $c$") == "<c>\n");
  BOOST_TEST(body("text\n\n    $a$\n\n$b$") == "text\n<b>\n");
  BOOST_TEST(body("a ` b $c$") == "a ` b <c>\n");
}

BOOST_AUTO_TEST_CASE(running_text_has_its_white_space_collapsed_and_its_place) {
  const auto read = card("a  b\n*c* &amp; \\$5 $x$ d");
  BOOST_TEST(said(read) == "a b c & $5 <x> d\n");
  const auto& pieces = read.card.paragraphs.at(0).pieces;
  BOOST_TEST(read.card.source.text_of(pieces[1].span) == "$x$");
  BOOST_TEST(read.card.source.text_of(pieces[2].span) == " d");
}

BOOST_AUTO_TEST_CASE(macros_are_defined_in_formulas_and_in_the_text) {
  BOOST_TEST(body("\\newcommand{\\vx}{\\mathbf{x}}\n\\def\\e#1{\\mathbf{e}_{#1}}\n\n$\\vx$ and $\\e{i}$") ==
             "<b:x> and <b:e_{i}>\n");
  BOOST_TEST(body("$\\newcommand{\\a}{b}$ $\\a$") == " <b>\n");
}

BOOST_AUTO_TEST_CASE(a_formula_that_is_never_closed_is_a_problem_at_its_beginning) {
  const auto read = card("a\n\nb $$ c = d\n\nand $x$");
  BOOST_REQUIRE_EQUAL(read.problems.size(), 1u);
  BOOST_TEST(read.problems[0].message == "a formula begins here and is not closed before the paragraph ends");
  BOOST_TEST(read.card.source.line(read.problems[0].span.begin) == 6u);
  BOOST_TEST(read.card.source.column(read.problems[0].span.begin) == 3u);
  BOOST_TEST(said(read).find("and <x>") != std::string::npos);
  BOOST_TEST(card("\\begin{align} a").problems.size() == 1u);
  BOOST_TEST(card("costs $5").problems.size() == 1u);
}

BOOST_AUTO_TEST_CASE(problems_of_formulas_have_their_place_in_the_document) {
  const auto read = card("text $a$\n\n$$ x + \\foo $$\n");
  BOOST_REQUIRE_EQUAL(read.problems.size(), 1u);
  BOOST_TEST(describe(read.problems[0], read.card.source) ==
             "x.md:6: \\foo is not a command that is understood\n"
             "   6 | $$ x + \\foo $$\n"
             "     |        ^~~~");
}

BOOST_AUTO_TEST_CASE(large_and_strange_cards_are_refused_or_read_in_time) {
  BOOST_TEST(read_card("x", std::string(1024 * 1024 + 1, 'a')).problems.at(0).code == "papers.too_large");
  BOOST_TEST(card("\xff").problems.at(0).message == "the card is not UTF-8 here");
  for (const std::string piece :
       {"$", "\\[ ", "\\begin{align}", "`", "$x$ ", "> ", "- ", "\\newcommand", "*a", "[", "$\\a$", "```\n",
        "|a", "_", "$$a$$\n", "```\nx\n", "\\[\n```\n"}) {
    std::string text;
    while (text.size() < 500'000)  // where time grew with the square, minutes
      text += piece;
    BOOST_TEST_CONTEXT(piece) BOOST_TEST(card(text).problems.size() <= 101u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
