#include "papers/document/source.hpp"

#include <algorithm>

namespace automodel::papers {
namespace {

constexpr std::size_t widest = 160;  // bytes of a line that are shown

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues(c); }));
}

/// A terminal must not obey a card: control characters become blanks (a tab, too: the caret counts on it).
std::string printable(std::string_view text) {
  std::string shown(text);
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return shown;
}

struct Window {
  std::string_view text;
  std::size_t begin = 0;  // in the line
  bool cut_left = false, cut_right = false;
};

/// The part of a long line that has the place in it.
Window window(std::string_view line, std::size_t column) {
  Window shown{line, 0, false, false};
  if (line.size() <= widest) return shown;
  std::size_t begin = column > widest / 2 ? column - widest / 2 : 0;
  while (begin > 0 && begin < line.size() && continues(line[begin])) --begin;
  std::size_t end = std::min(line.size(), begin + widest);
  while (end < line.size() && continues(line[end])) ++end;
  return {line.substr(begin, end - begin), begin, begin > 0, end < line.size()};
}

}  // namespace

Source::Source(std::string name, std::string text) : text_(std::move(text)) {
  documents_.front().name = std::move(name);
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i)
    if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
}

std::uint32_t Source::append(std::string name, const std::string& text) {
  const auto begin = static_cast<std::uint32_t>(text_.size() + 1);
  documents_.push_back({std::move(name), begin, static_cast<std::uint32_t>(line_starts_.size())});
  text_ += '\n' + text;
  line_starts_.push_back(begin);
  for (std::size_t i = begin; i < text_.size(); ++i)
    if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  return begin;
}

std::size_t Source::document(std::uint32_t offset) const {
  const auto after = std::ranges::upper_bound(documents_, offset, {}, &Document::begin);
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, after - documents_.begin()) - 1);
}

std::size_t Source::line_index(std::uint32_t offset) const {
  const auto after = std::ranges::upper_bound(line_starts_, offset);
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, after - line_starts_.begin()) - 1);
}

std::uint32_t Source::line(std::uint32_t offset) const {
  return static_cast<std::uint32_t>(line_index(offset)) - documents_[document(offset)].first_line + 1;
}

std::string Source::place(std::uint32_t offset) const {
  return "line " + std::to_string(line(offset)) + (document(offset) == 0 ? "" : " of " + name(offset));
}

std::uint32_t Source::column(std::uint32_t offset) const {
  return line_starts_.empty() ? offset + 1 : offset - line_starts_[line_index(offset)] + 1;
}

std::string_view Source::text_of(Span span) const {
  const auto begin = std::min<std::size_t>(span.begin, text_.size());
  const auto end = std::clamp<std::size_t>(span.end, begin, text_.size());
  return std::string_view(text_).substr(begin, end - begin);
}

std::string_view Source::line_text(std::uint32_t line) const {
  const auto lines = documents_.size() > 1 ? documents_[1].first_line : line_starts_.size();
  return line == 0 || line > lines ? std::string_view() : line_text_at(line_starts_[line - 1]);
}

std::string_view Source::line_text_at(std::uint32_t offset) const {
  if (line_starts_.empty()) return {};
  const auto index = line_index(offset);
  const std::size_t begin = line_starts_[index];
  const std::size_t end = index + 1 < line_starts_.size() ? line_starts_[index + 1] - 1 : text_.size();
  auto text = std::string_view(text_).substr(begin, end - begin);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::string describe(const Problem& problem, const Source& source) {
  const auto size = static_cast<std::uint32_t>(source.text().size());
  const auto begin = std::min(problem.span.begin, size);
  const auto line = source.line(begin);
  const auto text = source.line_text_at(begin);
  const std::size_t column = std::min<std::size_t>(source.column(begin) - 1, text.size());
  const auto shown = window(text, column);

  const auto number = std::to_string(line);
  const std::string indent(3, ' ');
  std::string said = source.name(begin) + ":" + number + ": " + problem.message + "\n";
  said += indent + number + " | " + (shown.cut_left ? "…" : "") + printable(shown.text) +
          (shown.cut_right ? "…" : "") + "\n";
  const auto before = shown.text.substr(0, column - shown.begin);
  const std::size_t length = problem.span.end > begin ? problem.span.end - begin : 1;
  const auto marked = shown.text.substr(before.size(), length);
  said += indent + std::string(number.size(), ' ') + " | " +
          std::string(characters(before) + (shown.cut_left ? 1 : 0), ' ') + "^" +
          std::string(std::max<std::size_t>(characters(marked), 1) - 1, '~');
  for (const auto& candidate : problem.candidates) said += "\n" + indent + candidate;
  return said;
}

}  // namespace automodel::papers
