#include <algorithm>
#include <functional>

#include "papers/latex/token.hpp"

namespace automodel::papers {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Bytes of the character that begins at `at`; a byte that begins none counts as one.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t wanted = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::size_t size = 1;
  while (size < wanted && at + size < text.size() &&
         (static_cast<unsigned char>(text[at + size]) & 0xC0) == 0x80)
    ++size;
  return size;
}

std::size_t command_size(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  if (end == text.size()) return 1;
  if (!is_letter(text[end])) return 1 + character_size(text, end);
  while (end < text.size() && is_letter(text[end])) ++end;
  return end - at;
}

Token token_at(std::string_view text, std::size_t at, std::size_t& size) {
  Token token;
  const char c = text[at];
  size = 1;
  if (c == '\\') {
    size = command_size(text, at);
    token.type = Token::Type::command;
    token.text = text.substr(at + 1, size - 1);
    if (token.text.empty() || is_space(token.text[0])) token.text = " ";
  } else if (c == '#' && at + 1 < text.size() && is_digit(text[at + 1])) {
    size = 2;
    token.type = Token::Type::parameter;
    token.text = text.substr(at + 1, 1);
  } else if (text.substr(at, 3) == "...") {
    size = 3;
    token.type = Token::Type::command;
    token.text = "dots";
  } else {
    size = character_size(text, at);
    token.type = is_letter(c)  ? Token::Type::letter
                 : is_digit(c) ? Token::Type::digit
                 : c == '{'    ? Token::Type::open
                 : c == '}'    ? Token::Type::close
                               : Token::Type::mark;
    token.text = text.substr(at, size);
  }
  return token;
}

Tokens lex(std::string_view text, const std::function<Span(std::size_t, std::size_t)>& place) {
  Tokens tokens;
  bool spaced = false;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at]) || text[at] == '~') {
      spaced = true;
      ++at;
    } else if (text[at] == '%') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      std::size_t size = 0;
      auto token = token_at(text, at, size);
      token.spaced = spaced;
      token.span = place(at, at + size);
      spaced = false;
      tokens.push_back(std::move(token));
      at += size;
    }
  }
  return tokens;
}

}  // namespace

Tokens lex(const MathText& formula) {
  const auto& offsets = formula.offsets;
  return lex(formula.text, [&](std::size_t begin, std::size_t end) {
    return Span{offsets[begin], offsets[end - 1] + 1};
  });
}

Tokens lex(std::string_view body, Span place) {
  return lex(body, [&](std::size_t, std::size_t) { return place; });
}

std::string spell(const Token& token) {
  switch (token.type) {
    case Token::Type::command:
      return "\\" + token.text + (is_letter(token.text[0]) ? " " : "");
    case Token::Type::parameter:
      return "#" + token.text;
    default:
      return (token.spaced ? " " : "") + token.text;
  }
}

}  // namespace automodel::papers
