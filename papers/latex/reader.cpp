#include "papers/latex/reader.hpp"

#include <algorithm>

#include "papers/latex/vocabulary.hpp"

namespace automodel::papers {
namespace {

const Token& nothing() {
  static const Token none;
  return none;
}

std::string shown(const Token& token) {
  if (token.type == Token::Type::end) return "the formula's end";
  if (token.type == Token::Type::begin) return "\\begin{" + token.text + "}";
  if (token.type == Token::Type::finish) return "\\end{" + token.text + "}";
  if (token.type == Token::Type::parameter) return "#" + token.text;
  return token.type == Token::Type::command ? "\\" + token.text : "'" + token.text + "'";
}

}  // namespace

Reader::Reader(Tokens tokens, const Limits& limits, std::vector<Problem>& problems)
    : tokens_(std::move(tokens)), limits_(limits), problems_(problems) {
  note_bars();
}

const Token& Reader::peek(std::size_t ahead) const {
  if (failed_) return nothing();
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token Reader::take() {
  if (failed_) return {};
  auto token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool Reader::take_if(Type type, std::string_view text) {
  if (failed_ || peek().type != type || (!text.empty() && peek().text != text)) return false;
  take();
  return true;
}

void Reader::fail(std::string message, Span span, std::vector<std::string> candidates, const char* code) {
  if (!failed_) problems_.push_back({code, std::move(message), span, std::move(candidates)});
  failed_ = true;
}

void Reader::unexpected(const std::string& wanted) {
  if (!failed_) fail(wanted + " was expected, not " + shown(peek()), peek().span);
}

Span Reader::since(std::size_t first) const {
  const auto& begin = tokens_[std::min(first, tokens_.size() - 1)].span;
  const auto& end = tokens_[at_ > first ? at_ - 1 : first].span;
  // The arguments of a macro may stand in another order than its body names them.
  return {std::min(begin.begin, end.begin), std::max(begin.end, end.end)};
}

Node Reader::make(Kind kind, std::size_t first, std::vector<Node> parts, std::string text) {
  if (++nodes_ > limits_.nodes)
    fail("the formula is too large: more than " + std::to_string(limits_.nodes) + " nodes", since(first), {},
         "papers.too_large");
  Node node;
  node.kind = kind;
  node.text = std::move(text);
  node.parts = std::move(parts);
  node.span = since(first);
  return node;
}

bool Reader::chained(const Token& at) {
  if (++chain_ > limits_.chain)
    fail("the formula is too long: more than " + std::to_string(limits_.chain) + " operators", at.span, {},
         "papers.too_large");
  return !failed_;
}

Reader::Level::Level(Reader& reader) : Level(reader, reader.around_) {}

Reader::Level::Level(Reader& reader, Surroundings around) : reader_(reader), before_(reader.around_) {
  reader.around_ = around;
  if (++reader.depth_ > reader.limits_.depth)
    reader.fail(
        "the formula is nested too deeply: more than " + std::to_string(reader.limits_.depth) + " levels",
        reader.tokens_[reader.at_].span, {}, "papers.too_large");
}

Reader::Level::~Level() {
  reader_.around_ = before_;
  --reader_.depth_;
}

/// An even number of bars on a level are norms, an odd one separates: `(a | b)`, `a |b|`.
void Reader::note_bars() {
  bars_.resize(tokens_.size());
  struct Counted {
    std::vector<std::size_t> single, twice;
  };
  std::vector<Counted> levels(1);
  const auto settle = [&](std::vector<std::size_t>& bars) {
    for (std::size_t i = 0; i < bars.size(); ++i) {
      bars_[bars[i]].partner = i + 1 < bars.size() ? bars[i + 1] : 0;
      bars_[bars[i]].opening = bars.size() % 2 == 0 && i % 2 == 0;
    }
    bars.clear();
  };
  const auto settle_all = [&](Counted& level) {
    settle(level.single);
    settle(level.twice);
  };
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const auto& token = tokens_[i];
    const bool mark = token.type == Type::mark, command = token.type == Type::command;
    if ((mark && token.text == "|") || (command && token.text == "vert"))
      levels.back().single.push_back(i);
    else if (command && token.text == "|")
      levels.back().twice.push_back(i);
    else if (token.type == Type::open || (mark && (token.text == "(" || token.text == "[")) ||
             (command && (token.text == "{" || token.text == "langle")))
      levels.emplace_back();
    else if (token.type == Type::close || (mark && (token.text == ")" || token.text == "]")) ||
             (command && (token.text == "}" || token.text == "rangle"))) {
      settle_all(levels.back());
      if (levels.size() > 1) levels.pop_back();
    } else if ((mark && (token.text == "," || token.text == ";" || token.text == "&")) ||
               (command && (token.text == "\\" || token.text == "quad")) ||
               ((mark || command) && papers::relation(token.text)))
      settle_all(levels.back());
  }
  for (auto& level : levels) settle_all(level);
}

/// Of a bar where an operator could stand. `[a \| b \| c]` joins; `[a \|b\|^2]` does not.
bool Reader::bar_opens_norm(std::size_t at) const {
  const auto& bar = bars_[at];
  if (!bar.opening || bar.partner == 0) return false;
  if (around_.bracket != '[') return true;
  const auto& after = tokens_[std::min(bar.partner + 1, tokens_.size() - 1)];
  return after.is_mark("_") || after.is_mark("^");
}

}  // namespace automodel::papers
