// The structure of a flat LaTeX document.
#include <algorithm>
#include <cctype>
#include <set>

#include "papers/reading/flat.hpp"
#include "papers/reading/latex_table.hpp"

namespace automodel::papers {
namespace {

using Names = std::set<std::string, std::less<>>;
constexpr auto none = std::string::npos;

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Displays whose name says nothing more; the others are part of the formula.
const Names& displays() {
  static const Names all{"equation", "align", "gather", "multline", "eqnarray", "flalign", "displaymath", "math", "dmath"};
  return all;
}
/// What is not running text.
const Names& left_out() {
  static const Names all{"figure", "tikzpicture", "verbatim", "lstlisting", "minted", "comment", "algorithm", "algorithmic", "CCSXML", "filecontents"};
  return all;
}
const Names& skipped_with_arguments() {
  static const Names all{"vspace", "hspace", "includegraphics", "usepackage", "documentclass", "bibliographystyle", "author", "date", "thanks", "affiliation", "email", "institution", "address",
                         "keywords", "pagestyle", "thispagestyle", "setlength", "addtolength", "setcounter", "hypersetup", "graphicspath", "url", "newtheorem", "newenvironment", "renewenvironment", "ccsdesc",
                         "color", "textcolor", "resizebox", "scalebox", "setcitestyle", "acmConference", "copyrightyear", "settopmatter"};
  return all;
}
const Names& sections() {
  static const Names all{"part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph"};
  return all;
}
int level_of(std::string_view name) {
  if (name == "subsection") return 2;
  if (name == "subsubsection") return 3;
  return name.ends_with("paragraph") ? 4 : 1;
}

std::string without_star(std::string name) {
  if (name.ends_with('*')) name.pop_back();
  return name;
}

class StructureReader {
 public:
  StructureReader(Paper& paper, const FlatText& flat, const PaperLimits& limits) : paper_(paper), flat_(flat), text_(flat.text), limits_(limits) {}

  void run() {
    begin_section({}, 1, {});
    const auto begin = text_.find("\\begin{document}");
    if (begin != none) preamble(begin);
    while (at_ < text_.size() && !ended_) step();
    end_paragraph();
    std::erase_if(open_, [](const auto&) { return true; });
    if (paper_.sections.front().title.empty() && paper_.sections.front().paragraphs.empty() && paper_.sections.size() > 1) {
      paper_.sections.erase(paper_.sections.begin());
      for (auto& equation : paper_.equations) --equation.section;
      for (auto& table : paper_.tables) table.section -= table.section > 0 ? 1 : 0;
    }
    resolve_references();
  }

 private:
  void problem(const char* code, std::string message, Span span, std::vector<std::string> candidates = {}) {
    if (paper_.problems.size() < limits_.problems) paper_.problems.push_back({code, std::move(message), span, std::move(candidates)});
  }
  Section& section() { return paper_.sections.back(); }

  /// Of a preamble only the title counts.
  void preamble(std::size_t begin) {
    const auto title = text_.find("\\title");
    if (title < begin) {
      at_ = title + 6;
      take_title();
    }
    at_ = begin + std::string_view("\\begin{document}").size();
  }

  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      line_end();
    } else if (c == '\\') {
      command();
    } else if (c == '$') {
      dollars();
    } else if (c == '{' || c == '}') {
      ++at_;
    } else if (c == '~') {
      say(" ", at_, at_ + 1);
      ++at_;
    } else {
      auto end = at_ + 1;
      while (end < text_.size() && std::string_view("\n\\${}~").find(text_[end]) == none) ++end;
      say(std::string_view(text_).substr(at_, end - at_), at_, end);
      at_ = end;
    }
  }

  /// Before an empty line a paragraph ends.
  void line_end() {
    auto end = at_ + 1;
    while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t' || text_[end] == '\r')) ++end;
    if (end >= text_.size() || text_[end] == '\n') {
      at_ = end;
      return end_paragraph();
    }
    say(" ", at_, at_ + 1);
    ++at_;
  }

