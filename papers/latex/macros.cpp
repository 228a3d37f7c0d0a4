#include "papers/latex/macros.hpp"

#include <algorithm>

namespace automodel::papers {
namespace {

/// Tokens are taken from the back of a stack, so that an expansion is put there and read on.
class Expansion {
 public:
  Expansion(Tokens tokens, Macros& macros, std::size_t& work, std::vector<Problem>& problems)
      : rest_(std::move(tokens)), macros_(macros), work_(work), problems_(problems) {
    if (!rest_.empty()) last_ = rest_.back().span;
    std::ranges::reverse(rest_);
  }

  Tokens run() {
    Tokens done;
    while (!rest_.empty() && !failed_) {
      auto token = take();
      if (token.type != Token::Type::command) {
        done.push_back(std::move(token));
      } else if (const auto macro = macros_.find(token.text); macro != macros_.end()) {
        use(token, macro->second);
      } else if (!define(token)) {
        done.push_back(std::move(token));
      }
    }
    return done;
  }

 private:
  Token take() {
    if (rest_.empty()) {
      Token end;
      end.span = {last_.end, last_.end};
      return end;
    }
    auto token = std::move(rest_.back());
    rest_.pop_back();
    return token;
  }
  const Token& next() const {
    static const Token nothing;
    return rest_.empty() ? nothing : rest_.back();
  }
  void fail(const char* code, std::string message, Span span) {
    if (!failed_) problems_.push_back({code, std::move(message), span, {}});
    failed_ = true;
  }

  /// One argument: a token, or what stands between braces (without them). `last`: where it ends.
  Tokens argument(const Token& of, Span& last) {
    auto first = take();
    last = first.span;
    if (first.type == Token::Type::end || first.type == Token::Type::close) {
      fail("papers.syntax", "an argument of \\" + of.text + " is missing", of.span);
      return {};
    }
    if (first.type != Token::Type::open) return {std::move(first)};
    Tokens inside;
    for (std::size_t depth = 1;;) {
      auto token = take();
      last = token.span;
      if (token.type == Token::Type::end) {
        fail("papers.syntax", "a brace of \\" + of.text + " is never closed", first.span);
        return {};
      }
      depth += token.type == Token::Type::open;
      depth -= token.type == Token::Type::close;
      if (depth == 0) return inside;
      inside.push_back(std::move(token));
    }
  }

  bool spend(std::size_t tokens, const Token& of) {
    if (tokens < work_) {
      work_ -= tokens;
      return true;
    }
    work_ = 0;
    fail("papers.too_large", "\\" + of.text + " expands without end, or to more than is read", of.span);
    return false;
  }

  void use(const Token& token, const Macro& macro) {
    Span place = token.span;
    std::vector<Tokens> arguments;
    for (std::uint8_t i = 0; i < macro.arguments && !failed_; ++i) {
      Span last;
      arguments.push_back(argument(token, last));
      place = {std::min(place.begin, last.begin), std::max(place.end, last.end)};
    }
    // A body of 64 KiB that makes one token must cost its length all the same.
    if (failed_ || !spend(1 + macro.body.size() / 8, token)) return;
    const auto body = lex(macro.body, place);
    for (auto at = body.rbegin(); at != body.rend(); ++at) {
      if (at->type != Token::Type::parameter) {
        if (!spend(1, token)) return;
        rest_.push_back(*at);
        continue;
      }
      const std::size_t number = static_cast<std::size_t>(at->text[0] - '1');
      if (number >= arguments.size())
        return fail("papers.syntax", "\\" + token.text + " has no argument #" + at->text, place);
      if (!spend(arguments[number].size(), token)) return;
      rest_.insert(rest_.end(), arguments[number].rbegin(), arguments[number].rend());
    }
  }

  bool define(const Token& token) {
    static const char* const known[] = {"newcommand", "renewcommand", "providecommand"};
    if (std::ranges::find(known, token.text) != std::end(known))
      new_command(token);
    else if (token.text == "DeclareMathOperator")
      operator_name(token);
    else if (token.text == "def")
      primitive(token);
    else
      return false;
    return true;
  }

  void skip_star() {
    if (next().is_mark("*")) take();
  }

  /// \name or {\name}
  std::string defined_name(const Token& token) {
    Span last;
    const auto name = argument(token, last);
    if (!failed_ && (name.size() != 1 || name[0].type != Token::Type::command))
      fail("papers.syntax",
           "\\" + token.text + " defines a command: \\" + token.text + "{\\name}{…} was expected",
           token.span);
    return failed_ ? std::string() : name[0].text;
  }

  void body(const Token& token, const std::string& name, std::size_t arguments, std::string before = {},
            std::string after = {}) {
    Span last;
    const auto inside = argument(token, last);
    if (failed_ || !spend(1 + inside.size(), token)) return;
    std::string text = std::move(before);
    for (const auto& part : inside) text += spell(part);
    macros_[name] = {static_cast<std::uint8_t>(arguments), text + after};
  }

  void new_command(const Token& token) {
    skip_star();
    const auto name = defined_name(token);
    std::size_t arguments = 0;
    if (!failed_ && next().is_mark("[")) {
      take();
      const auto count = take();
      if (count.type != Token::Type::digit || !take().is_mark("]"))
        return fail("papers.syntax", "the number of arguments, such as [1], was expected", count.span);
      arguments = static_cast<std::size_t>(count.text[0] - '0');
      if (next().is_mark("["))
        return fail("papers.syntax", "optional arguments of macros are not understood", next().span);
    }
    if (!failed_) body(token, name, arguments);
  }

  void operator_name(const Token& token) {
    skip_star();
    const auto name = defined_name(token);
    if (!failed_) body(token, name, 0, "\\operatorname{", "}");
  }

  void primitive(const Token& token) {
    const auto name = take();
    if (name.type != Token::Type::command)
      return fail("papers.syntax", "\\def\\name was expected", token.span);
    std::size_t arguments = 0;
    while (next().type == Token::Type::parameter) {
      const auto parameter = take();
      if (parameter.text[0] != static_cast<char>('1' + arguments++))
        return fail("papers.syntax", "the parameters of \\def are #1#2… in order", parameter.span);
    }
    if (next().type != Token::Type::open)
      return fail("papers.syntax", "\\def\\" + name.text + " needs its body in braces", token.span);
    body(token, name.text, arguments);
  }

  Tokens rest_;
  Macros& macros_;
  std::size_t& work_;
  std::vector<Problem>& problems_;
  Span last_;
  bool failed_ = false;
};

}  // namespace

Tokens expand(Tokens tokens, Macros& macros, std::size_t& work, std::vector<Problem>& problems) {
  return Expansion(std::move(tokens), macros, work, problems).run();
}

}  // namespace automodel::papers
