#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "papers/latex/reader.hpp"
#include "papers/latex/vocabulary.hpp"
#include "papers/nearest.hpp"

namespace automodel::papers {
namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool has_scripts(const Node& node) {
  return !node.sub.empty() || !node.sup.empty() || node.transposed || node.primes > 0;
}

/// What may stand in braces that are not printed without being taken apart by what stands beside them.
bool holds_together(const Node& node) {
  switch (node.kind) {
    case Kind::add:
    case Kind::subtract:
    case Kind::negate:
    case Kind::hadamard:
    case Kind::outer:
    case Kind::direct:
    case Kind::big:
    case Kind::relation:
      return false;
    case Kind::product:  // `{a \sum_i b} c`: the sum does not take the c
      return holds_together(node.parts.back());
    default:
      return true;
  }
}

std::string source_of(const Node& call, const Node& argument) {
  return (call.text == "sigma" ? "\\sigma" : "\\mathrm{" + call.text + "}") + "(" + to_latex(argument) + ")";
}

}  // namespace

Node Reader::factor() {
  const auto first = at_;
  const auto& start = peek();
  const bool in_braces = start.type == Type::open ||
                         (start.type == Type::command && (font(start.text) || upright_words(start.text)));
  auto node = atom();
  const bool script_follows = peek().is_mark("_") || peek().is_mark("^") || peek().is_mark("'");
  if (in_braces && script_follows && (node.kind == Kind::product || has_scripts(node)))
    node = grouped(std::move(node), first);
  const bool power = node.kind == Kind::number || node.font == Font::blackboard;
  if (script_follows) scripts(node, !power);
  return node;
}

Node Reader::atom() {
  const auto first = at_;
  const auto& token = peek();
  switch (token.type) {
    case Type::letter:
      return symbol(take().text, around_.font.value_or(Font::italic), first);
    case Type::digit:
      return number();
    case Type::open:
      return braced();
    case Type::name:
      return name();
    case Type::begin: {
      const auto environment = take().text;
      return table(first, environment);
    }
    case Type::command: {
      if (token.text == "{") return bracketed();
      if (token.text == "|" || token.text == "vert" || token.text == "lVert" || token.text == "lvert")
        return norm();
      const auto command = take();
      return named_command(command, first);
    }
    case Type::mark:
      if (token.text == "(" || token.text == "[") return bracketed();
      if (token.text == "|") return norm();
      if (token.text == "." && peek(1).type == Type::digit) return number();
      [[fallthrough]];
    default:
      unexpected("a symbol, a number or a bracket");
      return {};
  }
}

Node Reader::number() {
  const auto first = at_;
  std::string text = take().text;
  bool point = text == ".";
  while (!peek().spaced &&
         (peek().type == Type::digit || (!point && peek().is_mark(".") && peek(1).type == Type::digit))) {
    point = point || peek().is_mark(".");
    text += take().text;
  }
  if (around_.font && around_.font != Font::italic) return symbol(text, *around_.font, first);  // \mathbf{1}
  auto node = make(Kind::number, first);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), node.value);
  if (read.ec != std::errc() || !std::isfinite(node.value))
    fail("this number is too large", node.span, {}, "papers.too_large");
  return node;
}

/// Upright names in scripts are words.
Node Reader::symbol(std::string text, Font as, std::size_t first) {
  const bool is_word = as == Font::upright && around_.in_script;
  auto node = make(is_word ? Kind::word : Kind::symbol, first, {}, std::move(text));
  if (!is_word) node.font = as;
  return node;
}

Node Reader::named_command(const Token& command, std::size_t first) {
  const auto& text = command.text;
  if (text == "sigma" && !around_.font) return symbol_or_call("sigma", Font::italic, first);
  if (const auto* letter = letter_name(text))
    return symbol(*letter, around_.font.value_or(Font::italic), first);
  if (function_command(text)) return symbol_or_call(text, Font::upright, first);
  if (big_operator(text)) return big(text, first);
  if (const auto as = font(text)) return with_font(*as, first);
  if (upright_words(text)) return with_font(Font::upright, first);
  if (const auto* how = decoration(text)) return decorated(*how, first);
  if (text == "dots") return make(Kind::ellipsis, first);
  if (text == "sqrt") return root(first);
  if (text == "langle") return inner(first);
  if (text == "frac" || text == "binom") {
    std::vector<Node> parts;
    parts.push_back(argument(command));
    parts.push_back(argument(command));
    return text == "frac" ? make(Kind::divide, first, std::move(parts))
                          : make(Kind::call, first, std::move(parts), "binom");
  }
  return unknown(command, first);
}

Node Reader::unknown(const Token& command, std::size_t first) {
  if (command.text.size() == 1 || papers::relation(command.text) || joins_statements(command.text) ||
      failed_ || std::ranges::find(known_commands(), command.text) != known_commands().end()) {
    if (!failed_) fail("\\" + command.text + " cannot stand here", command.span);
    return {};
  }
  std::vector<std::string> candidates;
  for (const auto& near : nearest(command.text, known_commands(), 3)) candidates.push_back("\\" + near);
  if (built_in(lower(command.text))) candidates = {"\\mathrm{" + command.text + "}"};
  if (problems_.size() + 1 >= limits_.problems) {
    fail("\\" + command.text + " is not a command that is understood", command.span, std::move(candidates));
    return {};
  }
  // What follows is read on, so that all unknown commands are told at once.
  problems_.push_back({"papers.syntax", "\\" + command.text + " is not a command that is understood",
                       command.span, std::move(candidates)});
  return symbol(command.text, Font::upright, first);
}

