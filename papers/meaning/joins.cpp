// What is laid out one after the other: `[a; b]`, `[e_1; \dots; e_n]`, `[x_{ij}]_{i<j}`.
#include <algorithm>

#include "papers/meaning/trees.hpp"
#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

/// The letter of enumerations that name none. Naming knows it.
const std::string kCounting = "#";

}  // namespace

/// An index becomes the first axis of the mathematical shape.
Shaped Typer::index_to_shape(Shaped value, AxisId over) {
  const auto& axes = at(value.term).axes;
  const auto own = shape(value);
  std::vector<AxisId> with = {over};
  with.insert(with.end(), own.begin(), own.end());
  if (std::find(axes.begin(), axes.end(), over) != axes.end()) return contract({value.term}, with, {}, at(value.term).span);
  stop("papers.not_understood", "the entries do not depend on the index: all would be the same", at(value.term).span);
}

Shaped Typer::join(const std::vector<Shaped>& parts, Span span) {
  Term term;
  term.op = Op::join;
  term.span = span;
  Dimension length;
  std::set<AxisId> index_axes;
  for (auto part : parts) {
    const auto own = shape(part);
    for (const auto along : own) part = masked(part, padding_of(along, span), span);
    Dimension flat(1);
    for (const auto axis_id : own) flat = flat * size(axis_id);
    length = length + flat;
    for (const auto axis_id : indices(part)) index_axes.insert(axis_id);
    term.args.push_back(part.term);
    term.joined.push_back(own);
  }
  term.axes.assign(index_axes.begin(), index_axes.end());
  term.axes.push_back(axis(length, {}, span));
  return {add(std::move(term)), 1, false};
}

/// Matrices with as many rows, as heads of attention are; anything else one after the other.
Shaped Typer::side_by_side(std::vector<Shaped> parts, Span span) {
  const bool matrices = std::all_of(parts.begin(), parts.end(), [](const Shaped& part) { return part.rank == 2; });
  if (!matrices || parts.size() < 2) return join(parts, span);
  const auto rows = shape(parts[0])[0];
  Node where;
  where.span = span;
  Term term;
  term.op = Op::join;
  term.span = span;
  Dimension length;
  std::set<AxisId> index_axes;
  for (auto& part : parts) {
    const auto own = shape(part);
    same_size(where, rows, own[0], "here is " + shape_text(parts[0]), "and beside it " + shape_text(part));
    if (!typed_.axes[rows].first_position) typed_.axes[rows].first_position = typed_.axes[own[0]].first_position;
    length = length + size(own[1]);
    for (const auto axis_id : indices(part)) index_axes.insert(axis_id);
    term.args.push_back(renamed(part.term, {{own[0], rows}}));
    term.joined.push_back({own[1]});
  }
  term.axes.assign(index_axes.begin(), index_axes.end());
  term.axes.push_back(rows);
  term.axes.push_back(axis(length, {}, span));
  return {add(std::move(term)), 2, false};
}

/// A family of matrices side by side: `over` and the columns become one.
Shaped Typer::columns_of(Shaped value, AxisId over, Span span) {
  const auto own = shape(value);
  value = index_to_shape(value, over);
  Term term;
  term.op = Op::join;
  term.span = span;
  term.args = {value.term};
  term.joined = {{over, own[1]}};
  term.axes = indices(value);
  term.axes.push_back(own[0]);
  term.axes.push_back(axis(size(over) * size(own[1]), {}, span));
  return {add(std::move(term)), 2, false};
}

/// `e_1, \dots, e_n`, alone between brackets.
std::optional<Shaped> Typer::enumerated(const Node& node, Scope& scope, int rank) {
  const auto& parts = node.parts;
  const auto dots = std::find_if(parts.begin(), parts.end(), [](const Node& n) { return n.kind == Kind::ellipsis; });
  if (dots == parts.end()) return {};
  if (dots == parts.begin() || dots + 2 != parts.end()) {
    stop("papers.not_understood", "an enumeration is a first entry, \\dots, and a last entry", node.span, {"[e_1; \\dots; e_n]"});
  }
  const auto general = generalise(parts.front(), parts.back(), kCounting);
  if (!general) {
    stop("papers.not_understood", "the first and the last entry must differ in one number", node.span, {"[e_1; \\dots; e_n]"});
  }
  for (auto it = parts.begin() + 1; it != dots; ++it) {
    if (!generalise(parts.front(), *it, kCounting)) stop("papers.not_understood", "this entry breaks the pattern", it->span);
  }
  Bound bound;
  bound.letters = {kCounting};
  bound.low = general->low;
  bound.high = general->high;
  Scope inner_scope = scope;
  const auto over = bind(bound, general->tree, inner_scope, node.span)[0];
  const auto value = expression(general->tree, inner_scope);
  if (rank != 1 && value.rank == 2) return columns_of(value, over.axis, node.span);
  if (rank == 2 && value.rank == 1) return index_to_shape(value, over.axis);
  return join({index_to_shape(masked(value, over.masks, node.span), over.axis)}, node.span);
}

Shaped Typer::joined(const Node& node, Scope& scope, int rank) {
  if (const auto whole = enumerated(node, scope, rank)) return *whole;
  std::vector<Shaped> parts;
  for (const auto& part : node.parts) parts.push_back(expression(part, scope));
  if (rank == 2 && std::all_of(parts.begin(), parts.end(), [](const Shaped& s) { return s.rank == 1; })) {
    stop("papers.not_understood", "a matrix is an enumeration of its rows", node.span, {"[e_1; \\dots; e_n]"});
  }
  return rank == 1 ? join(parts, node.span) : side_by_side(std::move(parts), node.span);
}

/// `[x_{ij}]_{i<j}`, `(a_i)_{i=1}^{n}`; where a matrix is wanted, `[\mathbf{x}_t]_{t=1}^{T}` has these rows.
Shaped Typer::family(const Node& node, Scope& scope, int rank) {
  const auto bound = bound_of(node.sub, node.sup, scope, node.span);
  Scope inner_scope = scope;
  const auto axes = bind(bound, node.parts[0], inner_scope, node.span);
  if (node.parts.size() != 1) stop("papers.not_understood", "a family is one expression with its index", node.span);
  auto value = expression(node.parts[0], inner_scope);
  Node scripts;
  scripts.span = node.span;
  scripts.transposed = node.transposed;
  if (axes.size() == 1 && rank != 1 && value.rank == 2) {
    return with_power(scripts, columns_of(value, axes[0].axis, node.span), scope);
  }
  const bool rows = rank == 2 && value.rank + axes.size() == 2;
  for (const auto& over : axes) {
    if (!rows) value = masked(value, over.masks, node.span);
  }
  for (auto it = axes.rbegin(); it != axes.rend(); ++it) value = index_to_shape(value, it->axis);
  if (!rows) value = join({value}, node.span);
  return with_power(scripts, value, scope);
}

}  // namespace automodel::papers
