// Symbols: what a name with its indices stands for.
#include <algorithm>
#include <cctype>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

using Role = Quantity::Role;
using IndexKind = IndexValue::Kind;

}  // namespace

IndexValue Typer::index_value(const Node& node, const Scope& scope) const {
  if (method_.naming.is_history_item(node)) {
    auto out = index_value(node.sub[0], scope);
    out.of_history = true;
    return out;
  }
  if (const auto letter = Naming::letter(node); !letter.empty()) {
    if (const auto found = scope.letters.find(letter); found != scope.letters.end()) return found->second;
    if (method_.naming.is_index(letter)) {
      stop("papers.unknown_symbol", "the index " + letter + " is not bound here", node.span,
           {"\\sum_{" + letter + "}", "the left side with index " + letter});
    }
  }
  if (node.kind == Kind::add || node.kind == Kind::subtract) {
    const auto offset = to_dimension(node.parts[1], method_.naming);
    const auto letter = Naming::letter(node.parts[0]);
    const auto found = scope.letters.find(letter);
    if (offset && found != scope.letters.end()) {
      auto out = found->second;
      out.offset = node.kind == Kind::add ? out.offset + *offset : out.offset - *offset;
      return out;
    }
  }
  if (const auto constant = to_dimension(node, method_.naming)) {
    IndexValue out;
    out.offset = *constant;
    return out;
  }
  stop("papers.not_understood", "this is no index", node.span, {"i", "l+1", "0"});
}

/// `x_{l+1} \leftarrow f(x_{l+1}, x_l)`: the last is what this change made of it a round before.
bool Typer::of_earlier_round(const Quantity& quantity, const Values& values, const Scope& scope) const {
  const auto& patterns = quantity.definitions[scope.wrapped_definition].indices;
  for (std::size_t p = 0; p < values.size() && p < patterns.size(); ++p) {
    const auto at = scope.letters.find(patterns[p].letter);
    if (values[p].kind != IndexKind::loop || at == scope.letters.end()) continue;
    const auto now = typed_.solver.resolve(at->second.offset + patterns[p].offset);
    if (typed_.solver.resolve(values[p].offset) != now) return true;
  }
  return false;
}

Shaped Typer::symbol(const Node& node, Scope& scope) {
  if (is_infinity(node)) return number(kInfinity, node.span);
  const auto number_term = [&](Op op, const Dimension& dimension, const IndexValue* value) {
    Term term;
    term.op = op;
    term.dimension = dimension;
    term.span = node.span;
    if (value != nullptr && op == Op::counter) term.axes = {value->axis};
    if (value != nullptr && op == Op::loop_index) term.loop = value->loop;
    return Shaped{add(std::move(term)), 0, false};
  };
  if (const auto letter = Naming::letter(node); scope.letters.contains(letter)) {
    const auto& value = scope.letters.at(letter);
    if (value.kind == IndexKind::axis) return number_term(Op::counter, value.range.low + value.offset, &value);
    if (value.kind == IndexKind::loop) return number_term(Op::loop_index, value.offset, &value);
    if (value.kind == IndexKind::constant) return number_term(Op::size, value.offset, nullptr);
    stop("papers.not_understood", "an index of i < j cannot be a number here", node.span);
  }
  const auto reference = method_.naming.reference(node);
  // What of the scripts is no index: a power, a transposition.
  const auto scripted = [&](const Shaped& value) {
    Node scripts;
    scripts.span = node.span;
    scripts.transposed = node.transposed;
    if (reference.power != nullptr) scripts.sup = {*reference.power};
    return with_power(scripts, value, scope);
  };
  auto out = Shaped{};
  const auto formal = scope.formals.find(reference.key);
  const bool is_size = node.font == Font::italic && reference.indices.empty() && method_.naming.is_size(reference.name);
  Values values;
  const auto read_indices = [&] {
    for (const auto* index : reference.indices) {
      if (index->kind != Kind::wildcard) values.push_back(index_value(*index, scope));
    }
  };
  if (formal != scope.formals.end()) {
    read_indices();
    out = components(fresh(formal->second), values, node.span);
  } else if (is_size && !method_.quantities.contains(reference.key)) {
    out = number_term(Op::size, Dimension::symbol(reference.name), nullptr);
  } else {
    read_indices();
    auto found = method_.quantities.find(reference.key);
    // `x_i` is the i-th entry of `\mathbf{x}`, where x itself says nothing.
    const auto bold = method_.quantities.find("bold:" + reference.key);
    const auto unsaid = [](const Quantity& q) { return q.role == Role::parameter && q.declared.end == 0; };
    if (bold != method_.quantities.end() && !values.empty() && bold->second.positions < values.size() &&
        (found == method_.quantities.end() || unsaid(found->second)) && !unsaid(bold->second)) {
      found = bold;
    }
    if (found == method_.quantities.end()) {
      stop("papers.unknown_symbol", "unknown symbol " + text_of(node.span), node.span);
    }
    const auto& quantity = found->second;
    if (!values.empty() && values[0].of_history && quantity.role == Role::defined) {
      out = at_history_item(quantity, values, node.span);
      return scripted(out);
    }
    const bool of_item = quantity.role == Role::look_up && quantity.owner == Owner::item;
    for (std::size_t p = 0; p < values.size(); ++p) {
      if (!values[p].of_history || (of_item && p == 0)) continue;
      stop("papers.not_understood", text_of(node.span) + " is no look-up of an item", node.span,
           {"each item $v$ has an embedding $\\mathbf{q}_v \\in \\mathbb{R}^{k}$", "the place of the index: \\mathbf{q}_{s_t}"});
    }
    if (quantity.role == Role::function) {
      stop("papers.not_understood", quantity.name + " is a function: give its argument", node.span, {quantity.name + "(x)"});
    }
    const auto positions = quantity.positions + (!values.empty() && values[0].of_history ? 1 : 0);
    if (const auto whole = values.empty() && positions > 0 ? whole_of(quantity) : std::nullopt) {
      Scope inside = scope;
      for (const auto& [letter, range] : quantity.definitions[0].ranges) inside.ranges[letter] = range;
      return scripted(family(*whole, inside, 2));
    }
    if (values.size() < positions) {
      stop("papers.not_understood",
           reference.name + " has " + std::to_string(quantity.positions) + " indices; here are " + std::to_string(values.size()),
           node.span);
    }
    const Values own(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(positions));
    const Values rest(values.begin() + static_cast<std::ptrdiff_t>(positions), values.end());
    if (scope.wrapped == quantity.key && !of_earlier_round(quantity, own, scope)) {
      out = defined(quantity, own, node.span, scope.wrapped_definition);
    } else {
      out = instance(quantity, own, node.span);
    }
    if (method_.history()) out = real_only(out, quantity, own, scope, node.span);
    out = components(out, rest, node.span);
  }
  return scripted(out);
}

