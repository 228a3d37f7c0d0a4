// What runs over an index: sums, products, maxima, softmax.
#include <algorithm>

#include "papers/meaning/trees.hpp"
#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

bool is_less(const Node& node) { return node.kind == Kind::relation && (node.text == "<" || node.text == "<="); }

/// Letters of `1 <= i < j <= n` in order; numbers and sizes at the ends say nothing new. `equal`: a sign between two letters that lets
/// them be the same.
void chain(const Node& node, const Naming& naming, std::vector<std::string>& out, const Node*& equal) {
  if (is_less(node)) {
    const auto before = out.size();
    chain(node.parts[0], naming, out, equal);
    const auto left = out.size();
    chain(node.parts[1], naming, out, equal);
    if (node.text == "<=" && left > before && out.size() > left) equal = &node;
  } else if (const auto letter = Naming::letter(node); naming.is_index(letter)) {
    out.push_back(letter);
  }
}

}  // namespace

/// `j <= t`, `j != i` where the right side is known already: a condition on j.
bool is_condition(const Node& node) {
  return node.kind == Kind::relation && node.text != "=" && node.text != "in" && !Naming::letter(node.parts[0]).empty();
}

Typer::Bound Typer::bound_of(const std::vector<Node>& sub, const std::vector<Node>& sup, const Scope& scope, Span span) const {
  Bound out;
  // What stands in it is bound, or a size.
  const auto is_known = [&](const Node& node) {
    bool known = true, letters = false;
    for_each_node(node, [&](const Node& inner) {
      const auto letter = Naming::letter(inner);
      if (!method_.naming.is_index(letter)) return;
      letters = true;
      known = known && scope.letters.contains(letter);
    });
    return known && letters;
  };
  const std::vector<Node> rest(sub.begin(), sub.empty() ? sub.end() : sub.end() - 1);
  const auto before = bound_letters(rest);
  if (!sub.empty() && is_condition(sub.back())) {
    const auto& condition = sub.back();
    const auto left = Naming::letter(condition.parts[0]), right = Naming::letter(condition.parts[1]);
    const auto is_bound_here = [&](const std::string& letter) { return std::ranges::find(before, letter) != before.end(); };
    const bool unbound = method_.naming.is_index(left) && method_.naming.is_index(right) && !scope.letters.contains(left) && !scope.letters.contains(right);
    if (rest.empty() && is_known(condition.parts[1]) && !scope.letters.contains(left)) {
      out.letters = {left};
    } else if (rest.empty() && condition.text == "!=" && unbound) {
      out.letters = {right, left};
    } else if (is_bound_here(left) && (is_bound_here(right) || is_known(condition.parts[1]))) {
      out = bound_of(rest, sup, scope, span);
    }
    if (!out.letters.empty()) {
      out.conditions.push_back(condition);
      return out;
    }
  }
  if (sub.empty()) stop("papers.unknown_range", "over what does this run?", span, {"\\sum_{i=1}^{n}", "\\sum_{i<j}"});
  if (sub.size() == 1 && sub[0].kind == Kind::relation) {
    const auto& relation = sub[0];
    if (is_less(relation)) {
      const Node* equal = nullptr;
      chain(relation, method_.naming, out.letters, equal);
      if (equal != nullptr) {
        stop("papers.not_understood", "two indices that may be equal are not known", equal->span, {"\\sum_{i<j} …, and \\sum_i … where they are equal"});
      }
      if (const auto ends = ends_of(sub)) {
        out.low = ends->low;
        out.high = ends->high;
      }
      out.increasing = out.letters.size() > 1;
      if (out.letters.size() > 4) stop("papers.too_large", "at most four indices can increase together", relation.span);
      if (!out.letters.empty()) return out;
    } else if (relation.text == "=") {
      out.letters = {Naming::letter(relation.parts[0])};
      out.low = relation.parts[1];
      if (sup.size() == 1) out.high = sup[0];
      const auto limit = [&](std::optional<Node>& end, const char* text) {
        if (!end || to_dimension(*end, method_.naming) || !is_known(*end)) return;
        Node condition = relation;
        condition.text = text;
        condition.parts[1] = *end;
        out.conditions.push_back(std::move(condition));
      };
      limit(out.low, ">=");
      limit(out.high, "<=");
      if (!out.letters[0].empty()) return out;
    }
    stop("papers.not_understood", "this range is not understood", relation.span, {"i=1", "i<j"});
  }
  out.letters = bound_letters(sub);
  if (const auto ends = ends_of(sub)) {
    out.low = ends->low;
    out.high = ends->high;
  }
  if (std::set<std::string>(out.letters.begin(), out.letters.end()).size() < out.letters.size()) {
    stop("papers.not_understood", "this range is not understood", span, {"\\sum_{i<j<m}", "\\sum_{i, j, i \\ne j}"});
  }
  if (out.letters.empty()) stop("papers.unknown_range", "over what does this run?", span, {"\\sum_{i=1}^{n}", "\\sum_{i<j}"});
  return out;
}

