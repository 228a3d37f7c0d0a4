#include "papers/reading/flat.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace automodel::papers {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct TextMacro {
  std::size_t arguments = 0;
  std::optional<std::string> first;  // what the first argument is where it is not given
  std::string body;
};

/// A text that is being read: a file, or what a macro stands for.
struct Frame {
  FlatText flat;
  std::size_t at = 0;
  std::string file;  // empty: a macro
};

class Flattening {
 public:
  Flattening(Paper& paper, const FindFile& find, const PaperLimits& limits) : paper_(paper), find_(find), limits_(limits) {
    bytes_ = paper.source.text().size();
    open(paper.source.text(), 0, paper.source.name());
  }

  FlatText run() {
    while (!at_end()) {
      const char c = peek();
      if (c == '%') {
        comment();
      } else if (c == '\\') {
        command();
      } else {
        keep(next());
      }
    }
    for (const auto& [name, macro] : macros_) paper_.macros.push_back(name);
    return std::move(out_);
  }

 private:
  struct Character {
    char c = 0;
    std::uint32_t offset = 0;
  };

  void problem(const char* code, std::string message, Span span, std::vector<std::string> candidates = {}) {
    if (paper_.problems.size() < limits_.problems) paper_.problems.push_back({code, std::move(message), span, std::move(candidates)});
  }

  void open(std::string text, std::uint32_t offset, std::string file) {
    Frame frame;
    frame.flat.offsets.resize(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) frame.flat.offsets[i] = offset + static_cast<std::uint32_t>(i);
    frame.flat.text = std::move(text);
    frame.file = std::move(file);
    frames_.push_back(std::move(frame));
  }

  bool at_end() {
    while (!frames_.empty() && frames_.back().at == frames_.back().flat.text.size()) frames_.pop_back();
    return frames_.empty();
  }
  char peek(std::size_t ahead = 0) {
    if (at_end()) return 0;
    const auto& frame = frames_.back();
    return frame.at + ahead < frame.flat.text.size() ? frame.flat.text[frame.at + ahead] : '\0';
  }
  Character next() {
    if (at_end()) return {0, last_};
    auto& frame = frames_.back();
    last_ = frame.flat.offsets[frame.at];
    return {frame.flat.text[frame.at++], last_};
  }
  static void put(FlatText& to, Character c) {
    to.text += c.c;
    to.offsets.push_back(c.offset);
  }
  void keep(Character c) { put(out_, c); }

  /// To the end of its line, and that line's end where the next line is not empty.
  void comment() {
    while (!at_end() && peek() != '\n') next();
    std::size_t ahead = 1;
    while (peek(ahead) == ' ' || peek(ahead) == '\t' || peek(ahead) == '\r') ++ahead;
    if (peek() == '\n' && peek(ahead) != '\n') next();
  }

  void skip_blanks() {
    while (is_blank(peek())) next();
  }

  struct Name {
    std::string text;
    Span span;
  };
  Name command_name() {
    const auto slash = next();
    Name name{{}, {slash.offset, slash.offset + 1}};
    if (!is_letter(peek())) {
      if (!at_end()) name.text = std::string(1, next().c);
    } else {
      while (is_letter(peek())) name.text += next().c;
    }
    name.span.end = std::max(name.span.end, last_ + 1);
    return name;
  }

  void keep(const Name& name) {
    keep({'\\', name.span.begin});
    for (std::size_t i = 0; i < name.text.size(); ++i) keep({name.text[i], name.span.begin});
  }

  void command() {
    const auto name = command_name();
    const auto& said = name.text;
    if (said == "newcommand" || said == "renewcommand" || said == "providecommand" || said == "DeclareRobustCommand") {
      new_command(name);
    } else if (said == "DeclareMathOperator") {
      star();
      const auto defined = defined_name(name);
      if (const auto body = group(name); body && !defined.empty()) macros_[defined] = {0, {}, "\\operatorname{" + body->text + "}"};
    } else if (said == "def" || said == "gdef") {
      primitive(name);
    } else if (said == "let") {
      let(name);
    } else if (said == "input" || said == "include" || said == "subfile") {
      take_in(name);
    } else if (said == "bibliography") {
      bibliography(name);
    } else if (said == "iffalse") {
      skip_to_fi();
    } else if (const auto macro = macros_.find(said); macro != macros_.end()) {
      const auto known = macro->second;
      use(name, known);
    } else {
      keep(name);
    }
  }

  void star() {
    if (peek() == '*') next();
  }

