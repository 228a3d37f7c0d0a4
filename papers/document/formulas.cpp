#include "papers/document/formulas.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>

namespace automodel::papers {
namespace {

constexpr auto none = std::string_view::npos;

std::uint32_t offset(std::size_t at) { return static_cast<std::uint32_t>(at); }
bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r>") == none; }
/// What may begin fenced code: a block that ran on over it would be searched again behind it.
bool is_fence(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t>-*+"), line.size()));
  return line.starts_with("```") || line.starts_with("~~~");
}
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

/// Environments that are displays. The names of the first kind say nothing more than that.
bool is_display(std::string_view name) {
  static constexpr std::array<std::string_view, 8> all{"equation", "align",   "gather",      "multline",
                                                       "eqnarray", "flalign", "displaymath", "alignat"};
  return std::ranges::find(all, name) != all.end();
}
bool is_mathematics(std::string_view name) {
  static constexpr std::array<std::string_view, 10> all{
      "cases", "aligned", "split", "gathered", "alignedat", "matrix", "bmatrix", "pmatrix", "array", "math"};
  return is_display(name) || std::ranges::find(all, name) != all.end();
}

class Search {
 public:
  Search(const std::string& text, std::size_t begin, std::vector<Problem>& problems)
      : text_(text), at_(begin), problems_(problems) {}

  std::vector<Formula> run() {
    bool line_begins = true;
    while (at_ < text_.size()) {
      if (line_begins && fenced_code()) continue;
      line_begins = false;
      if (at_ >= block_end_) enter_block();
      const char c = text_[at_];
      if (c == '\n')
        line_begins = true, ++at_;
      else if (c == '`')
        code_span();
      else if (c == '$')
        dollars();
      else if (c == '\\')
        backslash();
      else
        ++at_;
    }
    return std::move(found_);
  }

 private:
  std::size_t line_end(std::size_t at) const { return std::min(text_.find('\n', at), text_.size()); }

  /// The text up to an empty line or a fence, and the last run of backquotes of each length in it.
  void enter_block() {
    last_run_.clear();
    block_end_ = at_;
    while (block_end_ < text_.size()) {
      const auto end = line_end(block_end_);
      const auto line = std::string_view(text_).substr(block_end_, end - block_end_);
      if (block_end_ > at_ && (is_blank(line) || is_fence(line))) break;
      block_end_ = std::min(end + 1, text_.size());
    }
    for (auto i = at_; i < block_end_;) {
      if (text_[i] != '`') {
        ++i;
        continue;
      }
      const auto length = run_length(i, '`');
      last_run_[length] = i;
      i += length;
    }
  }

  std::size_t run_length(std::size_t at, char c) const {
    const auto end = std::min(text_.find_first_not_of(c, at), text_.size());
    return end - at;
  }

  /// ``` or ~~~, also in a list or a quote, to the fence that closes it or the end of the text.
  bool fenced_code() {
    auto at = std::min(text_.find_first_not_of(" \t>", at_), text_.size());
    if (at + 1 < text_.size() && (text_[at] == '-' || text_[at] == '*' || text_[at] == '+') &&
        text_[at + 1] == ' ')
      at = std::min(text_.find_first_not_of(' ', at + 1), text_.size());
    if (at >= text_.size() || (text_[at] != '`' && text_[at] != '~')) return false;
    const char fence = text_[at];
    const auto length = run_length(at, fence);
    auto end = line_end(at);
    if (length < 3 ||
        (fence == '`' && std::string_view(text_).substr(at, end - at).find('`', length) != none))
      return false;
    while (end < text_.size()) {
      const auto begin = end + 1;
      end = line_end(begin);
      const auto start = text_.find_first_not_of(" \t>", begin);
      if (start == none || start >= end || text_[start] != fence) continue;
      const auto closing = run_length(start, fence);
      if (closing >= length &&
          is_blank(std::string_view(text_).substr(start + closing, end - start - closing)))
        break;
    }
    at_ = std::min(end, text_.size());
    block_end_ = at_;
    return true;
  }

  void code_span() {
    const auto length = run_length(at_, '`');
    const auto last = last_run_.find(length);
    at_ += length;
    if (last == last_run_.end() || last->second < at_) return;  // it is never closed: backquotes and no more
    while (at_ < block_end_) {
      if (text_[at_] != '`') {
        ++at_;
        continue;
      }
      const auto run = run_length(at_, '`');
      at_ += run;
      if (run == length) return;
    }
  }

  /// Where `closing` stands before the block ends, not behind a backslash; npos: nowhere.
  std::size_t closing_place(std::size_t from, std::string_view closing) const {
    if (known_unclosed(closing)) return none;
    for (auto at = from; at + closing.size() <= block_end_; ++at) {
      if (std::string_view(text_).substr(at, closing.size()) == closing) return at;
      if (text_[at] == '\\') ++at;
    }
    return none;
  }

  void add(std::size_t begin, std::size_t inner, std::size_t inner_end, std::size_t end, bool display,
           bool definition = false) {
    Formula formula{{offset(begin), offset(end)}, {}, definition};
    formula.math.display = display;
    const bool quoted = is_quoted(begin);
    for (auto at = inner; at < inner_end; ++at) {
      formula.math.text += text_[at];
      formula.math.offsets.push_back(offset(at));
      if (text_[at] != '\n' || !quoted) continue;
      const auto next = text_.find_first_not_of(" \t>", at + 1);  // the quote's own signs
      at = std::min({next, inner_end, line_end(at + 1)}) - 1;
    }
    formula.math.offsets.push_back(offset(inner_end));
    found_.push_back(std::move(formula));
    at_ = end;
  }