Range Typer::range_of(const std::string& letter, const Node& body, const Scope& scope, Span span) const {
  if (const auto at = scope.ranges.find(letter); at != scope.ranges.end()) return at->second;
  if (const auto at = method_.ranges.find(letter); at != method_.ranges.end()) return at->second;
  if (const auto used = range_from_use(method_, letter, body, scope.ranges)) return *used;
  stop("papers.unknown_range", "over what does " + letter + " run?", span,
       {"$" + letter + " = 1, \\dots, n$ somewhere in the text", "\\sum_{" + letter + "=1}^{n}"});
}

/// From `i` to `t`: all that it can be for any t.
std::optional<Range> Typer::widest(const Bound& bound, const Scope& scope) const {
  const auto end = [&](const Node& node, bool is_high) -> std::optional<Dimension> {
    if (const auto size = to_dimension(node, method_.naming)) return size;
    const auto value = index_value(node, scope);
    if (value.kind == IndexValue::Kind::constant) return value.offset;
    return (is_high ? value.range.high : value.range.low) + value.offset;
  };
  if (!bound.low || !bound.high) return {};
  const auto low = end(*bound.low, false), high = end(*bound.high, true);
  if (!low || !high) return {};
  return Range{*low, *high};
}

/// Puts the letters into the scope; gives their axes, or that of their tuples.
std::vector<Typer::Running> Typer::bind(const Bound& bound, const Node& body, Scope& scope, Span span) {
  std::vector<Running> out;
  if (bound.increasing) {
    const auto range = bound.low ? *widest(bound, scope) : range_of(bound.letters[0], body, scope, span);
    const auto order = static_cast<std::uint32_t>(bound.letters.size());
    out.push_back({axis(choose(range.size(), static_cast<int>(order)), bound.letters[0] + "<", span), {}});
    if (over_history(range)) {
      stop("papers.not_understood", "pairs of a history's positions are not known", span, {"\\sum_{t=1}^{T} \\sum_{j=1}^{t-1}"});
    }
    for (std::uint32_t c = 0; c < order; ++c) {
      IndexValue value;
      value.kind = IndexValue::Kind::component;
      value.axis = out[0].axis;
      value.component = c;
      value.order = order;
      value.range = range;
      scope.letters[bound.letters[c]] = value;
    }
    return out;
  }
  for (const auto& letter : bound.letters) {
    IndexValue value;
    value.kind = IndexValue::Kind::axis;
    if (bound.low && bound.high) {
      value.range = *widest(bound, scope);
    } else {
      value.range = range_of(letter, body, scope, span);
    }
    value.axis = axis(value.range.size(), letter, span);
    if (over_history(value.range)) typed_.axes[value.axis].first_position = value.range.low;
    scope.letters[letter] = value;
    for (const auto& condition : bound.conditions) {
      // Where the last of its letters is bound.
      const bool later = std::any_of(bound.letters.begin(), bound.letters.end(), [&](const std::string& other) {
        return other != letter && mentions(condition, other) && !scope.letters.contains(other);
      });
      if (later || !mentions(condition, letter)) continue;
      if (const auto term = condition_of(condition, value, scope)) value.conditions.push_back(*term);
    }
    scope.letters[letter] = value;
    out.push_back({value.axis, masks_of(value, span)});
  }
  return out;
}

Shaped Typer::reduce(const std::string& name, Shaped body, const Running& running, Span span) {
  const auto over = running.axis;
  const auto axes = at(body.term).axes;
  const bool depends = std::find(axes.begin(), axes.end(), over) != axes.end();
  if (name == "mean" && !running.masks.empty()) {
    const auto one = number(1, span);
    const auto count = map("maximum", {reduce("sum", one, running, span), one}, span);
    return map("div", {reduce("sum", body, running, span), count}, span);
  }
  if (name == "sum") {
    std::vector<TermId> factors = {body.term};
    for (const auto mask : running.masks) {
      if (!vanishes(body.term, mask, {})) factors.push_back(map("number", {{mask, 0, false}}, span).term);
    }
    if (depends || factors.size() > 1) return contract(factors, shape(body), {over}, span);
    Term count;
    count.op = Op::size;
    count.dimension = size(over);
    count.span = span;
    return multiply(Node{}, {add(std::move(count)), 0, false}, body);
  }
  if (!depends && running.masks.empty()) {
    if (name != "prod") return body;
    stop("papers.not_understood", "what is multiplied does not depend on the index", span);
  }
  Term term;
  term.op = Op::reduce;
  term.name = name;
  term.args = {body.term};
  term.args.insert(term.args.end(), running.masks.begin(), running.masks.end());
  term.over = over;
  term.span = span;
  std::set<AxisId> index_axes;
  for (const auto axis_id : indices(body)) index_axes.insert(axis_id);
  for (const auto mask : running.masks) index_axes.insert(at(mask).axes.begin(), at(mask).axes.end());
  index_axes.erase(over);
  term.axes.assign(index_axes.begin(), index_axes.end());
  for (const auto axis_id : shape(body)) {
    if (axis_id != over) term.axes.push_back(axis_id);
  }
  return {add(std::move(term)), body.rank, body.row};
}