  /// {…} without its braces, not expanded; of a bare argument the character or the command. Nothing, and a problem, where it is missing or open.
  std::optional<FlatText> group(const Name& of) {
    skip_blanks();
    FlatText out;
    if (at_end() || peek() == '}') {
      problem("papers.syntax", "an argument of \\" + of.text + " is missing", of.span, {"{…}"});
      return {};
    }
    if (peek() == '\\') {
      const auto name = command_name();
      put(out, {'\\', name.span.begin});
      for (const char c : name.text) put(out, {c, name.span.begin});
      return out;
    }
    const auto first = next();
    if (first.c != '{') {
      put(out, first);
      return out;
    }
    for (std::size_t depth = 1; !at_end();) {
      if (peek() == '%') {
        comment();
        continue;
      }
      const auto c = next();
      if (c.c == '\\' && !at_end()) {
        put(out, c);
        put(out, next());
        continue;
      }
      depth += c.c == '{';
      depth -= c.c == '}';
      if (depth == 0) return out;
      put(out, c);
    }
    problem("papers.syntax", "a brace of \\" + of.text + " is never closed", {first.offset, first.offset + 1}, {"}"});
    return {};
  }

  /// […]; nothing where there is none.
  std::optional<FlatText> optional_group() {
    skip_blanks();
    if (peek() != '[') return {};
    next();
    FlatText out;
    for (int depth = 0; !at_end();) {
      const auto c = next();
      if (c.c == ']' && depth == 0) return out;
      depth += c.c == '{' ? 1 : c.c == '}' ? -1 : 0;
      put(out, c);
    }
    return out;
  }

  std::string defined_name(const Name& of) {
    const auto name = group(of);
    if (!name) return {};
    std::string text;
    for (const char c : name->text) {
      if (!is_blank(c)) text += c;
    }
    if (text.size() < 2 || text[0] != '\\') {
      problem("papers.syntax", "\\" + of.text + " defines a command", of.span, {"\\" + of.text + "{\\name}{…}"});
      return {};
    }
    return text.substr(1);
  }

  void new_command(const Name& name) {
    star();
    const auto defined = defined_name(name);
    if (defined.empty()) return;
    TextMacro macro;
    if (const auto count = optional_group()) {
      if (count->text.size() != 1 || !std::isdigit(static_cast<unsigned char>(count->text[0]))) {
        return problem("papers.syntax", "the number of arguments of \\" + defined + " is one digit", name.span, {"[1]"});
      }
      macro.arguments = static_cast<std::size_t>(count->text[0] - '0');
      if (auto first = optional_group()) macro.first = first->text;
    }
    auto body = group(name);
    if (!body) return;
    macro.body = std::move(body->text);
    macros_[defined] = std::move(macro);
  }

  void primitive(const Name& name) {
    skip_blanks();
    if (peek() != '\\') return problem("papers.syntax", "\\def\\name was expected", name.span);
    const auto defined = command_name();
    TextMacro macro;
    while (!at_end() && peek() != '{') {
      const char c = next().c;
      const bool parameter = c == '#' && peek() == static_cast<char>('1' + macro.arguments);
      if (parameter) {
        next();
        ++macro.arguments;
      } else if (!is_blank(c)) {
        return problem("papers.syntax", "the parameters of \\def\\" + defined.text + " are #1#2… and nothing between them", defined.span, {"\\newcommand{\\" + defined.text + "}[1]{…}"});
      }
    }
    auto body = group(name);
    if (!body) return;
    macro.body = std::move(body->text);
    macros_[defined.text] = std::move(macro);
  }

  void let(const Name& name) {
    skip_blanks();
    if (peek() != '\\') return problem("papers.syntax", "\\let\\name was expected", name.span);
    const auto defined = command_name();
    skip_blanks();
    if (peek() == '=') next();
    skip_blanks();
    if (peek() != '\\') return;
    const auto meant = command_name();
    const auto known = macros_.find(meant.text);
    macros_[defined.text] = known != macros_.end() ? known->second : TextMacro{0, {}, "\\" + meant.text};
  }

  void take_in(const Name& name) {
    const auto file = group(name);
    if (!file) return;
    std::string wanted = file->text;
    std::erase_if(wanted, is_blank);
    if (!take_in_file(wanted, name.span)) {
      problem("papers.missing_file", "\\" + name.text + "{" + wanted + "}: there is no such file beside the paper", name.span, {"put it there, or take the line out"});
    }
  }

