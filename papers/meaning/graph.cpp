// Sums over the neighbours in the graph of who chose what. What they are of is worked out for all users and all items at once, and
// rows take theirs out of it: one propagation over the graph a step, however many rows there are.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {

/// What is defined by neighbours, be it through others.
void Typer::find_graph() {
  for (const auto& [key, quantity] : method_.quantities) {
    bool direct = false;
    for (const auto& definition : quantity.definitions) {
      for_each_node(definition.right, [&](const Node& node) { direct = direct || method_.naming.neighbours_of(node).has_value(); });
    }
    if (direct) of_graph_.insert(key);
  }
  const auto first = of_graph_;
  for (const auto& [key, quantity] : method_.quantities) {
    for (const auto& other : first) {
      if (reaches(key, other)) of_graph_.insert(key);
    }
  }
}

/// Whether a quantity is worked out for all users or all items at once: it belongs to each of them, and depends on neighbours or is
/// asked for by what does.
std::optional<Naming::Side> Typer::whole_side(const Quantity& quantity) const {
  if (quantity.role == Quantity::Role::look_up) {
    if (mode_ == Mode::rows || quantity.owner == Owner::field) return {};
    return quantity.owner == Owner::user ? Naming::Side::user : Naming::Side::item;
  }
  if (mode_ == Mode::rows && !of_graph_.contains(quantity.key)) return {};
  return quantity.side;
}

/// What is there for all users or all items, as it is needed here.
Shaped Typer::placed(Shaped whole, Naming::Side side, Span span) {
  if (mode_ == mode_of(side)) return whole;
  const auto along = axis_of(side);
  const auto& axes = at(whole.term).axes;
  if (axes.empty() || axes[0] != along) return whole;  // the same for all of them
  if (mode_ == Mode::users || mode_ == Mode::items) {
    stop("papers.not_understood", text_of(span) + " belongs to another side of the graph than what is defined here", span,
         {"a sum over the neighbours: \\sum_{v \\in \\mathcal{N}_u}"});
  }
  Term term;
  term.op = Op::gather;
  term.args = {whole.term};
  term.place = mode_ == Mode::edges ? Place::edges : side == Naming::Side::user ? Place::user : Place::candidate;
  term.axes.assign(axes.begin() + 1, axes.end());
  if (term.place != Place::user) term.axes.insert(term.axes.begin(), mode_ == Mode::edges ? kEdges : kCandidates);
  term.batched = mode_ == Mode::rows;
  term.over = along;
  term.span = span;
  return fresh({add(std::move(term)), whole.rank, whole.row});
}

Shaped Typer::degree(Naming::Side side, Span span) {
  const auto key = "|" + std::to_string(axis_of(side));  // made once
  if (!whole_.contains(key)) {
    Term term;
    term.op = Op::degree;
    term.axes = {axis_of(side)};
    term.span = span;
    whole_[key] = {add(std::move(term)), 0, false};
  }
  return whole_[key];
}

/// `\sum_{v \in \mathcal{N}_u}`: the body along all edges, added up at their ends.
Shaped Typer::neighbour_sum(const Node& node, Naming::Side side, Scope& scope, int rank) {
  if (node.text != "sum") {
    stop("papers.not_understood", "of neighbours there are sums alone", node.span,
         {"\\frac{1}{|\\mathcal{N}_u|} \\sum_{v \\in \\mathcal{N}_u}, their mean"});
  }
  Scope inner_scope = scope;
  const auto body = in_mode(Mode::edges, [&] { return expression(node.parts[0], inner_scope, rank); });
  Term term;
  term.op = Op::sum_edges;
  term.args = {body.term};
  term.axes = at(body.term).axes;
  if (!term.axes.empty() && term.axes[0] == kEdges) term.axes.erase(term.axes.begin());
  term.axes.insert(term.axes.begin(), axis_of(side));
  term.over = axis_of(side);
  term.span = node.span;
  return placed({add(std::move(term)), body.rank, body.row}, side, node.span);
}

}  // namespace automodel::papers
