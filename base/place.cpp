#include "base/place.hpp"

#include <algorithm>

namespace automodel {

namespace {

constexpr std::size_t before = 40, after = 40;  // bytes shown around the place

bool inside_letter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }  // of UTF-8

}  // namespace

std::string place_in(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  std::size_t begin = at > before ? at - before : 0, end = std::min(text.size(), at + after);
  while (begin < at && inside_letter(text[begin])) ++begin;
  while (end < text.size() && inside_letter(text[end])) ++end;
  std::string shown(text.substr(begin, end - begin));
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return "column " + std::to_string(at + 1) + " of '" + (begin > 0 ? "…" : "") + shown +
         (end < text.size() ? "…" : "") + "'";
}

}  // namespace automodel
