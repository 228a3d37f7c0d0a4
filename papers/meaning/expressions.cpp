// Expressions, but for products, sums and symbols.
#include <cmath>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

constexpr std::size_t kDeepest = 800;  // one formula's tree can be 600 deep

}  // namespace

Shaped Typer::expression(const Node& node, Scope& scope, int rank) {
  if (nested_ >= kDeepest) stop("papers.too_large", "the equations are nested too deeply", node.span);
  ++nested_;
  const auto out = value_of(node, scope, rank);
  --nested_;
  return out;
}

Shaped Typer::value_of(const Node& node, Scope& scope, int rank) {
  switch (node.kind) {
    case Kind::number: return with_power(node, number(node.value, node.span), scope);
    case Kind::symbol: return symbol(node, scope);
    case Kind::group:
      if (!node.sub.empty()) return family(node, scope, rank);
      return with_power(node, expression(node.parts[0], scope, rank), scope);
    case Kind::list: return node.sub.empty() ? with_power(node, joined(node, scope, rank), scope) : family(node, scope, rank);
    case Kind::direct: {
      const auto a = expression(node.parts[0], scope), b = expression(node.parts[1], scope);
      return rank == 1 ? join({a, b}, node.span) : side_by_side({a, b}, node.span);
    }
    case Kind::add:
    case Kind::subtract: return sum_of(node, scope, rank);
    case Kind::negate: return map("neg", {expression(node.parts[0], scope, rank)}, node.span);
    case Kind::product: return product(node, scope, rank);
    case Kind::hadamard: {
      const auto a = expression(node.parts[0], scope, rank), b = expression(node.parts[1], scope, rank);
      return elementwise_product(node, a, b);
    }
    case Kind::outer: {
      const auto a = expression(node.parts[0], scope), b = expression(node.parts[1], scope);
      return outer(node, a, b);
    }
    case Kind::divide: {
      const auto a = expression(node.parts[0], scope, rank), b = expression(node.parts[1], scope, 0);
      if (b.rank > a.rank) shapes_differ(shape_text(a) + " cannot be divided by " + shape_text(b), a, b, node.span);
      return with_power(node, map("div", {a, b}, node.span), scope);
    }
    case Kind::call: return has_weights(node) ? call(node, scope, rank) : with_power(node, call(node, scope, rank), scope);
    case Kind::big: return big(node, scope, rank);
    case Kind::norm: return norm(node, scope);
    case Kind::inner: return with_power(node, inner(node, scope), scope);
    case Kind::cases: return with_power(node, cases(node, scope, rank), scope);
    case Kind::relation: {
      static const std::map<std::string, std::string> names = {{"<", "lt"},  {"<=", "le"}, {">", "gt"},
                                                               {">=", "ge"}, {"=", "eq"},  {"!=", "ne"}};
      const auto name = names.find(node.text);
      if (name == names.end()) break;
      const auto a = expression(node.parts[0], scope), b = expression(node.parts[1], scope);
      return map(name->second, {a, b}, node.span);
    }
    case Kind::word:
    case Kind::ellipsis:
    case Kind::wildcard: break;
  }
  stop("papers.not_understood", "this has no value here", node.span);
}

Shaped Typer::sum_of(const Node& node, Scope& scope, int rank) {
  const auto a = expression(node.parts[0], scope, rank);
  const auto b = expression(node.parts[1], scope, rank == kUnknownRank ? a.rank : rank);
  if (a.rank == 2 && b.rank == 1) return to_each_row(node, a, b);
  if (a.rank != b.rank && a.rank != 0 && b.rank != 0) {
    shapes_differ("the shapes differ: '" + text_of(node.parts[0].span) + "' is " + shape_text(a) + ", '" +
                      text_of(node.parts[1].span) + "' is " + shape_text(b),
                  a, b, node.span);
  }
  auto out = map(node.kind == Kind::add ? "add" : "sub", {a, b}, node.span);
  out.row = a.row && b.row;
  return out;
}