Shaped Typer::instance(const Quantity& quantity, const Values& values, Span span) {
  const auto side = whole_side(quantity);
  if (!side) return own_instance(quantity, values, span);
  return placed(in_mode(mode_of(*side), [&] { return own_instance(quantity, values, span); }), *side, span);
}

Shaped Typer::own_instance(const Quantity& quantity, const Values& values, Span span) {
  switch (quantity.role) {
    case Role::look_up: return look_up(quantity, values, span);
    case Role::dense: {
      Term term;
      term.op = Op::dense;
      term.batched = true;
      term.axes = {axis(quantity.shape->at(0), {}, quantity.declared)};
      term.span = span;
      return {add(std::move(term)), 1, false};
    }
    case Role::age: return ages(quantity, values, span);
    case Role::noise: return noise(quantity, span);
    case Role::parameter: return parameter(quantity, values, span);
    default: return defined(quantity, values, span, quantity.definitions.size());
  }
}

Shaped Typer::noise(const Quantity& quantity, Span span) {
  if (!whole_.contains(quantity.key)) {
    const bool said = quantity.declared.end != 0;
    std::vector<Dimension> sizes;
    if (quantity.shape) sizes = *quantity.shape;
    for (int i = 0; !quantity.shape && i < quantity.rank_by_letter; ++i) sizes.push_back(typed_.solver.fresh(quantity.name));
    Term term;
    term.op = Op::noise;
    term.name = quantity.key;
    term.batched = true;
    term.span = said ? quantity.declared : span;
    for (const auto& dimension : sizes) term.axes.push_back(axis(dimension, {}, term.span));
    whole_[quantity.key] = {add(std::move(term)), static_cast<std::uint8_t>(sizes.size()), false};
  }
  return fresh(whole_[quantity.key]);
}

Shaped Typer::look_up(const Quantity& quantity, const Values& values, Span span) {
  if (quantity.owner != Owner::field) return item_look_up(quantity, values, span);
  std::vector<Range> ranges;
  for (const auto& pattern : quantity.declared_indices) {
    const auto range = method_.ranges.find(pattern.letter);
    if (range == method_.ranges.end()) {
      stop("papers.unknown_range", "over what does " + pattern.letter + " of " + quantity.name + " run?", quantity.declared,
           {"the value of each field $" + pattern.letter + " = 1, \\dots, n$ has …"});
    }
    ranges.push_back(range->second);
  }
  if (!whole_.contains(quantity.key)) {
    Term term;
    term.op = Op::look_up;
    term.name = quantity.key;
    term.batched = true;
    term.span = quantity.declared;
    for (const auto& range : ranges) term.axes.push_back(axis(range.size(), {}, quantity.declared));
    canonical_[quantity.key] = term.axes;
    for (const auto& dimension : *quantity.shape) term.axes.push_back(axis(dimension, {}, quantity.declared));
    LookUpTerm entry{quantity.name, text_of(quantity.declared), quantity.shape->empty() ? "zeros" : "normal(0.01)",
                     {ranges.begin() + 1, ranges.end()}, *quantity.shape, quantity.categorical_only, Owner::field, quantity.declared};
    typed_.look_ups.emplace(quantity.key, std::move(entry));
    whole_[quantity.key] = {add(std::move(term)), static_cast<std::uint8_t>(quantity.shape->size()), false};
  }
  return at_indices(whole_[quantity.key], canonical_[quantity.key], ranges, values, span);
}

