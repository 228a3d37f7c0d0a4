// The history of a user: shorter ones are padded in front, and what would stand at padded positions is not there. Sums,
// maxima and softmaxes leave it out, references to it are 0, recurrences go past it.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

using IndexKind = IndexValue::Kind;
using Role = Quantity::Role;

}  // namespace

/// Whether positions with this range are those of the history: its end is T, or a constant number of steps from it.
bool Typer::over_history(const Range& range) const {
  const auto history = method_.history();
  if (!history) return false;
  return typed_.solver.resolve(range.high - history->high).constant().has_value() &&
         !typed_.solver.resolve(range.high).constant().has_value();
}

TermId Typer::real_along(AxisId along, const Dimension& first, Span span) {
  const auto low = typed_.solver.resolve(first).constant();
  if (!low || *low < 1) {
    stop("papers.index_out_of_range", "the history's positions begin at 1", span,
         {"from 1", "an index from " + first.text() + " only in a recurrence"});
  }
  Term term;
  term.op = Op::real;
  term.batched = true;
  term.axes = {along};
  term.dimension = first;
  term.span = span;
  return add(std::move(term));
}

/// Whether there is something at one position: of a loop's round, or a constant.
TermId Typer::real_at(const IndexValue& position, Span span) {
  const auto history = *method_.history();
  const auto whole = axis(history.size(), {}, method_.naming.interactions().history_at);
  Term term;
  term.op = Op::at;
  term.args = {real_along(whole, history.low, span)};
  term.over = whole;
  term.dimension = position.offset - history.low;
  term.in_loop = position.kind == IndexKind::loop;
  term.loop = position.loop;
  term.span = span;
  return add(std::move(term));
}

/// Where what runs along an axis counts.
std::vector<TermId> Typer::masks_of(const IndexValue& value, Span span) {
  auto out = value.conditions;
  if (value.kind != IndexKind::axis) return out;
  const Range range{value.range.low + value.offset, value.range.high + value.offset};
  if (over_history(range)) out.push_back(real_along(value.axis, range.low, span));
  return out;
}

/// `value` where all masks hold, 0 elsewhere.
Shaped Typer::masked(Shaped value, const std::vector<TermId>& masks, Span span) {
  std::vector<TermId> factors = {value.term};
  for (const auto mask : masks) {
    if (!vanishes(value.term, mask, {})) factors.push_back(map("number", {{mask, 0, false}}, span).term);
  }
  if (factors.size() == 1) return value;
  auto out = contract(factors, shape(value), {}, span);
  out.row = value.row;
  return out;
}

/// Where entries along an axis of a shape are none: nothing, unless they are positions of the history.
std::vector<TermId> Typer::padding_of(AxisId along, Span span) {
  const auto first = typed_.axes[along].first_position;
  if (!first) return {};
  return {real_along(along, *first, span)};
}

/// One more factor for a product that is summed over `along`.
void Typer::leave_out_padding(std::vector<TermId>& factors, AxisId along, Span span) {
  for (const auto mask : padding_of(along, span)) {
    const bool is_zero = std::any_of(factors.begin(), factors.end(), [&](TermId factor) { return vanishes(factor, mask, {}); });
    if (!is_zero) factors.push_back(map("number", {{mask, 0, false}}, span).term);
  }
}

/// Whether `value` is 0 wherever `mask` does not hold, as far as that is seen. `names`: what axes of `value` are called outside.
bool Typer::vanishes(TermId value, TermId mask, const std::map<AxisId, AxisId>& names) const {
  const auto& term = at(value);
  const auto outside = [&](AxisId id) {
    const auto found = names.find(id);
    return found == names.end() ? id : found->second;
  };
  switch (term.op) {
    case Op::softmax:
      return std::any_of(term.args.begin() + 1, term.args.end(), [&](TermId arg) { return same_mask(arg, mask, names); });
    case Op::contract:
      return std::any_of(term.args.begin(), term.args.end(), [&](TermId arg) { return vanishes(arg, mask, names); });
    case Op::map: return term.name == "number" && same_mask(term.args[0], mask, names);
    case Op::definition:
    case Op::dropout: return vanishes(term.args[0], mask, names);
    case Op::rename: {
      const auto& inner = at(term.args[0]).axes;
      std::map<AxisId, AxisId> next;
      for (std::size_t i = 0; i < inner.size(); ++i) next[inner[i]] = outside(term.axes[i]);
      return vanishes(term.args[0], mask, next);
    }
    default: return false;
  }
}

