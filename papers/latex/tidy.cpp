#include "papers/latex/tidy.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "papers/latex/vocabulary.hpp"

namespace automodel::papers {
namespace {

using Type = Token::Type;

bool is_size(std::string_view command) {
  static constexpr std::array<std::string_view, 4> sizes{"big", "Big", "bigg", "Bigg"};
  if (std::ranges::find(sizes, command) != sizes.end()) return true;
  if (command.empty() || (command.back() != 'l' && command.back() != 'r' && command.back() != 'm'))
    return false;
  return std::ranges::find(sizes, command.substr(0, command.size() - 1)) != sizes.end();
}

/// Environments that only lay out what stands in them.
bool only_aligns(std::string_view environment) {
  static constexpr std::array<std::string_view, 13> all{
      "equation", "align",   "gather",    "multline", "aligned",     "split", "gathered",
      "eqnarray", "alignat", "alignedat", "flalign",  "displaymath", "math"};
  return std::ranges::find(all, environment) != all.end();
}

Span join(Span a, Span b) { return {std::min(a.begin, b.begin), std::max(a.end, b.end)}; }

class Tidying {
 public:
  Tidying(Tokens tokens, std::vector<Problem>& problems) : in_(std::move(tokens)), problems_(problems) {
    const std::uint32_t last = in_.empty() ? 0 : in_.back().span.end;
    end_.span = {last, last};
  }

  Tokens run() {
    while (at_ < in_.size()) {
      auto token = std::move(in_[at_++]);
      if (token.type == Type::mark)
        mark(std::move(token));
      else if (token.type == Type::command)
        command(std::move(token));
      else
        out_.push_back(std::move(token));
    }
    out_.push_back(end_);
    return std::move(out_);
  }

 private:
  const Token& next() const { return at_ < in_.size() ? in_[at_] : end_; }

  void mark(Token token) {
    if (static_cast<unsigned char>(token.text[0]) >= 0x80) {
      if (token.text == "−" || token.text == "–")
        token.text = "-";
      else if (token.text == "\u00a0")
        return;
      else if (const auto name = of_character(token.text); !name.empty()) {
        token.type = Type::command;
        token.text = name;
      }
    } else if (token.text == ":" && next().is_mark("=")) {
      token.span = join(token.span, in_[at_++].span);
      token.text = "=";
    }
    out_.push_back(std::move(token));
  }

  void command(Token token) {
    if (token.text == "left" || token.text == "right" || token.text == "middle" || is_size(token.text))
      return sized(token);
    if (says_nothing_with_argument(token.text)) {
      if (next().is_mark("*")) ++at_;
      Span last;
      words(last, true);
      return;
    }
    if (says_nothing(token.text)) return;
    if (token.text == "begin" || token.text == "end") return environment(std::move(token));
    if (token.text == "stackrel" || token.text == "overset") return over(std::move(token));
    if (token.text == "not" && (next().is_mark("=") || next().is_command("in")))
      return negated(std::move(token));
    if (upright_words(token.text) || font(token.text)) return named(std::move(token));
    token.text = canonical(token.text);
    out_.push_back(std::move(token));
  }

  /// \left( and \bigl|: the bracket alone, and the side of a bar.
  void sized(const Token& size) {
    auto bracket = next();
    if (bracket.type == Type::end) return;
    const char side = size.text == "left" || size.text.back() == 'l'    ? 'l'
                      : size.text == "right" || size.text.back() == 'r' ? 'r'
                                                                        : 'm';
    bracket.span = join(size.span, bracket.span);
    if (bracket.type == Type::command) bracket.text = canonical(bracket.text);
    if (bracket.is_mark(".") && side != 'm') {
      ++at_;
      return;
    }
    const bool one = bracket.is_mark("|") || bracket.is_command("vert"), two = bracket.is_command("|");
    if ((one || two) && side != 'm') {
      bracket.type = Type::command;
      bracket.text = std::string(1, side) + (one ? "vert" : "Vert");
    } else if ((bracket.is_mark("<") || bracket.is_mark(">")) && side != 'm') {
      bracket.type = Type::command;
      bracket.text = bracket.text == "<" ? "langle" : "rangle";
    } else if (bracket.type != Type::mark && bracket.type != Type::command) {
      return;  // \big{…}: not a bracket
    }
    ++at_;
    out_.push_back(std::move(bracket));
  }

  /// The argument that follows, as plain words; none where it has mathematics in it. `any`: consumed whatever
  /// it is.
  std::string words(Span& last, bool any) {
    const auto start = at_;
    std::string text;
    bool plain = true;
    if (next().type != Type::open) {
      if (next().type == Type::end) return {};
      last = next().span;
      plain = next().type == Type::letter || next().type == Type::digit;
      text = next().text;
      ++at_;
    } else {
      std::size_t depth = 0;
      for (; at_ < in_.size() && (plain || any);
           ++at_) {  // no further than needed: fonts in fonts would cost their square
        const auto& token = in_[at_];
        last = token.span;
        depth += token.type == Type::open;
        depth -= token.type == Type::close;
        if (depth == 0) break;
        if (token.type == Type::open && depth == 1) continue;
        if (token.spaced && !text.empty()) text += ' ';
        const bool escaped = token.type == Type::command && token.text.size() == 1 &&
                             std::string_view("_&-%# ").find(token.text[0]) != std::string_view::npos;
        const bool mark = token.type == Type::mark &&
                          std::string_view("_^$&").find(token.text[0]) == std::string_view::npos;
        plain = plain && (escaped || mark || token.type == Type::letter || token.type == Type::digit);
        if (!(escaped && token.text == " ")) text += token.text;
      }
      if (depth == 0)
        ++at_;
      else
        plain = plain && any;
    }
    if (!plain && !any) at_ = start;
    return plain ? text : std::string();
  }