Shaped Typer::own_parameter(const std::string& key, const std::string& name, const std::string& latex,
                            const std::vector<Range>& ranges, const std::vector<Dimension>& dimensions,
                            const std::string& init, const Values& values, Span span) {
  if (!whole_.contains(key)) {
    Term term;
    term.op = Op::parameter;
    term.name = key;
    term.span = span;
    const auto quantity = method_.quantities.find(key);
    const bool said = quantity != method_.quantities.end() && quantity->second.declared.end != 0;
    const auto origin = said ? quantity->second.declared : span;
    for (const auto& range : ranges) term.axes.push_back(axis(range.size(), {}, origin));
    canonical_[key] = term.axes;
    for (const auto& dimension : dimensions) term.axes.push_back(axis(dimension, {}, origin));
    typed_.parameters[key] = {name, latex, ranges, dimensions, init, span};
    typed_.parameter_order.push_back(key);
    whole_[key] = {add(std::move(term)), static_cast<std::uint8_t>(dimensions.size()), false};
  }
  return at_indices(whole_[key], canonical_[key], typed_.parameters[key].indices, values, span);
}

Shaped Typer::parameter(const Quantity& quantity, const Values& values, Span span) {
  if (std::isdigit(static_cast<unsigned char>(quantity.name[0])) != 0) {
    stop("papers.not_understood", "a number is no symbol: this has no value here", span, {"\\sum_{f=1}^{k} x_f, the sum of a vector's entries"});
  }
  if (auto doubt = doubt_of_font(method_, quantity, span)) throw Failure{std::move(*doubt)};
  std::vector<Range> ranges;
  std::vector<Dimension> dimensions;
  if (const auto known = typed_.parameters.find(quantity.key); known == typed_.parameters.end()) {
    for (std::size_t p = 0; p < values.size(); ++p) {
      const auto& value = values[p];
      const auto declared = p < quantity.declared_indices.size() ? quantity.declared_indices[p] : IndexPattern{};
      const auto said = method_.ranges.find(declared.letter);
      if (value.kind != IndexKind::constant) {
        ranges.push_back({value.range.low + value.offset, value.range.high + value.offset});
      } else if (said != method_.ranges.end()) {
        ranges.push_back({said->second.low + declared.offset, said->second.high + declared.offset});
      } else {
        stop("papers.unknown_range", "over what does the index of " + quantity.name + " run?", span,
             {"say a range: $l = 1, \\dots, L$"});
      }
    }
    if (quantity.shape) {
      dimensions = *quantity.shape;
    } else {
      const auto rank = quantity.rank_by_letter;
      for (int i = 0; i < rank; ++i) dimensions.push_back(typed_.solver.fresh(quantity.name));
    }
  }
  // A summand begins at 0, a factor so that it changes nothing, a weight of vectors as Glorot & Bengio 2010 say. So does a number with
  // three indices or more: matrices written entry by entry, whose maps would stay alike for ever if they began so.
  const bool entries = dimensions.empty() && ranges.size() >= 3 && quantity.multiplied;
  const std::string init = entries || dimensions.size() >= 2 || (!dimensions.empty() && quantity.multiplied) ? "xavier"
                           : quantity.multiplied                                                  ? "ones"
                                                                                                  : "zeros";
  return own_parameter(quantity.key, quantity.name, text_of(quantity.declared.end != 0 ? quantity.declared : span), ranges,
                       dimensions, init, values, span);
}