/// `X W + \mathbf{b}`: the vector is added to each row.
Shaped Typer::to_each_row(const Node& node, Shaped matrix, Shaped vector) {
  const auto width = shape(matrix)[1], own = shape(vector)[0];
  same_size(node, width, own, "on the left is " + shape_text(matrix), "on the right " + shape_text(vector) + ", for each row");
  Term term;
  term.op = Op::map;
  term.name = node.kind == Kind::add ? "add" : "sub";
  term.args = {matrix.term, renamed(vector.term, {{own, width}})};
  term.span = node.span;
  std::set<AxisId> index_axes;
  for (const auto& value : {matrix, vector}) {
    for (const auto axis_id : indices(value)) index_axes.insert(axis_id);
  }
  term.axes.assign(index_axes.begin(), index_axes.end());
  for (const auto axis_id : shape(matrix)) term.axes.push_back(axis_id);
  return {add(std::move(term)), 2, false};
}

Shaped Typer::cases(const Node& node, Scope& scope, int rank) {
  if (node.parts.size() < 4 || node.parts.size() % 2 != 0) {
    stop("papers.not_understood", "cases need values with their conditions, the last one for all else", node.span,
         {"\\begin{cases} a & x > 0 \\\\ b & \\text{otherwise} \\end{cases}"});
  }
  const auto last = node.parts.size() - 2;
  if (node.parts[last + 1].kind != Kind::word) {
    stop("papers.not_understood", "the last case must be for all else", node.parts[last + 1].span, {"\\text{otherwise}"});
  }
  auto out = expression(node.parts[last], scope, rank);
  for (std::size_t i = last; i >= 2; i -= 2) {
    const auto value = expression(node.parts[i - 2], scope, rank);
    const auto condition = expression(node.parts[i - 1], scope);
    out = map("where", {condition, value, out}, node.span);
  }
  return out;
}

std::optional<double> Typer::number_of(const Node& node) const {
  if (!node.sup.empty()) return {};
  if (node.kind == Kind::number) return node.value;
  if (node.kind == Kind::group && node.parts.size() == 1) return number_of(node.parts[0]);
  if (node.kind == Kind::negate) {
    if (const auto inner = number_of(node.parts[0])) return -*inner;
  }
  if (node.kind == Kind::divide) {
    const auto a = number_of(node.parts[0]), b = number_of(node.parts[1]);
    if (a && b && *b != 0) return *a / *b;
  }
  return {};
}

/// Transposition and power of anything but a symbol's, which `symbol` gives itself.
Shaped Typer::with_power(const Node& node, Shaped value, Scope& scope) {
  if (!node.sup.empty()) {
    if (value.rank == 2) stop("papers.not_understood", "powers of matrices are not known", node.span, {"A A", "A \\odot A"});
    if (const auto power = number_of(node.sup[0])) {
      if (*power == 2) {
        value = map("square", {value}, node.span);
      } else {
        value = map("pow", {value, number(*power, node.sup[0].span)}, node.span);
      }
    } else {
      value = map("pow", {value, expression(node.sup[0], scope, 0)}, node.span);
    }
  }
  if (!node.transposed) return value;
  if (value.rank == 1) value.row = !value.row;
  if (value.rank == 2) {
    const auto axes = shape(value);
    value = contract({value.term}, {axes[1], axes[0]}, {}, node.span);
  }
  return value;
}

Shaped Typer::norm(const Node& node, Scope& scope) {
  if (const auto side = method_.naming.neighbours_of(node.parts[0]); side && node.text == "abs") {
    return with_power(node, placed(degree(*side, node.span), *side, node.span), scope);
  }
  const auto value = expression(node.parts[0], scope);
  if (node.text == "abs") return with_power(node, map("abs", {value}, node.span), scope);
  const auto axes = shape(value);
  const std::set<AxisId> all(axes.begin(), axes.end());
  const bool one = !node.sub.empty() && number_of(node.sub[0]) == 1.0;
  if (!node.sub.empty() && !one && number_of(node.sub[0]) != 2.0 && node.sub[0].text != "F") {
    stop("papers.not_understood", "this norm is not known", node.span, {"\\|x\\|_1", "\\|x\\|_2"});
  }
  const auto sizes = map(one ? "abs" : "square", {value}, node.span);
  std::vector<TermId> factors = {sizes.term};
  for (const auto along : axes) leave_out_padding(factors, along, node.span);
  const auto sum = contract(factors, {}, all, node.span);
  // The root's slope is infinite at 0: `\|x\|^2` does not pass through it.
  if (!one && node.sup.size() == 1 && number_of(node.sup[0]) == 2.0) return sum;
  return with_power(node, one ? sum : map("sqrt", {sum}, node.span), scope);
}

}  // namespace automodel::papers
