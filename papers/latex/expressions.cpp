#include <algorithm>
#include <array>

#include "papers/latex/reader.hpp"
#include "papers/latex/vocabulary.hpp"

namespace automodel::papers {
namespace {

/// \odot -> hadamard; `number` stands for none.
Kind term_operator(const Token& token) {
  if (token.is_mark("/") || token.is_command("div")) return Kind::divide;
  if (token.type != Token::Type::command) return Kind::number;
  if (token.text == "odot" || token.text == "circ" || token.text == "ast") return Kind::hadamard;
  if (token.text == "otimes") return Kind::outer;
  return token.text == "oplus" ? Kind::direct : Kind::number;
}

bool is_pipe(const Token& token) {
  return token.is_mark("|") || token.is_command("|") || token.is_command("mid") || token.is_command("vert");
}

/// Commands that cannot begin a factor; all others do, or are unknown, which `atom` says.
bool stands_between(std::string_view command) {
  static constexpr std::array<std::string_view, 20> all{
      "cdot", "times",  "odot",  "circ",  "ast", "otimes", "oplus", "div",    "quad", "\\",
      "}",    "rangle", "rVert", "rvert", "mid", "top",    "prime", "forall", "|",    "vert"};
  return std::ranges::find(all, command) != all.end();
}

}  // namespace

Node Reader::relation() {
  const auto first = at_;
  auto left = piped();
  while (!failed_ && (peek().type == Type::mark || peek().type == Type::command)) {
    const auto* said = papers::relation(peek().text);
    if (!said || !chained(peek())) break;
    const auto text = *said;
    take();
    auto right = piped();
    std::vector<Node> parts;
    parts.push_back(std::move(left));
    parts.push_back(std::move(right));
    left = make(Kind::relation, first, {}, text);
    left.parts = std::move(parts);
  }
  return left;
}

/// `a \| b` with no brackets around it. In brackets it is up to `listed`.
Node Reader::piped() {
  const auto first = at_;
  auto node = sum();
  if (around_.bracket != 0 || around_.bar != 0 || !is_pipe(peek())) return node;
  std::vector<Node> parts;
  parts.push_back(std::move(node));
  while (is_pipe(peek())) {
    take();
    parts.push_back(sum());
  }
  return make(Kind::list, first, std::move(parts), "|");
}

Node Reader::sum() {
  const auto first = at_;
  auto left = signed_term();
  while (peek().is_mark("+") || peek().is_mark("-")) {
    if (!chained(peek())) break;
    const auto kind = take().text == "+" ? Kind::add : Kind::subtract;
    auto right = signed_term();
    std::vector<Node> parts;
    parts.push_back(std::move(left));
    parts.push_back(std::move(right));
    left = make(kind, first, std::move(parts));
  }
  return left;
}

Node Reader::signed_term() {
  if (!peek().is_mark("-")) return term();
  const auto first = at_;
  const Level level(*this);
  take();
  std::vector<Node> parts;
  parts.push_back(signed_term());
  return make(Kind::negate, first, std::move(parts));
}

Node Reader::term() {
  const auto first = at_;
  auto left = product(false);
  for (auto kind = term_operator(peek()); kind != Kind::number; kind = term_operator(peek())) {
    if (!chained(peek())) break;
    take();
    auto right = product(true);
    std::vector<Node> parts;
    parts.push_back(std::move(left));
    parts.push_back(std::move(right));
    left = make(kind, first, std::move(parts));
  }
  return left;
}

/// Things side by side become one flat product. Behind an operator a minus belongs to what it stands before:
/// `a \odot -b`.
Node Reader::product(bool after_operator) {
  const auto start = at_;
  std::vector<Node> parts;
  const auto add = [&](Node node) {
    const bool flat = node.kind == Kind::product && node.sub.empty() && node.sup.empty() &&
                      !node.transposed && node.primes == 0;
    if (!flat) return parts.push_back(std::move(node));
    for (auto& part : node.parts) parts.push_back(std::move(part));
  };
  const auto negated = [&](const auto& self) -> Node {
    if (!peek().is_mark("-")) return factor();
    const auto first = at_;
    const Level level(*this);
    take();
    std::vector<Node> inside;
    inside.push_back(self(self));
    return make(Kind::negate, first, std::move(inside));
  };
  add(after_operator ? negated(negated) : factor());
  while (!failed_) {
    const auto& next = peek();
    if (next.is_command("cdot") || (next.is_command("times") && !around_.shape) || next.is_mark("*")) {
      take();
      add(negated(negated));
    } else if (starts_factor() &&
               !(around_.script_level && transposition(parts.back().kind == Kind::group) > 0)) {
      add(factor());
    } else {
      break;
    }
  }
  if (parts.size() == 1) return std::move(parts.front());
  return make(Kind::product, start, std::move(parts));
}

/// Takes what stands to its right, to the next + or - of its level.
Node Reader::big(std::string text, std::size_t first) {
  auto node = make(Kind::big, first, {}, std::move(text));
  scripts(node, false);
  if (!starts_factor() && !peek().is_mark("-")) {
    unexpected("what \\" + node.text + " runs over");
    return node;
  }
  const Level level(*this);
  node.parts.push_back(signed_term());
  node.span = since(first);
  return node;
}

bool Reader::starts_factor() const {
  const auto& token = peek();
  switch (token.type) {
    case Type::letter:
    case Type::digit:
    case Type::open:
    case Type::begin:
    case Type::parameter:
      return true;
    case Type::name:
      return !at_separator();
    case Type::mark:
      if (token.text == "(" || token.text == "[") return true;
      if (token.text == ".") return peek(1).type == Type::digit && !peek(1).spaced;
      if (token.text == "|") return around_.bar != '|' && bar_opens_norm(at_);
      return static_cast<unsigned char>(token.text[0]) >= 0x80 || token.text[0] == '\\';
    case Type::command:
      if (token.text == "|") return around_.bar != 'N' && bar_opens_norm(at_);
      if (token.text == "vert") return around_.bar != '|' && bar_opens_norm(at_);
      return !stands_between(token.text) && !papers::relation(token.text);
    default:
      return false;
  }
}

}  // namespace automodel::papers