/// `whole` at the given indices: renamed, picked out, or one for every tuple of i < j.
Shaped Typer::at_indices(Shaped whole, const std::vector<AxisId>& whole_axes, const std::vector<Range>& whole_ranges,
                         const Values& values, Span span, bool is_content) {
  auto index_axes = whole_axes;
  auto ranges = whole_ranges;
  auto out = fresh(whole);
  std::map<AxisId, AxisId> names;
  std::map<AxisId, std::vector<std::pair<AxisId, std::uint32_t>>> tuples;  // by their axis
  std::map<AxisId, std::uint32_t> orders;
  std::set<AxisId> used;
  Node where;
  where.span = span;
  for (std::size_t p = 0; p < values.size(); ++p) {
    const auto& value = values[p];
    if (value.kind == IndexKind::constant && is_content && over_history(ranges[p])) {
      const auto past = typed_.solver.resolve(value.offset - ranges[p].high).constant();
      const auto before = typed_.solver.resolve(value.offset - ranges[p].low).constant();
      if ((past && *past > 0) || (before && *before < 0)) {  // nothing is there: zeros
        auto all = value;
        all.offset = Dimension(0);
        all.range = {value.offset, value.offset};
        out = narrowed(out, index_axes[p], ranges[p], all, true, span);
      }
    }
    if (value.kind == IndexKind::axis || (value.kind == IndexKind::loop && is_content && over_history(ranges[p]))) {
      out = narrowed(out, index_axes[p], ranges[p], value, is_content, span);
    }
    const auto check = [&] {
      const bool same_start = typed_.solver.equate(value.range.low + value.offset, ranges[p].low, span);
      if (same_start && typed_.solver.equate(value.range.size(), ranges[p].size(), span)) return;
      stop("papers.index_out_of_range",
           "the index runs from " + typed_.solver.resolve(value.range.low + value.offset).text() + " to " +
               typed_.solver.resolve(value.range.high + value.offset).text() + ", but there is one from " +
               typed_.solver.resolve(ranges[p].low).text() + " to " + typed_.solver.resolve(ranges[p].high).text(),
           span, {"the index: " + origin_text(value.axis), "there is: " + origin_text(index_axes[p])});
    };
    if (value.kind == IndexKind::axis) {
      check();
      if (!used.insert(value.axis).second) stop("papers.not_understood", "the same index twice is not known", span);
      names[index_axes[p]] = value.axis;
    } else if (value.kind == IndexKind::component) {
      check();
      tuples[value.axis].emplace_back(index_axes[p], value.component);
      orders[value.axis] = value.order;
    } else {
      Term term;
      term.op = Op::at;
      term.args = {out.term};
      term.over = index_axes[p];
      term.dimension = value.offset - ranges[p].low;
      term.in_loop = value.kind == IndexKind::loop;
      term.loop = value.loop;
      term.span = span;
      if (const auto position = typed_.solver.resolve(term.dimension).constant(); !term.in_loop && position && *position < 0) {
        stop("papers.index_out_of_range", "there is none before " + ranges[p].low.text(), span);
      }
      for (const auto axis_id : at(out.term).axes) {
        if (axis_id != index_axes[p]) term.axes.push_back(axis_id);
      }
      out.term = add(std::move(term));
    }
  }
  for (const auto& [over, picks] : tuples) {
    Term term;
    term.op = Op::subset;
    term.args = {out.term};
    term.over = over;
    term.order = orders[over];
    term.picks = picks;
    term.span = span;
    term.axes = {over};
    for (const auto axis_id : at(out.term).axes) {
      const bool picked = std::any_of(picks.begin(), picks.end(), [&](const auto& pick) { return pick.first == axis_id; });
      if (!picked) term.axes.push_back(axis_id);
    }
    out.term = add(std::move(term));
  }
  out.term = renamed(out.term, names);
  return sorted(out);
}

/// Indices in the order in which they were bound.
Shaped Typer::sorted(Shaped value) {
  auto index_axes = indices(value);
  if (std::is_sorted(index_axes.begin(), index_axes.end())) return value;
  const bool row = value.row;
  value = contract({value.term}, shape(value), {}, at(value.term).span);
  value.row = row;
  return value;
}

/// Entries of a vector, rows of a matrix: indices beyond those of the quantity.
Shaped Typer::components(Shaped value, const Values& values, Span span) {
  for (const auto& index : values) {
    if (value.rank == 0) stop("papers.not_understood", "a number has no entries", span);
    const auto first = shape(value)[0];
    const Range all{Dimension(1), size(first)};
    auto whole = value;
    whole.rank = static_cast<std::uint8_t>(value.rank - 1);
    // `at_indices` gives its argument new axes but for those of indices: the first one is such an index now.
    value = at_indices(whole, {first}, {all}, {index}, span);
    if (!typed_.axes[first].first_position) continue;
    // Who runs over the history leaves out its padding; of a single position there may be nothing.
    const auto start = *typed_.axes[first].first_position;
    if (index.kind == IndexValue::Kind::axis && start != index.range.low) value = masked(value, {real_along(index.axis, start, span)}, span);
    if (index.kind != IndexValue::Kind::constant) continue;
    auto position = index;
    position.offset = position.offset + start - Dimension(1);
    value = masked(value, {real_at(position, span)}, span);
  }
  return value;
}

}  // namespace automodel::papers