bool Typer::same_mask(TermId inner, TermId outer, const std::map<AxisId, AxisId>& names) const {
  const auto &a = at(inner), &b = at(outer);
  if (a.op != b.op || a.name != b.name || a.value != b.value || a.args.size() != b.args.size() || a.in_loop != b.in_loop ||
      a.loop != b.loop || typed_.solver.resolve(a.dimension) != typed_.solver.resolve(b.dimension)) {
    return false;
  }
  if (a.op != Op::real && a.op != Op::counter && a.op != Op::map && a.op != Op::number && a.op != Op::size &&
      a.op != Op::loop_index) {
    return false;
  }
  std::set<AxisId> of_a, of_b(b.axes.begin(), b.axes.end());
  for (const auto id : a.axes) {
    const auto found = names.find(id);
    of_a.insert(found == names.end() ? id : found->second);
  }
  if (of_a != of_b) return false;
  for (std::size_t i = 0; i < a.args.size(); ++i) {
    if (!same_mask(a.args[i], b.args[i], names)) return false;
  }
  return true;
}

/// `whole`, which there is for positions `there` along an axis, for those that `value` asks for, along an axis of their own: the
/// same where they are the same, fewer, or of the history also further ones, where zeros stand. `along` and `there` then say these.
Shaped Typer::narrowed(Shaped whole, AxisId& along, Range& there, const IndexValue& value, bool is_content, Span span) {
  const Range asked{value.range.low + value.offset, value.range.high + value.offset};
  const auto start = typed_.solver.resolve(asked.low - there.low);
  const auto before = start.constant(), after = typed_.solver.resolve(there.high - asked.high).constant();
  const bool history = is_content && over_history(there);
  if (before == 0 && after == 0) return whole;
  if (!history && (!before || !after || *before < 0 || *after < 0)) return whole;
  if (!before && !after) return whole;
  // A position's neighbour can be padding where it is not.
  if (history && typed_.solver.resolve(value.offset) != Dimension(0)) {
    whole = masked(whole, {real_along(along, there.low, span)}, span);
  }
  Term term;
  term.op = Op::narrow;
  term.args = {whole.term};
  term.dimension = start;
  term.over = axis(asked.size(), {}, span);
  term.picks = {{along, 0}};
  term.span = span;
  for (const auto id : at(whole.term).axes) term.axes.push_back(id == along ? term.over : id);
  along = term.over;
  there = asked;
  return {add(std::move(term)), whole.rank, whole.row};
}

/// Of what belongs to the positions of the history there is nothing at a constant position, or at the number of a round of
/// something else, that is padding.
Shaped Typer::real_only(Shaped value, const Quantity& quantity, const Values& values, const Scope& scope, Span span) {
  for (std::size_t p = 0; p < values.size(); ++p) {
    const bool by_round = values[p].kind == IndexKind::loop && !over_history(values[p].range);
    if (values[p].kind != IndexKind::constant && !by_round) continue;
    IndexPattern pattern;
    const auto* range = values[p].of_history ? nullptr : method_.free_range(quantity, p, pattern);
    const bool counts = range != nullptr && over_history({range->low + pattern.offset, range->high + pattern.offset});
    if (!values[p].of_history && !counts) continue;
    // What is worked out for this very position is left out as a whole.
    const bool inside = std::any_of(scope.letters.begin(), scope.letters.end(), [&](const auto& letter) {
      const auto* of_letter = method_.range_of(letter.first, scope.ranges);
      return letter.second.kind == values[p].kind && letter.second.loop == values[p].loop && of_letter != nullptr &&
             over_history(*of_letter) &&
             typed_.solver.resolve(letter.second.offset) == typed_.solver.resolve(values[p].offset);
    });
    if (inside) continue;
    const auto past = typed_.solver.resolve(values[p].offset - method_.history()->high).constant();
    if (past && *past > 0) continue;  // behind the history: always there
    value = masked(value, {real_at(values[p], span)}, span);
  }
  return value;
}

