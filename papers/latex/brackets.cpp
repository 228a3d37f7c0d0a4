#include <algorithm>
#include <array>

#include "papers/latex/reader.hpp"

namespace automodel::papers {
namespace {

struct Pair {
  Token::Type type;
  std::string_view open, close;
};

/// "," ";" "|" where a separator stands; empty otherwise.
std::string separator(const Token& token) {
  if (token.is_mark(",") || token.is_mark(";")) return token.text;
  if (token.is_mark("|") || token.is_command("|") || token.is_command("mid") || token.is_command("vert"))
    return "|";
  return {};
}

bool is_wildcard(const Token& token) {
  return token.is_mark("*") || token.is_mark(":") || token.is_command("cdot");
}
bool closes(const Token& token, Token::Type type, std::string_view closing) {
  return token.type == type && token.text == closing;
}

bool is_matrix(std::string_view environment) {
  static constexpr std::array<std::string_view, 5> all{"matrix", "bmatrix", "pmatrix", "smallmatrix",
                                                       "array"};
  return std::ranges::find(all, environment) != all.end();
}

}  // namespace

void Reader::close(Type type, std::string_view text, Span opened) {
  if (failed_) return;
  if (peek().type == type && (text.empty() || peek().text == text)) {
    take();
    return;
  }
  if (peek().type == Type::end) return fail("this bracket is never closed", opened);
  unexpected(type == Type::close
                 ? std::string("'}'")
                 : "'" + std::string(type == Type::command ? "\\" : "") + std::string(text) + "'");
}

/// Elements and what separates them, to the closing bracket.
std::vector<Node> Reader::listed(Type type, std::string_view closing, std::vector<std::string>& separators,
                                 Span opened) {
  std::vector<Node> elements;
  while (!failed_) {
    // `\\sigma(\\cdot)`, `X[:, j]`
    const bool any = is_wildcard(peek()) && (closes(peek(1), type, closing) || !separator(peek(1)).empty());
    const auto first = at_;
    if (any) take();
    elements.push_back(any ? make(Kind::wildcard, first) : relation());
    const auto said = separator(peek());
    if (said.empty()) {
      close(type, closing, opened);
      break;
    }
    separators.push_back(said);
    take();
  }
  return elements;
}

Node Reader::bracketed() {
  static constexpr std::array<Pair, 3> pairs{
      {{Type::mark, "(", ")"}, {Type::mark, "[", "]"}, {Type::command, "{", "}"}}};
  const auto first = at_;
  const auto opened = take();
  const auto* pair = std::ranges::find(pairs, std::string_view(opened.text), &Pair::open);
  auto around = around_;
  around.bracket = opened.text[0];
  around.bar = 0;
  around.script_level = around.shape = false;
  const Level level(*this, around);
  std::vector<std::string> separators;
  auto elements = listed(pair->type, pair->close, separators, opened.span);
  if (separators.empty() || failed_) return make(Kind::group, first, std::move(elements), opened.text);
  // The loosest separator makes the list: `(a, b; c)` is two things.
  for (const std::string_view loosest : {";", "|", ","}) {
    if (std::ranges::find(separators, loosest) == separators.end()) continue;
    std::vector<Node> parts;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= separators.size(); ++i) {
      if (i < separators.size() && separators[i] != loosest) continue;
      if (i == start) {
        parts.push_back(std::move(elements[i]));
      } else {
        for (auto k = start; k < i; ++k)
          if (separators[k] != separators[start])
            fail("these separators can be read in more than one way: write brackets", since(first));
        std::vector<Node> some(
            std::make_move_iterator(elements.begin() + static_cast<std::ptrdiff_t>(start)),
            std::make_move_iterator(elements.begin() + static_cast<std::ptrdiff_t>(i) + 1));
        const Span place{some.front().span.begin, some.back().span.end};
        parts.push_back(make(Kind::list, first, std::move(some), separators[start]));
        parts.back().span = place;
      }
      start = i + 1;
    }
    return make(Kind::list, first, std::move(parts), std::string(loosest));
  }
  return {};
}

/// | x |, \| x \|, \lVert x \rVert
Node Reader::norm() {
  const auto first = at_;
  const auto opened = take();
  const bool twice = opened.text == "|" && opened.type == Type::command;
  auto around = around_;
  around.bracket = 0;
  around.bar = twice ? 'N' : '|';
  around.script_level = around.shape = false;
  Type type = opened.type;
  std::string closing = opened.text;
  if (opened.text == "lVert" || opened.text == "lvert") {
    closing[0] = 'r';
    around.bar = 'x';  // no bar closes it
  }
  const Level level(*this, around);
  std::vector<Node> parts;
  parts.push_back(sum());
  close(type, closing, opened.span);
  return make(Kind::norm, first, std::move(parts), opened.text == "lVert" || twice ? "norm" : "abs");
}

Node Reader::inner(std::size_t first) {
  auto around = around_;
  around.bracket = '<';
  around.bar = 0;
  around.script_level = around.shape = false;
  const Level level(*this, around);
  std::vector<std::string> separators;
  auto parts = listed(Type::command, "rangle", separators, tokens_[first].span);
  for (const auto& said : separators)
    if (said != ",") fail("an inner product is \\langle a, b \\rangle", since(first));
  if (parts.size() < 2) fail("an inner product has two parts or more: \\langle a, b \\rangle", since(first));
  return make(Kind::inner, first, std::move(parts));
}

Node Reader::table(std::size_t first, const std::string& environment) {
  auto around = around_;
  around.bracket = '(';
  around.bar = 0;
  around.script_level = around.shape = false;
  const Level level(*this, around);
  if (environment == "cases") return cases(first);
  if (!is_matrix(environment)) {
    fail("\\begin{" + environment + "} is not understood", tokens_[first].span,
         {"\\begin{cases}", "\\begin{bmatrix}"});
    return {};
  }
  std::vector<Node> parts;
  bool down = false, across = false;
  while (!failed_) {
    parts.push_back(relation());
    const bool next_row = peek().is_command("\\");
    if (!next_row && !peek().is_mark("&")) break;
    take();
    if (peek().type == Type::finish) break;
    (next_row ? down : across) = true;
  }
  if (!take_if(Type::finish, environment)) unexpected("\\end{" + environment + "}");
  if (down && across)
    fail("a matrix of rows and columns is not understood: one row or one column is", since(first));
  if (parts.size() == 1) return make(Kind::group, first, std::move(parts), "[");
  return make(Kind::list, first, std::move(parts), down ? ";" : ",");
}

Node Reader::cases(std::size_t first) {
  std::vector<Node> parts;
  while (!failed_ && peek().type != Type::finish) {
    parts.push_back(sum());
    take_if(Type::mark, ",");
    take_if(Type::mark, "&");
    parts.push_back(condition());
    take_if(Type::mark, ",");
    if (!take_if(Type::command, "\\")) break;
  }
  if (!take_if(Type::finish, "cases")) unexpected("\\end{cases}");
  if (parts.empty()) fail("there are no cases", since(first));
  return make(Kind::cases, first, std::move(parts));
}

Node Reader::condition() {
  const auto first = at_;
  if (peek().type == Type::name && (peek().text.starts_with("otherwise") || peek().text == "else")) {
    take();
    return make(Kind::word, first, {}, "otherwise");
  }
  while (peek().type == Type::name && (peek().text == "if" || peek().text == "when" || peek().text == "for"))
    take();
  return relation();
}

}  // namespace automodel::papers
