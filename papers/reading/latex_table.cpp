#include "papers/reading/latex_table.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

namespace automodel::papers {
namespace {

constexpr std::size_t widest = 200;  // columns, and rows that a cell covers

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// {…} from `at` on, blanks before it skipped; `at` moves behind it. Nothing where there is none.
std::optional<std::pair<std::size_t, std::size_t>> group_at(std::string_view text, std::size_t& at, char open = '{', char close = '}') {
  auto begin = at;
  while (begin < text.size() && is_blank(text[begin])) ++begin;
  if (begin >= text.size() || text[begin] != open) return {};
  int depth = 0;
  for (auto i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      continue;
    }
    depth += text[i] == open ? 1 : text[i] == close ? -1 : 0;
    if (depth > 0) continue;
    at = i + 1;
    return std::pair{begin + 1, i};
  }
  return {};
}

std::size_t number_in(std::string_view text) {
  std::size_t value = 1;
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::clamp<std::size_t>(value, 1, widest);
}

struct Cell {
  std::string text;
  bool marked = false;
  std::size_t columns = 1, rows = 1;
  Span span;
};

/// The lines between rows, which belong to no cell.
bool rule(std::string_view name) {
  static constexpr std::string_view all[] = {"hline", "toprule", "midrule", "bottomrule", "cmidrule", "cline", "specialrule", "addlinespace", "rowcolor", "arrayrulecolor"};
  return std::ranges::find(all, name) != std::end(all);
}

class Reader {
 public:
  Reader(const FlatText& flat, std::size_t begin, std::size_t end, std::vector<Problem>& problems) : flat_(flat), at_(begin), end_(end), problems_(problems) {}

  std::vector<std::vector<TableCell>> run() {
    while (at_ < end_) row();
    ask_about_widths();
    return std::move(rows_);
  }

 private:
  std::string_view text() const { return std::string_view(flat_.text).substr(0, end_); }

  /// Up to `\\`.
  void row() {
    skip_rules();
    if (at_ >= end_) return;
    const auto first = at_;
    std::vector<Cell> cells;
    for (auto begin = at_;;) {
      const char stop = to_stop();
      cells.push_back(cell(begin, at_));
      if (stop == '&') {
        begin = ++at_;
        continue;
      }
      if (stop == '\\') {
        at_ += 2;
        group_at(text(), at_, '[', ']');
      }
      break;
    }
    const bool empty = cells.size() == 1 && cells[0].text.empty();
    if (!empty) place(cells, flat_.span(first, std::min(at_, end_)));
  }

  void skip_rules() {
    while (at_ < end_) {
      if (is_blank(text()[at_])) {
        ++at_;
        continue;
      }
      if (text()[at_] != '\\') return;
      auto name_end = at_ + 1;
      while (name_end < end_ && is_letter(text()[name_end])) ++name_end;
      if (!rule(text().substr(at_ + 1, name_end - at_ - 1))) return;
      at_ = name_end;
      group_at(text(), at_, '[', ']');
      group_at(text(), at_, '(', ')');
      group_at(text(), at_);
    }
  }

  /// '&', '\\' (of two backslashes) or 0 at the end; outside of braces.
  char to_stop() {
    for (int depth = 0; at_ < end_; ++at_) {
      const char c = text()[at_];
      if (c == '\\' && at_ + 1 < end_) {
        if (text()[at_ + 1] == '\\' && depth == 0) return '\\';
        ++at_;
        continue;
      }
      depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (c == '&' && depth == 0) return '&';
    }
    return 0;
  }

  Cell cell(std::size_t begin, std::size_t end) const {
    Cell out;
    out.span = flat_.span(begin, end);
    auto said = std::string_view(flat_.text).substr(begin, end - begin);
    for (bool again = true; again;) {
      again = false;
      while (!said.empty() && is_blank(said.front())) said.remove_prefix(1);
      const bool columns = said.starts_with("\\multicolumn"), rows = said.starts_with("\\multirow");
      if (!columns && !rows) continue;
      auto at = said.find_first_of("{[", 0);
      if (at == std::string_view::npos) break;
      if (rows) group_at(said, at, '[', ']');
      const auto count = group_at(said, at);
      if (rows) group_at(said, at, '[', ']');
      group_at(said, at);
      if (rows) group_at(said, at, '[', ']');
      const auto inner = group_at(said, at);
      if (!count || !inner) break;
      (columns ? out.columns : out.rows) = number_in(said.substr(count->first, count->second - count->first));
      said = said.substr(inner->first, inner->second - inner->first);
      again = true;
    }
    out.marked = said.find("\\textbf") != std::string_view::npos || said.find("\\underline") != std::string_view::npos ||
                 said.find("\\mathbf") != std::string_view::npos || said.find("\\bf") != std::string_view::npos;
    out.text = plain_text(said);
    return out;
  }

