// Label expressions: comparisons of interactions columns with numbers and texts, joined by &&, ||, ! and
// parentheses.
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "base/place.hpp"
#include "recsys/data/builder.hpp"
#include "recsys/data/split.hpp"

namespace automodel::recsys {

namespace {

enum class Op : std::uint8_t { less, less_equal, greater, greater_equal, equal, unequal };

/// One side of a comparison: a column, a number or a text.
struct Operand {
  enum class Kind : std::uint8_t { column, number, text } kind = Kind::number;
  std::size_t at = 0;  // place in the expression
  std::string text;    // the column's name, or the text itself
  double number = 0;
};

struct Node {
  enum class Kind : std::uint8_t { both, either, negation, comparison, truth } kind = Kind::truth;
  std::unique_ptr<Node> left, right;
  Op op = Op::equal;
  Operand a, b;
};

using Tree = std::unique_ptr<Node>;

tl::unexpected<Error> error_at(std::string_view expression, std::size_t at, const std::string& what,
                               std::string hint = {}) {
  return fail("data.bad_label", what, place_in(expression, at), std::move(hint));
}

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Tree> parse() {
    auto tree = either();
    if (!tree) return tree;
    blanks();
    if (at_ < text_.size()) return error("nothing was expected here");
    return tree;
  }

 private:
  Result<Tree> either() { return joined(&Parser::both, "||", Node::Kind::either); }
  Result<Tree> both() { return joined(&Parser::negation, "&&", Node::Kind::both); }

  Result<Tree> joined(Result<Tree> (Parser::*next)(), std::string_view word, Node::Kind kind) {
    auto left = (this->*next)();
    while (left && take(word)) {
      auto right = (this->*next)();
      if (!right) return right;
      auto node = std::make_unique<Node>();
      node->kind = kind;
      node->left = std::move(*left);
      node->right = std::move(*right);
      left = std::move(node);
    }
    return left;
  }

  Result<Tree> negation() {
    if (++depth_ > 100) return error("too deeply nested");
    blanks();
    const bool inequality = text_.substr(at_).starts_with("!=");
    if (!inequality && take("!")) {
      auto inner = negation();
      if (!inner) return inner;
      auto node = std::make_unique<Node>();
      node->kind = Node::Kind::negation;
      node->left = std::move(*inner);
      --depth_;
      return node;
    }
    auto tree = primary();
    --depth_;
    return tree;
  }

  Result<Tree> primary() {
    if (take("(")) {
      auto inner = either();
      if (!inner) return inner;
      if (!take(")")) return error("')' was expected here");
      return inner;
    }
    auto node = std::make_unique<Node>();
    auto a = operand();
    if (!a) return fail(a.error());
    node->a = std::move(*a);
    constexpr std::pair<std::string_view, Op> words[] = {{"<=", Op::less_equal}, {">=", Op::greater_equal},
                                                         {"==", Op::equal},      {"!=", Op::unequal},
                                                         {"<", Op::less},        {">", Op::greater}};
    for (const auto& [word, op] : words) {
      if (!take(word)) continue;
      node->kind = Node::Kind::comparison;
      node->op = op;
      auto b = operand();
      if (!b) return fail(b.error());
      node->b = std::move(*b);
      return node;
    }
    if (node->a.kind != Operand::Kind::column) {
      at_ = node->a.at;
      return error("a constant alone is no condition");
    }
    return node;
  }