  /// `at` only grows, so that no line is read twice.
  bool is_quoted(std::size_t at) {
    while (!line_known_ || line_end_ < at) {
      if (line_known_) line_ = line_end_ + 1;
      line_end_ = line_end(line_);
      line_known_ = true;
      const auto first = text_.find_first_not_of(" \t", line_);
      line_quoted_ = first < line_end_ && text_[first] == '>';
    }
    return line_quoted_;
  }

  /// It was looked for up to the end of this block before: looking again and again would take time that grows
  /// with the square.
  bool known_unclosed(std::string_view closing) const {
    const auto at = unclosed_.find(closing);
    return at != unclosed_.end() && at->second == block_end_;
  }

  void unclosed(std::size_t length, const std::string& closing, const std::string& what,
                const std::string& expected) {
    unclosed_[closing] = block_end_;
    if (problems_.size() < 100)
      problems_.push_back({"papers.syntax",
                           what + " begins here and is not closed before the paragraph ends",
                           {offset(at_), offset(at_ + length)},
                           {expected}});
    at_ += length;
  }

  void dollars() {
    const auto begin = at_;
    const std::size_t length = text_.compare(at_, 2, "$$") == 0 ? 2 : 1;
    const std::string_view sign = length == 2 ? "$$" : "$";
    const auto end = closing_place(begin + length, sign);
    if (end == none)
      return unclosed(length, std::string(sign), "a formula",
                      length == 2 ? "close it with $$" : "close it with $, or write \\$ for a dollar");
    add(begin, begin + length, end, end + length, length == 2);
  }

  void backslash() {
    const auto rest = std::string_view(text_).substr(at_, block_end_ - at_);
    if (rest.starts_with("\\[") || rest.starts_with("\\(")) {
      const bool display = rest[1] == '[';
      const auto end = closing_place(at_ + 2, display ? "\\]" : "\\)");
      if (end == none)
        return unclosed(2, display ? "\\]" : "\\)", "a formula",
                        display ? "close it with \\]" : "close it with \\)");
      return add(at_, at_ + 2, end, end + 2, display);
    }
    if (rest.starts_with("\\begin{")) return environment();
    for (const std::string_view defines :
         {"\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareMathOperator", "\\def"})
      if (rest.starts_with(defines) && rest.size() > defines.size() && !is_letter(rest[defines.size()]))
        return definition();
    at_ = std::min(at_ + 2, text_.size());
  }

  void environment() {
    const auto begin = at_;
    const auto brace = begin + 6;
    const auto name_end = text_.find('}', brace);
    if (name_end >= block_end_ || name_end - brace > 20) {
      at_ += 2;
      return;
    }
    const auto name = text_.substr(brace + 1, name_end - brace - 1);
    const auto plain = name.ends_with('*') ? name.substr(0, name.size() - 1) : name;
    if (!is_mathematics(plain)) {
      at_ += 2;
      return;
    }
    const auto closing = "\\end{" + name + "}";
    // Environments of one name in each other: cases in cases.
    const auto opening = "\\begin{" + name + "}";
    std::size_t depth = 1, at = name_end + 1;
    for (; at < block_end_ && !known_unclosed(closing); ++at) {
      const auto here = std::string_view(text_).substr(at);
      if (here.starts_with(opening)) ++depth;
      if (here.starts_with(closing) && --depth == 0) break;
    }
    if (at >= block_end_ || depth > 0)
      return unclosed(name_end + 1 - begin, closing, opening, "close it with " + closing);
    const auto end = at + closing.size();
    if (is_display(plain) && plain != "alignat")
      add(begin, name_end + 1, at, end, true);
    else
      add(begin, begin, end, end, true);
  }

  /// A definition ends with its last group: \newcommand{\x}[1]{…}, \def\x#1{…}.
  void definition() {
    const auto begin = at_;
    const bool primitive = std::string_view(text_).substr(at_).starts_with("\\def");
    std::size_t groups = primitive ? 1 : 2, depth = 0, at = begin + 1;
    while (at < block_end_ && is_letter(text_[at])) ++at;
    for (; at < block_end_ && !known_unclosed("definition"); ++at) {
      const char c = text_[at];
      if (c == '\\') {
        const bool bare = depth == 0 && !primitive && groups == 2;  // \newcommand\x{…}
        ++at;
        if (bare) {
          --groups;
          while (at + 1 < block_end_ && is_letter(text_[at]) && is_letter(text_[at + 1])) ++at;
        }
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && depth > 0 && --depth == 0 && --groups == 0) {
        return add(begin, begin, at + 1, at + 1, false, true);
      }
    }
    unclosed(1, "definition", "a definition", "\\newcommand{\\name}{…}");
  }

  const std::string& text_;
  std::size_t at_, block_end_ = 0;
  std::size_t line_ = 0, line_end_ = 0;
  bool line_known_ = false, line_quoted_ = false;
  std::map<std::size_t, std::size_t> last_run_;
  std::map<std::string, std::size_t, std::less<>>
      unclosed_;  // what was never closed -> the end of that block
  std::vector<Problem>& problems_;
  std::vector<Formula> found_;
};

}  // namespace

std::vector<Formula> find_formulas(const std::string& text, std::size_t begin,
                                   std::vector<Problem>& problems) {
  return Search(text, begin, problems).run();
}

std::string without_formulas(std::string text, const std::vector<Formula>& formulas) {
  for (const auto& formula : formulas)
    std::fill(text.begin() + formula.whole.begin, text.begin() + formula.whole.end, 'x');
  return text;
}

}  // namespace automodel::papers