/// What is defined for each item, of an item of the history: its equation with that item in the candidate's place.
Shaped Typer::at_history_item(const Quantity& quantity, const Values& values, Span span) {
  if (quantity.side != Naming::Side::item) {
    stop("papers.not_understood", text_of(span) + " asks for an item's, and " + quantity.name + " is not defined for each item", span,
         {"\\mathbf{z}_v = …, with the letter of items"});
  }
  const auto& position = values[0];
  if (of_graph_.contains(quantity.key) || mode_ != Mode::rows || recurrence(quantity, span)) {
    stop("papers.not_understood", "of a history's items only look-ups and what plain equations make of them are known", span, {"\\mathbf{q}_{s_t}"});
  }
  if (position.kind == IndexKind::axis && typed_.solver.resolve(position.offset) != Dimension(0)) {
    stop("papers.not_understood", "a neighbour in the history needs an equation for each position", span,
         {"\\mathbf{x}_t = \\mathbf{z}_{s_t}, and \\mathbf{x}_{t-1}"});
  }
  struct Back {
    std::optional<IndexValue>& now;
    std::optional<IndexValue> before;
    ~Back() { now = before; }
  } back{item_is_, item_is_};
  item_is_ = position;
  auto out = own_instance(quantity, {values.begin() + 1, values.end()}, span);
  if (position.kind == IndexKind::constant) out = masked(out, {real_at(position, span)}, span);
  return out;
}

/// `\mathbf{q}_v`, or `\mathbf{q}_{s_t}`, the first of whose values is the position.
Shaped Typer::item_look_up(const Quantity& quantity, const Values& asked, Span span) {
  auto values = asked;
  const bool of_other = asked.empty() || !asked[0].of_history;
  if (item_is_ && of_other && quantity.owner == Owner::item) values.insert(values.begin(), *item_is_);
  const bool of_history = !values.empty() && values[0].of_history;
  const bool whole = mode_ != Mode::rows && !of_history;
  const auto place = quantity.owner == Owner::user ? (whole ? Place::all_users : Place::user)
                     : of_history                  ? Place::history
                     : whole                       ? Place::all_items
                                                   : Place::candidate;
  if (quantity.owner == Owner::user && of_history) {
    stop("papers.not_understood", quantity.name + " belongs to users, " + text_of(span) + " asks for an item's", span,
         {"each item $v$ has …"});
  }
  std::vector<Range> ranges;
  if (of_history) ranges.push_back(*method_.history());
  for (const auto& pattern : quantity.declared_indices) {
    const auto range = method_.ranges.find(pattern.letter);
    if (range == method_.ranges.end()) {
      stop("papers.unknown_range", "over what does " + pattern.letter + " of " + quantity.name + " run?", quantity.declared,
           {"$" + pattern.letter + " = 1, \\dots, n$ somewhere in the text"});
    }
    ranges.push_back(range->second);
  }
  const auto key = quantity.key + "@" + std::to_string(static_cast<int>(place));
  if (!whole_.contains(key)) {
    Term term;
    term.op = Op::look_up;
    term.name = quantity.key;
    term.place = place;
    term.batched = !whole;
    term.span = quantity.declared;
    for (const auto& range : ranges) canonical_[key].push_back(axis(range.size(), {}, quantity.declared));
    term.axes = canonical_[key];
    if (place == Place::candidate) term.axes.insert(term.axes.begin(), kCandidates);
    if (place == Place::all_users) term.axes.insert(term.axes.begin(), kAllUsers);
    if (place == Place::all_items) term.axes.insert(term.axes.begin(), kAllItems);
    for (const auto& dimension : *quantity.shape) term.axes.push_back(axis(dimension, {}, quantity.declared));
    const LookUpTerm entry{quantity.name, text_of(quantity.declared), quantity.shape->empty() ? "zeros" : "normal(0.01)",
                           {ranges.begin() + (of_history ? 1 : 0), ranges.end()}, *quantity.shape, false, quantity.owner,
                           quantity.declared};
    typed_.look_ups.emplace(quantity.key, entry);
    whole_[key] = {add(std::move(term)), static_cast<std::uint8_t>(quantity.shape->size()), false};
  }
  return at_indices(whole_[key], canonical_[key], ranges, values, span, of_history);
}

