#include "papers/document/markdown.hpp"

#include <md4c.h>

#include <algorithm>
#include <functional>
#include <string_view>

namespace automodel::papers {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view entity(std::string_view written) {
  if (written == "&amp;") return "&";
  if (written == "&lt;") return "<";
  if (written == "&gt;") return ">";
  if (written == "&quot;") return "\"";
  return written == "&nbsp;" ? " " : written;
}

/// Collects what md4c calls back with. Its pointers lead into the text that it was given, but for line
/// breaks.
class Collector {
 public:
  Collector(std::string_view text, std::size_t begin, const std::vector<Formula>& formulas,
            std::vector<std::vector<Run>>& paragraphs)
      : text_(text), last_(static_cast<std::uint32_t>(begin)), formulas_(formulas), paragraphs_(paragraphs) {}

  void block() {
    while (!runs_.empty() && runs_.back().formula < 0 && runs_.back().text == " ") runs_.pop_back();
    if (!runs_.empty() && runs_.back().formula < 0 && runs_.back().text.back() == ' ')
      runs_.back().text.pop_back();
    if (!runs_.empty()) paragraphs_.push_back(std::move(runs_));
    runs_.clear();
  }
  void code(bool inside) { in_code_ += inside ? 1 : -1; }
  void code_block(bool inside) { in_code_block_ = inside; }

  void text(MD_TEXTTYPE type, const char* said, std::size_t size) {
    if (in_code_block_) return;
    const auto begin = text_.data(), end = text_.data() + text_.size();
    const bool from_text = !std::less<>()(said, begin) && std::less<>()(said, end);
    if (!from_text || type == MD_TEXT_BR || type == MD_TEXT_SOFTBR || type == MD_TEXT_NULLCHAR) {
      append(" ", {last_, last_});
      return;
    }
    const auto offset = static_cast<std::uint32_t>(said - begin);
    const auto behind = static_cast<std::uint32_t>(offset + size);
    last_ = behind;
    if (type == MD_TEXT_ENTITY)
      append(entity({said, size}), {offset, behind});
    else if (in_code_ > 0)
      append({said, size}, {offset, behind});
    else
      with_formulas(offset, behind);
  }

 private:
  /// Bytes of a formula stand for it, the first time; the others are text.
  void with_formulas(std::uint32_t begin, std::uint32_t end) {
    auto at = std::ranges::upper_bound(formulas_, begin, {},
                                       [](const Formula& formula) { return formula.whole.end; });
    while (begin < end) {
      const auto next = at == formulas_.end() ? end : std::min(end, std::max(begin, at->whole.begin));
      if (begin < next) append(text_.substr(begin, next - begin), {begin, next});
      if (next == end) return;
      if (!at->definition) formula(at - formulas_.begin(), at->whole);
      begin = std::min(end, at->whole.end);
      ++at;
    }
  }

  void formula(std::ptrdiff_t number, Span whole) {
    if (number <= last_formula_) return;
    last_formula_ = number;
    runs_.push_back({{}, number, whole});
  }

  void append(std::string_view words, Span span) {
    if (runs_.empty() || runs_.back().formula >= 0) runs_.push_back({{}, -1, span});
    auto& run = runs_.back();
    run.span.end = std::max(run.span.end, span.end);
    for (const char c : words) {
      const bool blank = is_space(c);
      const bool after_blank = run.text.empty() ? runs_.size() == 1 : run.text.back() == ' ';
      if (!blank || !after_blank) run.text += blank ? ' ' : c;
    }
    if (run.text.empty()) runs_.pop_back();
  }

  std::string_view text_;
  std::uint32_t last_;
  const std::vector<Formula>& formulas_;
  std::vector<std::vector<Run>>& paragraphs_;
  std::vector<Run> runs_;
  std::ptrdiff_t last_formula_ = -1;
  int in_code_ = 0;
  bool in_code_block_ = false;
};

Collector& of(void* user) { return *static_cast<Collector*>(user); }

}  // namespace

bool read_markdown(const std::string& text, std::size_t begin, const std::vector<Formula>& formulas,
                   std::vector<std::vector<Run>>& paragraphs) {
  const auto hidden = without_formulas(text, formulas);
  Collector collector(hidden, begin, formulas, paragraphs);
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void*, void* user) {
    of(user).block();
    if (type == MD_BLOCK_CODE) of(user).code_block(true);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* user) {
    of(user).block();
    if (type == MD_BLOCK_CODE) of(user).code_block(false);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void*, void* user) {
    if (type == MD_SPAN_CODE) of(user).code(true);
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* user) {
    if (type == MD_SPAN_CODE) of(user).code(false);
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* said, MD_SIZE size, void* user) {
    of(user).text(type, said, size);
    return 0;
  };
  return md_parse(hidden.data() + begin, static_cast<MD_SIZE>(hidden.size() - begin), &parser, &collector) ==
         0;
}

}  // namespace automodel::papers