  struct Reaching {
    TableCell cell;
    std::size_t rows = 0;  // yet to come
  };

  void place(const std::vector<Cell>& cells, Span span) {
    std::vector<TableCell> row;
    for (const auto& cell : cells) {
      for (std::size_t i = 0; i < cell.columns && row.size() < widest; ++i) {
        TableCell value{cell.text, cell.marked, cell.span};
        if (const auto above = reaching_.find(row.size()); above != reaching_.end() && above->second.rows > 0) {
          --above->second.rows;
          if (value.text.empty()) {
            value = above->second.cell;
          } else {
            problems_.push_back({"papers.merged_cells", "'" + value.text + "' stands where '" + above->second.cell.text + "' of a row above reaches", cell.span,
                                 {"which of them is meant?"}});
          }
        }
        if (cell.rows > 1) reaching_[row.size()] = {value, cell.rows - 1};
        row.push_back(std::move(value));
      }
    }
    rows_.push_back(std::move(row));
    spans_.push_back(span);
  }

  /// A row that is one cell over all columns is a title between rows.
  void ask_about_widths() {
    std::map<std::size_t, std::size_t> widths;
    for (const auto& row : rows_) ++widths[row.size()];
    std::size_t usual = 0, most = 0;
    for (const auto& [width, count] : widths) {
      if (count >= most) most = count, usual = width;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].size() == usual) continue;
      problems_.push_back({"papers.merged_cells", "this row has " + std::to_string(rows_[i].size()) + " cells, where the table has " + std::to_string(usual), spans_[i],
                           {"which columns do its cells belong to?"}});
      rows_[i].clear();
    }
    std::erase_if(rows_, [](const auto& row) { return row.empty(); });
  }

  const FlatText& flat_;
  std::size_t at_, end_;
  std::vector<Problem>& problems_;
  std::vector<std::vector<TableCell>> rows_;
  std::vector<Span> spans_;
  std::map<std::size_t, Reaching> reaching_;
};

}  // namespace

std::string plain_text(std::string_view latex) {
  static const std::map<std::string, std::string, std::less<>> signs{{"pm", "±"}, {"times", "x"}, {"alpha", "alpha"}, {"lambda", "lambda"}, {"beta", "beta"}, {"dots", "..."}, {"ldots", "..."}};
  std::string out;
  const auto put = [&](std::string_view words) {
    for (const char c : words) {
      const bool blank = is_blank(c) || c == '~';
      if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
    }
  };
  for (std::size_t i = 0; i < latex.size(); ++i) {
    const char c = latex[i];
    if (c == '{' || c == '}' || c == '$') continue;
    if (c != '\\') {
      put(latex.substr(i, 1));
      continue;
    }
    auto end = i + 1;
    while (end < latex.size() && is_letter(latex[end])) ++end;
    const auto name = latex.substr(i + 1, end - i - 1);
    if (name.empty()) {
      const char sign = i + 1 < latex.size() ? latex[i + 1] : ' ';
      if (std::string_view("%&_#$").find(sign) != std::string_view::npos) put(std::string_view(&sign, 1));
      if (sign == '\\' || sign == ',' || sign == ' ' || sign == ';') put(" ");
      ++i;
      continue;
    }
    if (const auto sign = signs.find(name); sign != signs.end()) put(sign->second);
    const bool hidden = name.starts_with("cite") || name == "label" || name == "ref" || name == "vspace" || name == "hspace" || name == "cellcolor" || name == "color" || name == "textcolor";
    if (hidden) {
      group_at(latex, end, '[', ']');
      group_at(latex, end);
    }
    i = end - 1;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::vector<std::vector<TableCell>> read_tabular(const FlatText& flat, std::size_t begin, std::size_t end, std::vector<Problem>& problems) {
  return Reader(flat, begin, end, problems).run();
}

}  // namespace automodel::papers
