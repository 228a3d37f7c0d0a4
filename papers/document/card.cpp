#include "papers/document/card.hpp"

#include <algorithm>
#include <string_view>

#include "papers/document/formulas.hpp"
#include "papers/document/head.hpp"
#include "papers/document/markdown.hpp"

namespace automodel::papers {
namespace {

constexpr std::size_t largest = 1024 * 1024;
constexpr std::size_t most_problems = 100;

struct HeadPlace {
  std::size_t begin = 0, end = 0, body = 0;
  bool closed = true, there = false;
};

std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Between two lines of +++, the first of which is the document's first.
HeadPlace find_head(const std::string& text) {
  HeadPlace head;
  const std::string_view all = text;
  const std::size_t mark = all.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  auto end = std::min(all.find('\n', mark), all.size());
  head.body = mark;
  if (without_return(all.substr(mark, end - mark)) != "+++") return head;
  head.there = true;
  head.begin = std::min(end + 1, all.size());
  for (auto line = head.begin; line < all.size(); line = end + 1) {
    end = std::min(all.find('\n', line), all.size());
    if (without_return(all.substr(line, end - line)) != "+++") continue;
    head.end = line;
    head.body = std::min(end + 1, all.size());
    return head;
  }
  head.closed = false;
  head.end = head.body = all.size();
  return head;
}

/// The offset of the first byte that is not UTF-8; the size where all is.
std::size_t first_wrong_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) {
      return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    const auto first = byte(0);
    const std::size_t size = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
    if (size == 0) return at;
    for (std::size_t i = 1; i < size; ++i)
      if ((byte(i) & 0xC0) != 0x80) return at;
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    if (overlong || (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F)) return at;
    at += size;
  }
  return text.size();
}

class CardReader {
 public:
  CardReader(std::string name, std::string text) {
    read_.card.source = Source(std::move(name), std::move(text));
  }

  ReadCard run() {
    const auto& text = read_.card.source.text();
    if (text.size() > largest) {
      problem("papers.too_large", "the card has more than 1 MiB", {0, 1});
      return std::move(read_);
    }
    if (const auto at = first_wrong_byte(text); at < text.size()) {
      const auto place = static_cast<std::uint32_t>(at);
      problem("papers.syntax", "the card is not UTF-8 here", {place, place + 1});
      return std::move(read_);
    }
    const auto head = find_head(text);
    read_head_of(text, head);
    body(text, head.body);
    std::ranges::stable_sort(read_.problems, {}, [](const Problem& problem) { return problem.span.begin; });
    return std::move(read_);
  }

 private:
  void problem(const char* code, std::string message, Span span, std::vector<std::string> candidates = {}) {
    read_.problems.push_back({code, std::move(message), span, std::move(candidates)});
  }

  void read_head_of(const std::string& text, const HeadPlace& head) {
    if (!head.there)
      return problem("papers.head", "a card begins with its head, TOML between two lines of +++", {0, 1},
                     {"+++"});
    if (!head.closed) problem("papers.head", "the head is not closed by a line of +++", {0, 3}, {"+++"});
    const auto toml = std::string_view(text).substr(head.begin, head.end - head.begin);
    read_.card.head = read_head(toml, static_cast<std::uint32_t>(head.begin), read_.problems);
  }

  void body(const std::string& text, std::size_t begin) {
    const auto formulas = find_formulas(text, begin, read_.problems);
    std::vector<std::vector<Run>> paragraphs;
    if (!read_markdown(text, begin, formulas, paragraphs))
      problem("papers.syntax", "the card's Markdown cannot be read", {0, 1});
    std::ptrdiff_t next = 0;
    for (auto& runs : paragraphs) {
      Paragraph paragraph;
      for (auto& run : runs) {
        Piece piece;
        piece.span = run.span;
        piece.text = std::move(run.text);
        if (run.formula >= 0) {
          for (; next < run.formula; ++next) definition(formulas[static_cast<std::size_t>(next)]);
          next = run.formula + 1;
          const auto& formula = formulas[static_cast<std::size_t>(run.formula)];
          piece.math = formula.math;
          piece.statements = parse(formula);
        }
        paragraph.pieces.push_back(std::move(piece));
      }
      read_.card.paragraphs.push_back(std::move(paragraph));
    }
    for (; next < std::ssize(formulas); ++next) definition(formulas[static_cast<std::size_t>(next)]);
  }

  /// Definitions that stand in the text take effect in order, as those in formulas do.
  void definition(const Formula& formula) {
    if (formula.definition) parse(formula);
  }

  std::vector<Statement> parse(const Formula& formula) {
    if (read_.problems.size() >= most_problems) {
      if (!gave_up_)
        problem("papers.syntax", "too many problems: the formulas from here on are not read", formula.whole);
      gave_up_ = true;
      return {};
    }
    Limits limits;
    limits.expansions = std::min(limits.expansions, expansions_left_);
    auto parsed = parse_formula(formula.math, macros_, limits);
    expansions_left_ -= std::min(expansions_left_, parsed.expanded);
    std::ranges::move(parsed.problems, std::back_inserter(read_.problems));
    return std::move(parsed.statements);
  }

  ReadCard read_;
  Macros macros_;
  bool gave_up_ = false;
  std::size_t expansions_left_ = 1'000'000;  // in all formulas together
};

}  // namespace

ReadCard read_card(std::string name, std::string text) {
  return CardReader(std::move(name), std::move(text)).run();
}

}  // namespace automodel::papers
