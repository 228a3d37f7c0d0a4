// Attention over the rows of matrices: fields, or positions of the history.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

using IndexKind = IndexValue::Kind;

}  // namespace

/// `j \le t` of letters that nothing binds: the left one counts what is looked at, the right one who looks, both from 1.
bool Typer::is_matrix_condition(const std::vector<Node>& sub, const Scope& scope) const {
  if (sub.size() != 1 || sub[0].kind != Kind::relation || sub[0].text == "in") return false;
  const auto looked_at = Naming::letter(sub[0].parts[0]);
  bool letters = false, bound = scope.letters.contains(looked_at);
  for_each_node(sub[0].parts[1], [&](const Node& node) {
    const auto letter = Naming::letter(node);
    letters = letters || (method_.naming.is_index(letter) && letter != looked_at);
    bound = bound || scope.letters.contains(letter);
  });
  return method_.naming.is_index(looked_at) && letters && !bound;
}

/// Where the condition below a softmax or an attention holds, for each row and column.
TermId Typer::matrix_condition(const Node& node, AxisId rows, AxisId columns, const Scope& scope) {
  auto inner = scope;
  const auto count = [&](const std::string& letter, AxisId along) {
    IndexValue value;
    value.kind = IndexKind::axis;
    value.axis = along;
    value.range = {Dimension(1), size(along)};
    inner.letters[letter] = value;
  };
  const auto& relation = node.sub[0];
  const auto letters = bound_letters({relation.parts[0]});
  count(letters.at(0), columns);
  for_each_node(relation.parts[1], [&](const Node& part) {
    const auto letter = Naming::letter(part);
    if (method_.naming.is_index(letter) && !inner.letters.contains(letter)) count(letter, rows);
  });
  return expression(relation, inner).term;
}

/// Vaswani et al. 2017, eq. 1: softmax(Q K^T / sqrt(d)) V, over the rows of K; `\mathrm{Attention}_{j \le t}` looks at rows up to its own.
Shaped Typer::attention(const Node& node, Scope& scope) {
  if (node.parts.size() != 3) {
    stop("papers.not_understood", "Attention takes three matrices", node.span, {"\\mathrm{Attention}(Q, K, V)"});
  }
  return attended(node, expression(node.parts[0], scope, 2), expression(node.parts[1], scope, 2), expression(node.parts[2], scope, 2), scope);
}

Shaped Typer::attended(const Node& node, Shaped q, Shaped k, Shaped v, Scope& scope) {
  if (q.rank != 2 || k.rank != 2 || v.rank != 2) {
    shapes_differ("Attention takes three matrices; here are " + shape_text(q) + ", " + shape_text(k) + " and " + shape_text(v), q, k, node.span);
  }
  k = fresh(k);  // whoever looks at itself has rows and columns of its own
  const auto qs = shape(q), ks = shape(k), vs = shape(v);
  same_size(node, qs[1], ks[1], "Q is " + shape_text(q), "K is " + shape_text(k));
  same_size(node, ks[0], vs[0], "K is " + shape_text(k), "V is " + shape_text(v));
  if (!typed_.axes[ks[0]].first_position) typed_.axes[ks[0]].first_position = typed_.axes[vs[0]].first_position;
  auto masks = padding_of(ks[0], node.span);
  for (const auto& script : node.sub) {
    if (script.kind != Kind::relation && has_weights(node)) continue;  // a label of its weights, or their index
    if (!is_matrix_condition({script}, scope)) {
      stop("papers.not_understood", "the condition below Attention is one of two letters that nothing else binds", node.span,
           {"\\mathrm{Attention}_{j \\le t}(Q, K, V): the t-th row of Q looks at rows of K up to the t-th"});
    }
    Node condition = node;
    condition.sub = {script};
    masks.push_back(matrix_condition(condition, qs[0], ks[0], scope));
  }
  const auto values = renamed(v.term, {{vs[0], ks[0]}});
  const auto of_candidates = [&](TermId id) { return !at(id).axes.empty() && at(id).axes[0] == kCandidates; };
  const bool fits = !masks.empty() && mode_ == Mode::rows && !of_candidates(q.term) && !of_candidates(k.term) && !of_candidates(values);
  if (fits) {
    Term term;
    term.op = Op::attention;
    term.args = {q.term, k.term, values};
    term.args.insert(term.args.end(), masks.begin(), masks.end());
    term.over = ks[0];
    term.dimension = size(qs[1]);
    term.span = node.span;
    std::set<AxisId> index_axes;
    for (const auto& value : {q, k, v}) {
      for (const auto axis_id : indices(value)) index_axes.insert(axis_id);
    }
    term.axes.assign(index_axes.begin(), index_axes.end());
    term.axes.push_back(qs[0]);
    term.axes.push_back(vs[1]);
    return {add(std::move(term)), 2, false};
  }
  const auto keys = renamed(k.term, {{ks[1], qs[1]}});
  Term width;
  width.op = Op::size;
  width.dimension = size(qs[1]);
  const Shaped root = map("sqrt", {{add(std::move(width)), 0, false}}, node.span);
  const auto scores = map("div", {contract({q.term, keys}, {qs[0], ks[0]}, {qs[1]}, node.span), root}, node.span);
  Term weights;
  weights.op = Op::softmax;
  weights.args = {scores.term};
  weights.args.insert(weights.args.end(), masks.begin(), masks.end());
  weights.axes = at(scores.term).axes;
  weights.over = ks[0];
  weights.span = node.span;
  return contract({add(std::move(weights)), values}, {qs[0], vs[1]}, {ks[0]}, node.span);
}