  /// False where there is none.
  bool take_in_file(const std::string& wanted, Span span) {
    const auto open_already = std::ranges::count_if(frames_, [](const Frame& frame) { return !frame.file.empty(); });
    const bool inside_itself = std::ranges::any_of(frames_, [&](const Frame& frame) { return frame.file == wanted || frame.file == wanted + ".tex"; });
    if (inside_itself || open_already > static_cast<std::ptrdiff_t>(limits_.nested_files)) {
      problem("papers.circular", wanted + " takes in itself, or files are nested too deeply", span);
      return true;
    }
    auto text = find_ ? find_(wanted) : Result<std::string>(fail("papers.missing_file", wanted));
    if (!text) return false;
    bytes_ += text->size();
    if (bytes_ > limits_.bytes || ++files_ > limits_.files) {
      problem("papers.too_large", "the paper's files are more than is read: " + std::to_string(limits_.bytes >> 20U) + " MiB, " + std::to_string(limits_.files) + " files", span);
      return true;
    }
    const auto offset = paper_.source.append(wanted, *text);
    open(std::move(*text), offset, wanted);
    return true;
  }

  /// What bibtex made of it; a paper without that has no entries, which nothing here needs.
  void bibliography(const Name& name) {
    const auto said = group(name);
    auto stem = paper_.source.name();
    stem = stem.substr(stem.rfind('/') == std::string::npos ? 0 : stem.rfind('/') + 1);
    stem = stem.substr(0, stem.rfind('.'));
    if (said && !take_in_file(stem + ".bbl", name.span)) take_in_file(said->text + ".bbl", name.span);
  }

  void skip_to_fi() {
    for (int depth = 1; depth > 0 && !at_end();) {
      if (peek() != '\\') {
        next();
        continue;
      }
      const auto name = command_name().text;
      depth += name.starts_with("if") ? 1 : name == "fi" ? -1 : 0;
    }
  }

  void use(const Name& name, const TextMacro& macro) {
    Span place = name.span;
    std::vector<FlatText> arguments;
    for (std::size_t i = 0; i < macro.arguments; ++i) {
      if (i == 0 && macro.first) {
        auto given = optional_group();
        if (!given) {
          given.emplace();
          given->text = *macro.first;
          given->offsets.assign(macro.first->size(), place.begin);
        }
        arguments.push_back(std::move(*given));
        continue;
      }
      auto argument = group(name);
      if (!argument) return;
      arguments.push_back(std::move(*argument));
    }
    Frame frame;
    for (std::size_t i = 0; i < macro.body.size(); ++i) {
      const char c = macro.body[i];
      const auto number = c == '#' && i + 1 < macro.body.size() ? static_cast<std::size_t>(macro.body[i + 1] - '1') : std::string::npos;
      if (number >= arguments.size()) {
        put(frame.flat, {c, place.begin});
        continue;
      }
      ++i;
      const auto& argument = arguments[number];
      if (!argument.text.empty() && is_letter(argument.text[0])) end_command(frame.flat, place.begin);
      frame.flat.text += argument.text;
      frame.flat.offsets.insert(frame.flat.offsets.end(), argument.offsets.begin(), argument.offsets.end());
    }
    if (is_letter(peek())) end_command(frame.flat, place.begin);
    expanded_ += frame.flat.text.size() + 1;
    if (expanded_ > limits_.expanded_bytes || frames_.size() > limits_.nested_macros) {
      problem("papers.too_large", "\\" + name.text + " expands without end, or to more than is read", place);
      macros_.erase(name.text);
      return;
    }
    if (!frame.flat.text.empty()) frames_.push_back(std::move(frame));
  }

  /// A letter that came next would be read as part of the command's name.
  static void end_command(FlatText& flat, std::uint32_t offset) {
    auto at = flat.text.size();
    while (at > 0 && is_letter(flat.text[at - 1])) --at;
    if (at > 0 && at < flat.text.size() && flat.text[at - 1] == '\\') put(flat, {' ', offset});
  }

  Paper& paper_;
  const FindFile& find_;
  PaperLimits limits_;
  std::vector<Frame> frames_;
  std::map<std::string, TextMacro> macros_;
  FlatText out_;
  std::uint32_t last_ = 0;
  std::size_t bytes_ = 0, files_ = 0, expanded_ = 0;
};

}  // namespace

Span FlatText::span(std::size_t begin, std::size_t end) const {
  if (begin >= end || begin >= offsets.size()) {
    const auto at = offsets.empty() ? 0 : offsets[std::min(begin, offsets.size() - 1)];
    return {at, at + 1};
  }
  const auto [low, high] = std::minmax(offsets[begin], offsets[std::min(end, offsets.size()) - 1]);
  return {low, high + 1};
}

FlatText flatten(Paper& paper, const FindFile& find, const PaperLimits& limits) { return Flattening(paper, find, limits).run(); }

}  // namespace automodel::papers