/// \sum_{i<j} a_i b_j with b the same as a: half of the square of the sum less the sum of the squares (Rendle 2010, lemma
/// 3.1), linear in the number of fields.
std::optional<Shaped> Typer::pair_sum(const Bound& bound, const Node& body, Scope& scope, Span span) {
  bool is_inner = body.kind == Kind::inner;
  if (!bound.increasing || bound.letters.size() != 2 || body.parts.size() != 2 ||
      (body.kind != Kind::hadamard && body.kind != Kind::product && !is_inner) || !body.sup.empty()) {
    return {};
  }
  auto a = body.parts[0];
  const auto& b = body.parts[1];
  const auto &i = bound.letters[0], &j = bound.letters[1];
  if (body.kind == Kind::product && a.kind == Kind::symbol && a.transposed) {  // a_i^\top a_j
    a.transposed = false;
    is_inner = true;
  }
  if (mentions(a, j) || !same_tree(with_letter(a, i, j), b)) return {};
  Bound one;
  one.letters = {i};
  Scope inner_scope = scope;
  inner_scope.ranges[i] = bound.low ? *widest(bound, scope) : range_of(i, body, scope, span);
  const auto over = bind(one, body, inner_scope, span)[0];
  const auto value = expression(a, inner_scope);
  if (value.rank > 1 || (body.kind == Kind::product && value.rank != (is_inner ? 1 : 0))) return {};
  const auto sum = reduce("sum", value, over, span);
  const auto squares = reduce("sum", map("square", {value}, span), over, span);
  const auto difference = map("sub", {map("square", {sum}, span), squares}, span);
  const auto axes = shape(difference);
  const std::set<AxisId> all(axes.begin(), axes.end());
  return contract({number(0.5, span).term, difference.term}, is_inner ? std::vector<AxisId>{} : axes,
                  is_inner ? all : std::set<AxisId>{}, span);
}

Shaped Typer::big(const Node& node, Scope& scope, int rank) {
  if (const auto side = method_.naming.sums_neighbours(node.sub)) return neighbour_sum(node, *side, scope, rank);
  auto bound = bound_of(node.sub, node.sup, scope, node.span);
  const Node* body = &node.parts[0];
  // \sum_{i=1}^{n} \sum_{j=i+1}^{n} is \sum_{i<j}.
  if (node.text == "sum" && bound.letters.size() == 1 && body->kind == Kind::big && body->text == "sum" && body->sub.size() == 1 &&
      body->sub[0].kind == Kind::relation && body->sub[0].text == "=") {
    const auto second = bound_of(body->sub, body->sup, scope, body->span);
    if (second.low && second.low->kind == Kind::add && Naming::letter(second.low->parts[0]) == bound.letters[0] &&
        number_of(second.low->parts[1]) == 1.0 && second.high) {
      Node first_low = bound.low.value_or(Node{}), last = *second.high;
      const auto low = to_dimension(first_low, method_.naming), high = to_dimension(last, method_.naming);
      if (low && high) {
        Scope inner_scope = scope;
        inner_scope.ranges[bound.letters[0]] = {*low, *high};
        Bound both;
        both.letters = {bound.letters[0], second.letters[0]};
        both.increasing = true;
        return sum_over(both, body->parts[0], inner_scope, rank, node.span);
      }
    }
  }
  if (node.text == "sum") return sum_over(bound, *body, scope, rank, node.span);
  Scope inner_scope = scope;
  const auto axes = bind(bound, *body, inner_scope, node.span);
  auto out = expression(*body, inner_scope, rank);
  for (auto it = axes.rbegin(); it != axes.rend(); ++it) out = reduce(node.text, out, *it, node.span);
  return out;
}

Shaped Typer::sum_over(const Bound& bound, const Node& body, Scope& scope, int rank, Span span) {
  if (const auto fast = pair_sum(bound, body, scope, span)) return *fast;
  Scope inner_scope = scope;
  const auto axes = bind(bound, body, inner_scope, span);
  auto out = expression(body, inner_scope, rank);
  for (auto it = axes.rbegin(); it != axes.rend(); ++it) out = reduce("sum", out, *it, span);
  return out;
}

