#include <array>

#include "papers/latex/reader.hpp"

namespace automodel::papers {
namespace {

using Type = Token::Type;

bool ends_element(const Token& token) {
  return token.type == Type::close || token.is_mark(",") || token.is_mark(";") || token.is_command("top");
}
bool is_wildcard(const Token& token) {
  return token.is_mark("*") || token.is_mark(":") || token.is_command("cdot") || token.is_command("ast");
}
bool is_sign(const Token& token) { return token.is_mark("+") || token.is_mark("-"); }

}  // namespace

void Reader::scripts(Node& node, bool transposes) {
  const auto first = node.span;
  while (peek().type == Type::mark) {
    const auto& token = peek();
    if (token.text == "'") {
      if (++node.primes > 8) fail("too many primes", token.span);
      take();
    } else if (token.text == "_" || token.text == "^") {
      const bool super = token.text == "^";
      const bool again = super ? !node.sup.empty() || node.transposed : !node.sub.empty();
      if (again && node.kind == Kind::call) {  // \sigma_1(x)_j: the script of the value
        Node inside = std::move(node);
        node = Node();
        node.kind = Kind::group;
        node.text = "(";
        node.span = inside.span;
        node.parts.push_back(std::move(inside));
        ++nodes_;
      } else if (again) {
        return fail(std::string("a second ") + (super ? "superscript" : "subscript") +
                        ": write braces around what the first belongs to",
                    token.span);
      }
      script(node, super, transposes && !limits_family(node));
    } else {
      return;
    }
    const auto& last = tokens_[at_ == 0 ? 0 : at_ - 1].span;
    node.span = {std::min(first.begin, last.begin), std::max(node.span.end, last.end)};
  }
}

/// Whether the `^T` that comes is the last index of a family, `[x_t]_{t=1}^{T}`, and no transposition.
bool Reader::limits_family(const Node& node) const {
  if (node.kind != Kind::group && node.kind != Kind::list) return false;
  const bool braces = peek(1).type == Type::open;
  const auto& letter = peek(braces ? 2 : 1);
  const bool is_t = peek().is_mark("^") && (letter.is(Type::letter, "T") || letter.is(Type::name, "T"));
  if (!is_t || (braces && peek(3).type != Type::close)) return false;
  if (node.sub.empty()) return peek(braces ? 4 : 2).is_mark("_");
  return node.sub.size() == 1 && node.sub[0].kind == Kind::relation && node.sub[0].text == "=";
}

void Reader::script(Node& node, bool superscript, bool transposes) {
  const auto mark = take();
  Surroundings around;
  around.in_script = true;
  around.script_level = superscript && transposes;
  around.shape = superscript && node.font == Font::blackboard;
  const Level level(*this, around);
  const bool braces = peek().type == Type::open;
  const auto opened = peek().span;
  if (!braces) {
    if (const auto length = superscript && transposes ? transposition(false) : 0; length > 0) {
      for (std::size_t i = 0; i < length; ++i) take();
      node.transposed = true;
    } else if (superscript && take_if(Type::command, "prime")) {
      ++node.primes;
    } else {
      auto sign = sign_or_wildcard();
      auto& to = superscript ? node.sup : node.sub;
      to.push_back(sign ? std::move(*sign) : argument(mark));
    }
    return;
  }
  take();
  if (peek().type == Type::close) return fail("an empty script", mark.span, {"remove '" + mark.text + "{}'"});
  if (peek().is_command("substack")) {
    take();
    if (superscript || !take_if(Type::open)) return unexpected("what \\substack has on top of each other");
    node.sub = stacked();
  } else {
    auto elements = script_elements(node, superscript, transposes);
    (superscript ? node.sup : node.sub) = std::move(elements);
  }
  close(Type::close, {}, opened);
}

std::vector<Node> Reader::script_elements(Node& node, bool superscript, bool transposes) {
  std::vector<Node> elements;
  if (superscript && peek().is_command("prime")) {
    while (take_if(Type::command, "prime"))
      if (++node.primes > 8) fail("too many primes", node.span);
    return elements;
  }
  const auto transposed = [&](bool after_group) {
    const auto length = superscript && transposes ? transposition(after_group) : 0;
    for (std::size_t i = 0; i < length; ++i) take();
    node.transposed = node.transposed || length > 0;
    return length > 0;
  };
  if (transposed(true)) return elements;
  while (!failed_) {
    elements.push_back(script_element(superscript));
    if (transposed(elements.back().kind == Kind::group)) break;
    if (peek().type == Type::close) break;
    if (!take_if(Type::mark, ",") && !take_if(Type::mark, ";")) unexpected("',' or '}'");
  }
  return elements;
}

Node Reader::script_element(bool superscript) {
  auto sign = ends_element(peek(1)) ? sign_or_wildcard() : std::nullopt;
  if (sign) return std::move(*sign);
  return superscript && around_.shape ? shape() : relation();
}

/// `*`, `:`, `\cdot` alone: any; `+`, `-` alone: a mark.
std::optional<Node> Reader::sign_or_wildcard() {
  const auto first = at_;
  if (is_wildcard(peek())) {
    take();
    return make(Kind::wildcard, first);
  }
  if (!is_sign(peek()) && !peek().is_command("star")) return std::nullopt;
  auto text = take().text;
  return make(Kind::word, first, {}, std::move(text));
}

/// The number of tokens of a transposition here, at the end of a superscript: \top anywhere, T alone or
/// behind a group.
std::size_t Reader::transposition(bool may_be_letter) const {
  const auto& token = peek();
  if (token.is_command("top")) return 1;
  const auto& next = peek(1);
  if (token.is(Type::name, "T")) return next.type == Type::close || !may_be_letter ? 1 : 0;
  if (!token.is(Type::letter, "T")) return 0;
  if (!may_be_letter) return around_.script_level && tokens_[at_ == 0 ? 0 : at_ - 1].is_mark("^") ? 1 : 0;
  return next.type == Type::close ? 1 : 0;
}

/// R^{2d \times k}: dimensions. One that is a product is a group, so that it is not taken for two.
Node Reader::shape() {
  const auto start = at_;
  std::vector<Node> dimensions;
  do {
    const auto first = at_;
    auto dimension = sum();
    const bool plain = dimension.kind == Kind::number || dimension.kind == Kind::symbol ||
                       dimension.kind == Kind::group || dimension.kind == Kind::word ||
                       dimension.kind == Kind::norm || dimension.kind == Kind::call ||
                       dimension.kind == Kind::divide || dimension.kind == Kind::ellipsis;
    const bool alone = dimensions.empty() && !peek().is_command("times");
    if (!plain && (dimension.kind == Kind::product || !alone)) {
      std::vector<Node> inside;
      inside.push_back(std::move(dimension));
      dimension = make(Kind::group, first, std::move(inside), "{");
    }
    dimensions.push_back(std::move(dimension));
  } while (take_if(Type::command, "times"));
  if (dimensions.size() == 1) return std::move(dimensions.front());
  return make(Kind::product, start, std::move(dimensions));
}

/// \substack{i = 1 \\ j \ne i}
std::vector<Node> Reader::stacked() {
  std::vector<Node> elements;
  const auto opened = peek().span;
  do elements.push_back(relation());
  while (!failed_ && (take_if(Type::command, "\\") || take_if(Type::mark, ",")));
  close(Type::close, {}, opened);
  return elements;
}

}  // namespace automodel::papers
