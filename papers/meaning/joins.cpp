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
  for (const auto& part : parts) {
    const auto own = shape(part);
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
  const auto value = masked(expression(general->tree, inner_scope), over.masks, node.span);
  const auto stacked = index_to_shape(value, over.axis);
  if (rank == 2 && value.rank == 1 && !over.masks.empty()) {
    stop("papers.not_understood", "rows of this matrix would be the history's padding", node.span, {"\\sum_{t=1}^{T}", "\\mathrm{softmax}_t"});
  }
  if (rank == 2 && value.rank == 1) return stacked;
  return join({stacked}, node.span);
}

Shaped Typer::joined(const Node& node, Scope& scope, int rank) {
  if (const auto whole = enumerated(node, scope, rank)) return *whole;
  std::vector<Shaped> parts;
  for (const auto& part : node.parts) parts.push_back(expression(part, scope));
  if (rank == 2 && std::all_of(parts.begin(), parts.end(), [](const Shaped& s) { return s.rank == 1; })) {
    stop("papers.not_understood", "a matrix is an enumeration of its rows", node.span, {"[e_1; \\dots; e_n]"});
  }
  return join(parts, node.span);
}

/// `[x_{ij}]_{i<j}`, `(a_i)_{i=1}^{n}`.
Shaped Typer::family(const Node& node, Scope& scope) {
  const auto bound = bound_of(node.sub, node.sup, scope, node.span);
  Scope inner_scope = scope;
  const auto axes = bind(bound, node.parts[0], inner_scope, node.span);
  if (node.parts.size() != 1) stop("papers.not_understood", "a family is one expression with its index", node.span);
  auto value = expression(node.parts[0], inner_scope);
  for (const auto& over : axes) value = masked(value, over.masks, node.span);
  for (auto it = axes.rbegin(); it != axes.rend(); ++it) value = index_to_shape(value, it->axis);
  auto out = join({value}, node.span);
  out.row = node.transposed;
  return out;
}

}  // namespace automodel::papers