Shaped Typer::softmax(const Node& node, Scope& scope) {
  if (node.parts.size() != 1) stop("papers.not_understood", "softmax takes one argument", node.span);
  // Of a vector, or of each of a matrix' rows, `softmax_{j \le i}` of those: what runs is the last axis.
  const bool of_entries = node.sub.empty() || is_matrix_condition(node.sub, scope);
  auto running = of_entries ? Running{} : softmax_over(node, scope);
  const auto value = expression(node.parts[0], scope);
  if (of_entries && value.rank < (node.sub.empty() ? 1 : 2)) {
    stop("papers.unknown_range", "over which index does softmax run?", node.span, {"\\mathrm{softmax}_j(…)"});
  }
  if (of_entries) {
    running = {shape(value).back(), padding_of(shape(value).back(), node.span)};
    if (!node.sub.empty()) running.masks.push_back(matrix_condition(node, shape(value)[0], shape(value)[1], scope));
  }
  Term term;
  term.op = Op::softmax;
  term.args = {value.term};
  term.args.insert(term.args.end(), running.masks.begin(), running.masks.end());
  std::set<AxisId> index_axes;
  for (const auto axis_id : indices(value)) index_axes.insert(axis_id);
  for (const auto mask : running.masks) index_axes.insert(at(mask).axes.begin(), at(mask).axes.end());
  for (const auto axis_id : shape(value)) index_axes.erase(axis_id);
  term.axes.assign(index_axes.begin(), index_axes.end());
  for (const auto axis_id : shape(value)) term.axes.push_back(axis_id);
  term.span = node.span;
  term.over = running.axis;
  if (of_entries) return {add(std::move(term)), value.rank, value.row};
  const auto& own = at(value.term).axes;
  if (std::find(own.begin(), own.end(), term.over) == own.end()) {
    stop("papers.not_understood", "what softmax is taken of does not depend on " + bound_letters(node.sub)[0], node.span);
  }
  return {add(std::move(term)), value.rank, value.row};
}

/// The index that softmax runs over, and where it counts: `softmax_j`, `softmax_{j \le t}`, or pairs, `softmax_{i<j}`.
Typer::Running Typer::softmax_over(const Node& node, Scope& scope) {
  auto letters = bound_letters(node.sub);
  std::erase_if(letters, [&](const std::string& letter) { return !method_.naming.is_index(letter); });
  const auto found = letters.empty() ? scope.letters.end() : scope.letters.find(letters[0]);
  using IndexKind = IndexValue::Kind;
  if (found == scope.letters.end() || (found->second.kind != IndexKind::axis && found->second.kind != IndexKind::component)) {
    stop("papers.unknown_range", "softmax must run over an index of the left side, or of the sum around it", node.span,
         {"\\alpha_{i,j} = \\mathrm{softmax}_j(…)", "\\sum_{i<j} \\mathrm{softmax}_{i<j}(…) …"});
  }
  const bool condition = is_condition(node.sub[0]) && node.sub[0].text != "<" && found->second.kind == IndexKind::axis;
  const bool pairs = !condition && is_less(node.sub[0]) && letters.size() == found->second.order &&
                     std::all_of(letters.begin(), letters.end(), [&](const std::string& letter) {
                       const auto at_letter = scope.letters.find(letter);
                       return at_letter != scope.letters.end() && at_letter->second.kind == IndexKind::component &&
                              at_letter->second.axis == found->second.axis;
                     });
  if (!pairs && !condition && (letters.size() != 1 || found->second.kind == IndexKind::component)) {
    stop("papers.unknown_range", "over which pairs does softmax run?", node.span,
         {"\\mathrm{softmax}_{i<j}(…), where all of it is used at i < j", "\\mathrm{softmax}_j(…), for each i, with its own equation",
          "\\mathrm{softmax}_{j \\le i}(…), over those up to i"});
  }
  Running out{found->second.axis, masks_of(found->second, node.span)};
  if (condition) {
    if (const auto term = condition_of(node.sub[0], found->second, scope)) out.masks.push_back(*term);
  }
  return out;
}

/// Nothing where it always holds: `j <= t` for the last t.
std::optional<TermId> Typer::condition_of(const Node& relation, const IndexValue& value, Scope& scope) {
  if (relation.text == "<=") {
    if (const auto letter = Naming::letter(relation.parts[1]); scope.letters.contains(letter)) {
      const auto& limit = scope.letters.at(letter);
      if (limit.kind == IndexValue::Kind::constant &&
          typed_.solver.resolve(limit.offset) == typed_.solver.resolve(value.range.high + value.offset)) {
        return {};
      }
    }
  }
  return expression(relation, scope).term;
}

}  // namespace automodel::papers