  void say(std::string_view words, std::size_t begin, std::size_t end) {
    if (pieces_.empty() || pieces_.back().math) {
      Piece piece;
      piece.span = flat_.span(begin, end);
      pieces_.push_back(std::move(piece));
    }
    auto& piece = pieces_.back();
    for (const char c : words) {
      const bool blank = is_blank(c);
      const bool after_blank = piece.text.empty() ? pieces_.size() == 1 : piece.text.back() == ' ';
      if (!blank || !after_blank) piece.text += blank ? ' ' : c;
    }
    piece.span.end = std::max(piece.span.end, flat_.span(begin, end).end);
    if (piece.text.empty()) pieces_.pop_back();
  }

  void end_paragraph() {
    while (!pieces_.empty() && !pieces_.back().math && pieces_.back().text == " ") pieces_.pop_back();
    if (!pieces_.empty() && !pieces_.back().math && pieces_.back().text.back() == ' ') pieces_.back().text.pop_back();
    if (!pieces_.empty()) section().paragraphs.push_back({std::move(pieces_)});
    pieces_.clear();
  }

  void begin_section(std::string title, int level, Span span) {
    end_paragraph();
    Section made;
    made.title = std::move(title);
    made.level = level;
    made.span = span;
    paper_.sections.push_back(std::move(made));
  }

  std::string name_here() {
    auto end = at_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    if (end == at_ + 1 && end < text_.size()) ++end;
    auto name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end;
    return name;
  }