/// \mathrm{deep}: a word in a script, a function where it is one, otherwise a symbol.
Node Reader::name() {
  const auto first = at_;
  const bool script_follows = peek(1).is_mark("_") || peek(1).is_mark("^");
  if (joins_statements(peek().text) && !around_.in_script && !script_follows) {
    unexpected("a symbol, a number or a bracket");
    return {};
  }
  const auto token = take();
  if (built_in(lower(token.text))) return symbol_or_call(token.text, token.font, first);
  return symbol(token.text, token.font, first);
}

/// { … }: not printed, so gone where nothing depends on it.
Node Reader::braced() {
  const auto first = at_;
  const auto opened = take();
  auto around = around_;
  around.bracket = around.bar = 0;
  around.script_level = around.shape = false;
  Node node;
  {
    const Level level(*this, around);
    node = piped();
  }
  close(Type::close, {}, opened.span);
  return holds_together(node) ? std::move(node) : grouped(std::move(node), first);
}

Node Reader::grouped(Node node, std::size_t first) {
  std::vector<Node> inside;
  inside.push_back(std::move(node));
  return make(Kind::group, first, std::move(inside), "{");
}

/// The argument of \frac and its like: in braces, or one token.
Node Reader::argument(const Token& of) {
  const auto first = at_;
  auto around = around_;
  around.bracket = around.bar = 0;
  around.script_level = around.shape = false;
  const Level level(*this, around);
  if (peek().type == Type::open) {
    const auto opened = take();
    auto node = piped();
    close(Type::close, {}, opened.span);
    return node;
  }
  if (peek().type == Type::digit) {
    auto node = make(Kind::number, first);
    node.value = take().text[0] - '0';
    node.span = since(first);
    return node;
  }
  if (!starts_factor()) {
    unexpected("the argument of \\" + of.text);
    return {};
  }
  return atom();
}

Node Reader::with_font(Font as, std::size_t first) {
  auto around = around_;
  around.font = as;
  const Level level(*this, around);
  auto node = argument(tokens_[first]);
  if (!holds_together(node)) return grouped(std::move(node), first);
  node.span = since(first);
  return node;
}

Node Reader::decorated(const std::string& how, std::size_t first) {
  auto node = argument(tokens_[first]);
  if (failed_) return node;
  if (node.kind == Kind::word) {  // \hat{\mathrm{fm}} in a script
    node.kind = Kind::symbol;
    node.font = Font::upright;
  }
  if (node.kind != Kind::symbol) {
    fail("\\" + tokens_[first].text + " belongs to one symbol", since(first),
         {"\\" + tokens_[first].text + "{x}"});
    return node;
  }
  node.text += "_" + how;
  node.span = since(first);
  return node;
}

Node Reader::root(std::size_t first) {
  std::vector<Node> parts(1);
  if (peek().is_mark("[")) {
    const auto opened = take();
    auto around = around_;
    around.bracket = '[';
    around.bar = 0;
    const Level level(*this, around);
    parts.push_back(sum());
    close(Type::mark, "]", opened.span);
  }
  parts[0] = argument(tokens_[first]);
  return make(Kind::call, first, std::move(parts), "sqrt");
}

Node Reader::symbol_or_call(std::string text, Font as, std::size_t first) {
  const auto function = lower(text);
  auto node = symbol(std::move(text), as, first);
  scripts(node, !big_with_index(function));
  if (big_with_index(function) && !node.sub.empty() && (starts_factor() || peek().is_mark("-"))) {
    const Level level(*this);
    node.kind = Kind::big;
    node.text = function;
    node.font = Font::italic;
    node.parts.push_back(signed_term());
    node.span = since(first);
    return node;
  }
  if (argument_follows(function)) return call(function, first, std::move(node));
  return node;
}

bool Reader::argument_follows(const std::string& function) const {
  const auto& next = peek();
  if (next.is_mark("(") || next.is_mark("[") || next.is_command("{")) return true;
  return function != "sigma" && !around_.in_script && starts_factor();
}

Node Reader::call(std::string text, std::size_t first, Node node) {
  node.kind = Kind::call;
  node.text = std::move(text);
  node.font = Font::italic;
  const auto& next = peek();
  if (next.is_mark("(") || next.is_mark("[") || next.is_command("{")) {
    auto arguments = bracketed();
    const bool several =
        arguments.kind == Kind::group || (arguments.kind == Kind::list && arguments.text == ",");
    if (several)
      node.parts = std::move(arguments.parts);
    else
      node.parts.push_back(std::move(arguments));
    node.span = since(first);
    return node;
  }
  // Bare: one factor. More than one could be read in two ways.
  const Level level(*this);
  const auto start = at_;
  node.parts.push_back(factor());
  std::vector<Node> more;
  const auto function_next = [&] {
    const auto& token = peek();
    if (token.type == Type::name) return built_in(lower(token.text));
    return token.type == Type::command && (function_command(token.text) || big_operator(token.text) ||
                                           token.text == "sigma" || token.text == "sqrt");
  };
  while (starts_factor() && !function_next() && !failed_) more.push_back(factor());
  node.span = since(first);
  if (!more.empty() && !failed_) {
    const auto alone = source_of(node, node.parts[0]);
    auto all = make(Kind::product, start, std::move(more));
    const auto rest = all.parts.size() == 1 ? to_latex(all.parts[0]) : to_latex(all);
    all.parts.insert(all.parts.begin(), node.parts[0]);
    fail("how much of this " + node.text + " takes is not clear: write brackets", since(first),
         {source_of(node, all), alone + " \\cdot " + rest});
  }
  return node;
}

}  // namespace automodel::papers