/// Vaswani et al. 2017, section 3.2.2: heads that look at projections of their own, side by side, projected once more. Of one matrix:
/// at itself. How many heads there are is the hyper-parameter `heads`.
Shaped Typer::multi_head(const Node& node, Scope& scope) {
  if (node.parts.size() != 1 && node.parts.size() != 3) {
    stop("papers.not_understood", "MultiHead takes one matrix that looks at itself, or three", node.span,
         {"\\mathrm{MultiHead}(X)", "\\mathrm{MultiHead}(Q, K, V)"});
  }
  const auto* heads = method_.parameter("heads");
  if (heads == nullptr || heads->is_list) {
    stop("papers.unknown_symbol", "MultiHead needs the number of its heads: the head has no parameter 'heads'", node.span,
         {"heads = { default = 2, choices = [1, 2, 4] } under [parameters]"});
  }
  Values values;
  std::vector<Range> ranges;
  std::string name;
  const auto key = weights_of(node, scope, values, ranges, name);
  std::vector<Shaped> inputs;
  for (const auto& part : node.parts) inputs.push_back(expression(part, scope, 2));
  while (inputs.size() < 3) inputs.push_back(fresh(inputs[0]));
  for (const auto& input : inputs) {
    if (input.rank != 2) stop("papers.shape_conflict", "MultiHead takes matrices; here is " + shape_text(input), node.span);
  }
  const auto out = size(shape(inputs[0])[1]);
  const auto count = Dimension::symbol("heads"), width = *out.divided_by(count);
  IndexValue head;
  head.kind = IndexKind::axis;
  head.range = {Dimension(1), count};
  head.axis = axis(count, "heads", node.span);
  auto each = values;
  auto of_each = ranges;
  each.insert(each.begin(), head);
  of_each.insert(of_each.begin(), head.range);
  const auto projected = [&](const Shaped& input, const std::string& label) {
    const std::vector<Dimension> sizes = {size(shape(input)[1]), width};
    const auto weight = own_parameter(key + ".W_" + label, name + "_W_" + label, {}, of_each, sizes, "xavier", each, node.span);
    return multiply(node, input, weight);
  };
  const auto q = projected(inputs[0], "Q"), k = projected(inputs[1], "K"), v = projected(inputs[2], "V");
  const auto joined = columns_of(attended(node, q, k, v, scope), head.axis, node.span);
  const auto last =
      own_parameter(key + ".W_O", name + "_W_O", {}, ranges, {size(shape(joined)[1]), out}, "xavier", values, node.span);
  return multiply(node, joined, last);
}

}  // namespace automodel::papers