  /// […] or {…} from here on; nothing where there is none. Bytes inside.
  std::optional<std::pair<std::size_t, std::size_t>> group(char open = '{', char close = '}') {
    auto begin = at_;
    while (begin < text_.size() && is_blank(text_[begin])) ++begin;
    if (begin >= text_.size() || text_[begin] != open) return {};
    int depth = 0;
    for (auto i = begin; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
        continue;
      }
      depth += text_[i] == open ? 1 : text_[i] == close ? -1 : 0;
      if (depth > 0) continue;
      at_ = i + 1;
      return std::pair{begin + 1, i};
    }
    if (unclosed_++ == 0) problem("papers.syntax", "a bracket is never closed", flat_.span(begin, begin + 1), {std::string(1, close)});
    return {};
  }
  std::string group_text() {
    const auto found = unclosed_ < 20 ? group() : std::nullopt;
    return found ? text_.substr(found->first, found->second - found->first) : std::string();
  }
  void skip_groups() {
    if (unclosed_ >= 20) return;  // looking for their ends again and again would take time that grows with the square
    if (at_ < text_.size() && text_[at_] == '*') ++at_;
    while (group('[', ']') || group()) {
    }
  }

  void command() {
    const auto begin = at_;
    const auto name = name_here();
    if (name.empty()) return;
    if (name == "(" || name == "[") return formula_to(begin, name == "(" ? "\\)" : "\\]", name == "[");
    if (name == "begin") return enter(begin);
    if (name == "end") {
      leave(group_text());
      return;
    }
    if (sections().contains(name)) return heading(name, begin);
    if (name == "title") return take_title();
    if (name == "label") {
      const auto label = group_text();
      if (section().label.empty()) section().label = label;
      labels_[label] = std::to_string(numbered_sections_);
    } else if (name == "caption") {
      const auto found = group();
      if (found && in_table_) caption_ = plain_text(std::string_view(text_).substr(found->first, found->second - found->first));
    } else if (name == "ref" || name == "eqref" || name == "cref" || name == "Cref" || name == "autoref") {
      refer(begin);
    } else if (name.starts_with("cite") || name == "nocite") {
      cite();
    } else if (name == "bibitem") {
      skip_optional();
      paper_.bibliography.push_back(group_text());
    } else if (name == "item") {
      end_paragraph();
      skip_optional();
    } else if (name == "par" || name == "newpage" || name == "clearpage" || name == "appendix") {
      end_paragraph();
    } else if (skipped_with_arguments().contains(name)) {
      skip_groups();
    } else if (name == "\\" || name == "," || name == ";" || name == " " || name == "quad" || name == "qquad" || name == "newline" || name == "\n") {
      say(" ", begin, at_);
    } else if (name.size() == 1 && std::string_view("%&_$#{}").find(name[0]) != none) {
      say(name, begin, at_);
    } else if (name == "ldots" || name == "dots") {
      say("...", begin, at_);
    } else if (is_letter(name[0]) && at_ < text_.size() && text_[at_] == '[') {
      skip_optional();
    }
    // Anything else sets the type, or is an accent: what is in its braces is read on.
  }

  void skip_optional() {
    if (unclosed_ < 20) group('[', ']');
  }

  void heading(const std::string& name, std::size_t begin) {
    const bool starred = at_ < text_.size() && text_[at_] == '*';
    if (starred) ++at_;
    skip_optional();
    const auto title = plain_text(group_text());
    if (level_of(name) == 1) ++numbered_sections_;
    begin_section(title, level_of(name), flat_.span(begin, at_));
  }

  void take_title() {
    skip_optional();
    const auto found = group();
    if (!found) return;
    paper_.title = plain_text(std::string_view(text_).substr(found->first, found->second - found->first));
    paper_.title_span = flat_.span(found->first, found->second);
  }

  void refer(std::size_t begin) {
    const auto label = group_text();
    const auto number = static_cast<char>(1);
    paper_.references.push_back({label, {}, flat_.span(begin, at_)});
    say(std::string(1, number) + std::to_string(paper_.references.size() - 1) + number, begin, at_);
  }

  /// Where a label stands may come behind what refers to it.
  void resolve_references() {
    for (auto& reference : paper_.references) {
      const auto at = labels_.find(reference.label);
      if (at != labels_.end()) reference.number = at->second;
      if (at == labels_.end()) problem("papers.unknown_reference", "nothing has the label '" + reference.label + "'", reference.span);
    }
    for (auto& section : paper_.sections) {
      for (auto& paragraph : section.paragraphs) {
        for (auto& piece : paragraph.pieces) resolve(piece.text);
      }
    }
  }

  void resolve(std::string& text) const {
    for (auto begin = text.find('\1'); begin != none; begin = text.find('\1', begin)) {
      const auto end = text.find('\1', begin + 1);
      if (end == none) return;
      const auto index = std::strtoul(text.c_str() + begin + 1, nullptr, 10);
      const auto number = index < paper_.references.size() && !paper_.references[index].number.empty() ? paper_.references[index].number : "?";
      text.replace(begin, end - begin + 1, number);
      begin += number.size();
    }
  }

  void cite() {
    if (at_ < text_.size() && text_[at_] == '*') ++at_;
    for (int i = 0; i < 2; ++i) skip_optional();
    auto keys = group_text();
    for (std::size_t begin = 0; begin < keys.size();) {
      const auto end = std::min(keys.find(',', begin), keys.size());
      auto key = keys.substr(begin, end - begin);
      std::erase_if(key, is_blank);
      if (!key.empty() && std::ranges::find(paper_.citations, key) == paper_.citations.end()) paper_.citations.push_back(key);
      begin = end + 1;
    }
  }

  void enter(std::size_t begin) {
    const auto name = group_text();
    const auto plain = without_star(name);
    if (displays().contains(plain) || plain == "alignat") {
      if (plain == "alignat") group_text();
      return formula_to(begin, "\\end{" + name + "}", true, !name.ends_with('*') && plain != "displaymath" && plain != "math");
    }
    if (left_out().contains(plain)) {
      const auto closing = "\\end{" + name + "}";
      const auto end = text_.find(closing, at_);
      if (end == none) problem("papers.syntax", "\\begin{" + name + "} is never closed", flat_.span(begin, at_), {closing});
      at_ = end == none ? text_.size() : end + closing.size();
      return;
    }
    if (plain == "tabular" || plain == "tabularx" || plain == "tabulary" || plain == "longtable") return tabular(begin, name);
    if (plain == "table") {
      in_table_ = true;
      caption_.clear();
      first_table_ = paper_.tables.size();
    }
    if (plain == "abstract") begin_section("Abstract", 1, flat_.span(begin, at_));
    if (plain == "document") return;
    if (open_.size() < 1000) open_.push_back(plain);
    skip_optional();
    if (plain == "itemize" || plain == "enumerate" || plain == "description" || plain == "thebibliography") {
      end_paragraph();
      if (plain == "thebibliography") group_text();
    }
  }

  void leave(const std::string& name) {
    const auto plain = without_star(name);
    if (plain == "document") {
      ended_ = true;
      return;
    }
    if (plain == "table") {
      for (auto i = first_table_; i < paper_.tables.size(); ++i) paper_.tables[i].caption = caption_;
      in_table_ = false;
    }
    if (plain == "abstract" || plain == "itemize" || plain == "enumerate" || plain == "description") end_paragraph();
    if (plain == "abstract") begin_section({}, 1, {});
    if (!open_.empty() && open_.back() == plain) {
      open_.pop_back();
    } else if (std::ranges::find(open_, plain) == open_.end()) {
      problem("papers.syntax", "\\end{" + name + "} closes what was never begun", flat_.span(at_ - 1, at_));
    }
  }

  void tabular(std::size_t begin, const std::string& name) {
    skip_optional();
    group();
    if (name != "tabular" && name != "longtable") group();
    const auto closing = "\\end{" + name + "}";
    const auto end = text_.find(closing, at_);
    if (end == none) {
      problem("papers.syntax", "\\begin{" + name + "} is never closed", flat_.span(begin, begin + 6), {closing});
      at_ = text_.size();
      return;
    }
    PaperTable table;
    table.section = paper_.sections.size() - 1;
    table.span = flat_.span(begin, begin + 6);
    table.rows = read_tabular(flat_, at_, end, paper_.problems);
    paper_.tables.push_back(std::move(table));
    at_ = end + closing.size();
  }

  void dollars() {
    const bool display = text_.compare(at_, 2, "$$") == 0;
    const auto begin = at_;
    at_ += display ? 2 : 1;
    formula_to(begin, display ? "$$" : "$", display);
  }

  /// Reads from here to `closing`, which must come before the paragraph ends.
  void formula_to(std::size_t begin, const std::string& closing, bool display, bool numbered = false) {
    const auto inner = at_;
    auto end = inner;
    for (; end < text_.size(); ++end) {
      if (text_.compare(end, closing.size(), closing) == 0) break;
      const bool empty_line = text_[end] == '\n' && text_.find_first_not_of(" \t\r", end + 1) < text_.size() && text_[text_.find_first_not_of(" \t\r", end + 1)] == '\n';
      if (empty_line) end = text_.size();
      if (end < text_.size() && text_[end] == '\\' && closing[0] != '\\') ++end;
    }
    if (end >= text_.size()) {
      problem("papers.syntax", "a formula begins here and is not closed before the paragraph ends", flat_.span(begin, inner), {"close it with " + closing});
      return;  // what stands in it is read as text
    }
    at_ = end + closing.size();
    Piece piece;
    piece.span = flat_.span(begin, at_);
    piece.math = formula(inner, end);
    piece.math->display = display;
    std::string number;
    if (display) number = numbers_of(std::string_view(text_).substr(inner, end - inner), closing, numbered);
    parse(piece, display);
    pieces_.push_back(std::move(piece));
    if (!display) return;
    paper_.equations.push_back({number, paper_.sections.size() - 1, section().paragraphs.size(), pieces_.size() - 1, pieces_.back().span});
  }

  /// Without what only numbers or sets it.
  MathText formula(std::size_t begin, std::size_t end) const {
    MathText out;
    for (auto i = begin; i < end;) {
      const auto rest = std::string_view(text_).substr(i, end - i);
      if (rest.starts_with("\\\\")) {
        out.text += "\\\\";
        out.offsets.insert(out.offsets.end(), {flat_.offsets[i], flat_.offsets[i + 1]});
        i += 2;
        if (i < end && text_[i] == '[') i = std::min(end, std::min(text_.find(']', i), text_.size() - 1) + 1);
        continue;
      }
      std::size_t skip = 0;
      for (const std::string_view silent : {"\\ensuremath", "\\nonumber", "\\notag", "\\xspace", "\\allowdisplaybreaks"}) {
        if (rest.starts_with(silent) && (rest.size() == silent.size() || !is_letter(rest[silent.size()]))) skip = silent.size();
      }
      if (skip > 0) {
        i += skip;
        continue;
      }
      out.text += text_[i];
      out.offsets.push_back(flat_.offsets[i]);
      ++i;
    }
    while (!out.text.empty() && (is_blank(out.text.back()) || out.text.back() == '.' || out.text.back() == ',' || out.text.back() == ';')) {
      out.text.pop_back();
      out.offsets.pop_back();
    }
    out.offsets.push_back(end < flat_.offsets.size() ? flat_.offsets[end] : flat_.span(end, end).end);
    return out;
  }

  /// Counts the lines that are numbered and takes their labels. The first line's number.
  std::string numbers_of(std::string_view math, const std::string& closing, bool numbered) {
    const bool lines = closing.find("align") != none || closing.find("gather") != none || closing.find("eqnarray") != none;
    std::string first;
    int depth = 0;
    bool counted = numbered;
    std::vector<std::string> here;
    const auto end_line = [&] {
      if (counted) ++numbered_equations_;
      if (first.empty() && counted) first = std::to_string(numbered_equations_);
      for (const auto& label : here) labels_[label] = std::to_string(numbered_equations_);
      here.clear();
      counted = numbered;
    };
    for (std::size_t i = 0; i < math.size(); ++i) {
      const auto rest = math.substr(i);
      depth += rest.starts_with("\\begin{") ? 1 : rest.starts_with("\\end{") ? -1 : 0;
      if (rest.starts_with("\\nonumber") || rest.starts_with("\\notag")) counted = false;
      if (rest.starts_with("\\label{")) here.emplace_back(rest.substr(7, std::min(rest.find('}'), rest.size()) - 7));
      if (rest.starts_with("\\tag{")) {
        counted = false;
        first = rest.substr(5, std::min(rest.find('}'), rest.size()) - 5);
      }
      if (lines && depth == 0 && rest.starts_with("\\\\")) end_line();
      if (rest.starts_with("\\\\")) ++i;
    }
    end_line();
    return first;
  }

  void parse(Piece& piece, bool display) {
    if (paper_.problems.size() >= limits_.problems) return;
    Macros macros;  // they are gone from this text
    auto parsed = parse_formula(*piece.math, macros);
    piece.statements = std::move(parsed.statements);
    if (display || parsed.problems.empty()) {
      for (auto& found : parsed.problems) problem(found.code.c_str(), found.message, found.span, found.candidates);
    }
  }

  Paper& paper_;
  const FlatText& flat_;
  const std::string& text_;
  PaperLimits limits_;
  std::size_t at_ = 0, unclosed_ = 0;
  bool ended_ = false, in_table_ = false;
  std::vector<Piece> pieces_;
  std::vector<std::string> open_;
  std::map<std::string, std::string> labels_;
  std::size_t numbered_sections_ = 0, numbered_equations_ = 0, first_table_ = 0;
  std::string caption_;
};

}  // namespace

Paper read_latex(std::string name, std::string text, const FindFile& find, const PaperLimits& limits) {
  Paper paper;
  if (text.size() > limits.bytes) {
    text.resize(limits.bytes);
    paper.problems.push_back({"papers.too_large", "the paper has more than " + std::to_string(limits.bytes >> 20U) + " MiB: the rest is not read", {0, 1}, {}});
  }
  paper.source = Source(std::move(name), std::move(text));
  const auto flat = flatten(paper, find, limits);
  StructureReader(paper, flat, limits).run();
  std::ranges::stable_sort(paper.problems, {}, [](const Problem& problem) { return problem.span.begin; });
  return paper;
}

}  // namespace automodel::papers