  /// \mathrm{deep} and \text{where} are one token, so is \mathbf{MLP}; a font with mathematics in it stays a
  /// command.
  void named(Token token) {
    if (next().is_mark("*")) ++at_;  // \operatorname*
    const bool is_words = upright_words(token.text);
    const auto before = at_;
    Span last = token.span;
    auto text = words(last, false);
    const auto letters = static_cast<std::size_t>(
        std::ranges::count_if(text, [](unsigned char c) { return std::isalpha(c) != 0; }));
    std::string lower = text;
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool italic = token.text == "mathit" && letters > 1;
    if (at_ != before && (is_words || italic || (letters == text.size() && built_in(lower)))) {
      while (!text.empty() && text.back() == ' ') text.pop_back();
      if (text.empty() || letters == 0)
        return is_words && letters == 0 ? punctuation(text, join(token.span, last)) : void();
      token.type = Type::name;
      token.font = italic && !built_in(lower) ? Font::italic : Font::upright;
      token.text = std::move(text);
      token.span = join(token.span, last);
    } else {
      at_ = before;
    }
    out_.push_back(std::move(token));
  }

  /// \text{, } and \mathrm{1}: as if it stood there bare.
  void punctuation(const std::string& text, Span span) {
    for (auto& token : lex(text, span)) out_.push_back(std::move(token));
  }

  void environment(Token token) {
    Span last = token.span;
    auto name = words(last, true);
    if (!name.empty() && name.back() == '*') name.pop_back();
    token.span = join(token.span, last);
    const bool begins = token.text == "begin";
    if (only_aligns(name)) {
      if (begins && name.starts_with("align") && name.ends_with("at")) words(last, true);
      token.text = "\\";
    } else {
      if (begins && name == "array") words(last, true);
      token.type = begins ? Type::begin : Type::finish;
      token.text = name;
    }
    out_.push_back(std::move(token));
  }

  /// \stackrel{def}{=}: what is written over a relation is left out.
  void over(Token token) {
    Span last = token.span;
    words(last, true);
    if (next().type == Type::open && at_ + 2 < in_.size() && in_[at_ + 2].type == Type::close) {
      auto below = in_[at_ + 1];
      below.span = join(token.span, in_[at_ + 2].span);
      at_ += 3;
      if (below.type == Type::command) below.text = canonical(below.text);
      out_.push_back(std::move(below));
    } else {
      problems_.push_back({"papers.syntax",
                           "one relation was expected below, as in \\" + token.text + "{…}{=}",
                           join(token.span, last),
                           {}});
    }
  }

  void negated(Token token) {
    token.span = join(token.span, next().span);
    token.text = next().is_mark("=") ? "ne" : "notin";
    ++at_;
    out_.push_back(std::move(token));
  }

  Tokens in_, out_;
  std::vector<Problem>& problems_;
  Token end_;
  std::size_t at_ = 0;
};

bool breaks_line(const Token& token) {
  return token.is_command("\\") || token.is_mark("&") || token.is_command("quad");
}

/// An operator that needs something on the left, which may stand on the line before.
bool needs_left(const Token& token) {
  static constexpr std::array<std::string_view, 7> operators{"cdot",   "times", "odot", "circ",
                                                             "otimes", "oplus", "ast"};
  if (token.type == Type::mark) return token.text == "+" || token.text == "/" || relation(token.text);
  return token.type == Type::command &&
         (relation(token.text) || std::ranges::find(operators, token.text) != operators.end());
}

bool opens(const Token& token) {
  return token.type == Type::open || token.is_mark("(") || token.is_mark("[") || token.is_command("{");
}
bool closes(const Token& token) {
  return token.type == Type::close || token.is_mark(")") || token.is_mark("]") || token.is_command("}");
}

/// Takes line breaks and & out where a formula goes on behind them.
Tokens joined_lines(Tokens in) {
  Tokens out;
  std::size_t tables = 0;  // cases, matrices: their breaks are theirs
  std::size_t depth = 0;   // of brackets: a \quad in there is but space
  for (std::size_t i = 0; i < in.size();) {
    tables += in[i].type == Type::begin;
    if (in[i].type == Type::finish && tables > 0) --tables;
    depth += opens(in[i]);
    if (closes(in[i]) && depth > 0) --depth;
    if (depth > 0 && in[i].is_command("quad")) {
      ++i;
      continue;
    }
    if (tables > 0 || !breaks_line(in[i])) {
      out.push_back(std::move(in[i++]));
      continue;
    }
    auto last = i;
    bool new_line = false;
    for (; breaks_line(in[last]); ++last) new_line = new_line || in[last].is_command("\\");
    const bool minus = in[last].is_mark("-") && new_line && !out.empty();
    const bool goes_on = needs_left(in[last]) || minus ||
                         (!out.empty() && (needs_left(out.back()) || out.back().is_mark("-")) && new_line) ||
                         (!out.empty() && in[i].is_mark("&") && last == i + 1 && relation(out.back().text));
    if (!goes_on || out.empty()) out.push_back(in[i]);
    i = last;
  }
  return out;
}

}  // namespace

Tokens tidy(Tokens tokens, std::vector<Problem>& problems) {
  return joined_lines(Tidying(std::move(tokens), problems).run());
}

}  // namespace automodel::papers