Shaped Typer::ages(const Quantity& quantity, const Values& values, Span span) {
  const auto positions = *method_.history();
  if (!whole_.contains(quantity.key)) {
    Term term;
    term.op = Op::ages;
    term.batched = true;
    term.span = method_.naming.interactions().history_at;
    term.axes = {axis(positions.size(), {}, term.span)};
    canonical_[quantity.key] = term.axes;
    whole_[quantity.key] = {add(std::move(term)), 0, false};
  }
  return at_indices(whole_[quantity.key], canonical_[quantity.key], {positions}, values, span, true);
}

/// Whatever stands in an equation with an item's look-up, other than that of a history's item, or with what does.
void Typer::find_item_dependence() {
  const auto& naming = method_.naming;
  std::map<std::string, std::set<std::string>> candidates_uses;
  for (const auto& [key, quantity] : method_.quantities) {
    if (quantity.role == Role::look_up && quantity.owner == Owner::item) of_item_.insert(key);
    auto& its_uses = candidates_uses[key];
    for (const auto& definition : quantity.definitions) {
      for_each_node(definition.right, [&](const Node& node) {
        if (node.kind == Kind::call) its_uses.insert(naming.reference(as_symbol(node)).key);
        if (node.kind != Kind::symbol) return;
        const auto reference = naming.reference(node);
        const bool of_history = std::any_of(reference.indices.begin(), reference.indices.end(),
                                            [&](const Node* index) { return naming.is_history_item(*index); });
        if (!of_history) its_uses.insert(reference.key);
      });
    }
  }
  const auto look_ups = of_item_;
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [key, uses] : candidates_uses) {
      const bool does = std::any_of(uses.begin(), uses.end(), [&](const std::string& other) { return of_item_.contains(other); });
      grown = (does && of_item_.insert(key).second) || grown;
    }
  }
  for (const auto& key : look_ups) of_item_.erase(key);
}

/// Cho et al. 2014, arXiv 1406.1078, eqs. 5 to 8, with offsets: an update gate z and a reset gate r decide what is kept.
Shaped Typer::gru(const Node& node, Scope& scope) {
  if (node.parts.size() != 2) {
    stop("papers.not_understood", "GRU takes what is new and the state before", node.span, {"\\mathrm{GRU}(\\mathbf{x}_t, \\mathbf{h}_{t-1})"});
  }
  Values values;
  std::vector<Range> ranges;
  std::string name;
  const auto key = weights_of(node, scope, values, ranges, name);
  const auto x = expression(node.parts[0], scope), before = expression(node.parts[1], scope);
  if (x.rank != 1 || before.rank != 1) stop("papers.shape_conflict", "GRU takes two vectors", node.span);
  const auto in = size(shape(x)[0]), out = size(shape(before)[0]);
  const auto gate = [&](const std::string& label, const Shaped& state) {
    const auto weight = own_parameter(key + ".W_" + label, name + "_W_" + label, {}, ranges, {out, in}, "xavier", values, node.span);
    const auto back = own_parameter(key + ".U_" + label, name + "_U_" + label, {}, ranges, {out, out}, "xavier", values, node.span);
    const auto offset = own_parameter(key + ".b_" + label, name + "_b_" + label, {}, ranges, {out}, "zeros", values, node.span);
    // What only the input says stands together: it is computed for all rounds at once.
    const auto said = map("add", {multiply(node, weight, x), offset}, node.span);
    return map("add", {said, multiply(node, back, state)}, node.span);
  };
  const auto update = map("sigmoid", {gate("z", before)}, node.span);
  const auto reset = map("sigmoid", {gate("r", before)}, node.span);
  const auto next = map("tanh", {gate("n", elementwise_product(node, reset, before))}, node.span);
  const auto change = elementwise_product(node, update, map("sub", {next, before}, node.span));
  return map("add", {before, change}, node.span);
}

}  // namespace automodel::papers