  Result<Operand> operand() {
    blanks();
    Operand out;
    out.at = at_;
    if (at_ >= text_.size()) return fail(error("a column, number or text was expected here").value());
    const char c = text_[at_];
    if (starts_name(c)) {
      while (at_ < text_.size() && in_name(text_[at_])) out.text += text_[at_++];
      out.kind = Operand::Kind::column;
      return out;
    }
    if (c == '\'' || c == '"') {
      const std::size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) return fail(error("a quote that never closes").value());
      out.kind = Operand::Kind::text;
      out.text = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return out;
    }
    const auto [end, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out.number);
    if (problem != std::errc{}) return fail(error("a column, number or text was expected here").value());
    at_ = static_cast<std::size_t>(end - text_.data());
    return out;
  }

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view word) {
    blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  tl::unexpected<Error> error(const std::string& what) const {
    return error_at(text_, at_, what, "For example: rating >= 4");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

void columns_of(const Node& node, std::set<std::string>& out) {
  if (node.left) columns_of(*node.left, out);
  if (node.right) columns_of(*node.right, out);
  for (const Operand* operand : {&node.a, &node.b})
    if (operand->kind == Operand::Kind::column) out.insert(operand->text);
}

/// A column as numbers (texts that are numbers count as such) and as codes.
struct Source {
  std::span<const float> numbers;
  std::span<const std::int64_t> times;
  std::span<const std::uint32_t> codes;
  const Dataset* data = nullptr;
  std::string name;
  std::vector<double> as_number;  // by code

  double number(std::size_t row) const {
    if (!numbers.empty()) return numbers[row];
    if (!times.empty()) return static_cast<double>(times[row]);
    return as_number[codes[row]];
  }
  std::string_view text(std::size_t row) const {
    if (codes.empty() || codes[row] == 0) return {};
    return *data->token(name, codes[row]);
  }
};

class Evaluator {
 public:
  Evaluator(const Dataset& data, std::string_view expression) : data_(data), expression_(expression) {}

  /// Finds the columns. Errors: data.bad_label.
  Result<void> bind(const Node& node) {
    if (node.left)
      if (auto bound = bind(*node.left); !bound) return bound;
    if (node.right)
      if (auto bound = bind(*node.right); !bound) return bound;
    for (const Operand* operand : {&node.a, &node.b})
      if (operand->kind == Operand::Kind::column)
        if (auto bound = bind_column(*operand); !bound) return bound;
    if (node.kind != Node::Kind::comparison || (node.op == Op::equal || node.op == Op::unequal)) return {};
    for (const Operand* operand : {&node.a, &node.b})
      if (operand->kind == Operand::Kind::text)
        return error_at(expression_, operand->at, "texts are compared with == and != only");
    return {};
  }

  bool holds(const Node& node, std::size_t row) const {
    switch (node.kind) {
      case Node::Kind::both:
        return holds(*node.left, row) && holds(*node.right, row);
      case Node::Kind::either:
        return holds(*node.left, row) || holds(*node.right, row);
      case Node::Kind::negation:
        return !holds(*node.left, row);
      case Node::Kind::comparison:
        return compare(node, row);
      case Node::Kind::truth:
        break;
    }
    const double value = number(node.a, row);
    return std::isfinite(value) && value != 0;
  }

 private:
  Result<void> bind_column(const Operand& operand) {
    if (sources_.contains(operand.text)) return {};
    const ColumnInfo* info = data_.column(operand.text);
    std::string names;
    for (const ColumnInfo& column : data_.columns())
      if (column.table == Table::interactions && column.name != "user" && column.name != "item")
        names += (names.empty() ? "" : ", ") + column.name;
    const std::string hint = "Columns that a label can use: " + names;
    if (!info) return error_at(expression_, operand.at, "no column '" + operand.text + "'", hint);
    if (info->table != Table::interactions || operand.text == "user" || operand.text == "item")
      return error_at(expression_, operand.at, "'" + operand.text + "' does not describe interactions", hint);
    Source source;
    source.data = &data_;
    source.name = operand.text;
    if (info->kind == ColumnKind::number) {
      source.numbers = *data_.numbers(operand.text);
    } else if (info->kind == ColumnKind::time) {
      source.times = data_.time();
    } else if (info->kind == ColumnKind::category) {
      source.codes = *data_.codes(operand.text);
      source.as_number.push_back(std::numeric_limits<double>::quiet_NaN());
      for (std::uint32_t code = 1; code <= info->cardinality; ++code)
        source.as_number.push_back(parse_number(*data_.token(operand.text, code))
                                       .value_or(std::numeric_limits<double>::quiet_NaN()));
    } else {
      return error_at(expression_, operand.at, "'" + operand.text + "' is neither a number nor a category",
                      hint);
    }
    sources_.emplace(operand.text, std::move(source));
    return {};
  }

  double number(const Operand& operand, std::size_t row) const {
    if (operand.kind == Operand::Kind::number) return operand.number;
    return sources_.find(operand.text)->second.number(row);
  }
  std::string_view text(const Operand& operand, std::size_t row) const {
    if (operand.kind == Operand::Kind::text) return operand.text;
    return sources_.find(operand.text)->second.text(row);
  }

  bool compare(const Node& node, std::size_t row) const {
    if (node.a.kind == Operand::Kind::text || node.b.kind == Operand::Kind::text)
      return (text(node.a, row) == text(node.b, row)) == (node.op == Op::equal);
    const double a = number(node.a, row), b = number(node.b, row);
    if (std::isnan(a) || std::isnan(b)) return false;  // what is missing fulfils nothing
    switch (node.op) {
      case Op::less:
        return a < b;
      case Op::less_equal:
        return a <= b;
      case Op::greater:
        return a > b;
      case Op::greater_equal:
        return a >= b;
      case Op::equal:
        return a == b;
      case Op::unequal:
        return a != b;
    }
    return false;
  }

  const Dataset& data_;
  std::string_view expression_;
  std::map<std::string, Source> sources_;
};

}  // namespace

Result<std::vector<std::string>> label_columns(std::string_view expression) {
  auto tree = Parser(expression).parse();
  if (!tree) return fail(tree.error());
  std::set<std::string> names;
  columns_of(**tree, names);
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::vector<float>> labels(const Dataset& data, std::string_view expression) {
  auto tree = Parser(expression).parse();
  if (!tree) return fail(tree.error());
  Evaluator evaluator(data, expression);
  if (auto bound = evaluator.bind(**tree); !bound) return fail(bound.error());
  std::vector<float> out(data.rows());
  for (std::size_t row = 0; row < out.size(); ++row) out[row] = evaluator.holds(**tree, row) ? 1.0f : 0.0f;
  return out;
}

}  // namespace automodel::recsys
