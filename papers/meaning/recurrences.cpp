// `x_{l+1} = f(x_l)` with its `x_0`: loops over layers or over time.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

using IndexKind = IndexValue::Kind;

}  // namespace

/// The quantities that stand in the equations of each one.
void Typer::find_uses() {
  for (const auto& entry : method_.quantities) {
    const auto& key = entry.first;
    auto& uses = uses_[key];
    for (const auto& definition : entry.second.definitions) {
      for_each_node(definition.right, [&](const Node& node) {
        if (node.kind != Kind::symbol && node.kind != Kind::call) return;
        auto next = method_.naming.reference(node.kind == Kind::call ? as_symbol(node) : node).key;
        if (definition.wraps && next == key) return;  // what it was before, not itself
        if (method_.quantities.contains(next)) uses.insert(std::move(next));
      });
    }
  }
}

/// Whether `from` is defined, through whatever others, by `to`.
bool Typer::reaches(const std::string& from, const std::string& to) {
  const auto [at, fresh] = reached_.try_emplace(from);
  auto& seen = at->second;
  std::vector<std::string> open;
  if (fresh) open.push_back(from);
  while (!open.empty()) {
    const auto key = open.back();
    open.pop_back();
    for (const auto& next : uses_[key]) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return seen.contains(to);
}

bool Typer::in_same_circle(LoopId loop, const Quantity& quantity) {
  const auto& root = loop_roots_[loop];
  return root == quantity.key || (reaches(root, quantity.key) && reaches(quantity.key, root));
}

/// Nothing where the quantity is not defined by itself at another index.
std::optional<Typer::Recurrence> Typer::recurrence(const Quantity& quantity, Span span) {
  if (const auto known = recurrences_.find(quantity.key); known != recurrences_.end()) return known->second;
  auto& out = recurrences_[quantity.key];
  if (!reaches(quantity.key, quantity.key)) return out;
  // The letter that counts the rounds: where one of the circle has both a step and a first value.
  const auto step_of = [](const Quantity& q) -> std::optional<std::pair<std::size_t, const Definition*>> {
    for (const auto& step : q.definitions) {
      for (std::size_t p = 0; p < step.indices.size(); ++p) {
        if (step.indices[p].letter.empty() || step.wraps) continue;
        for (const auto& first : q.definitions) {
          if (p < first.indices.size() && first.indices[p].letter.empty()) return std::pair{p, &step};
        }
      }
    }
    return {};
  };
  std::optional<std::pair<std::size_t, const Definition*>> found = step_of(quantity);
  if (!found) {
    std::string letter;
    for (const auto& [key, other] : method_.quantities) {
      const auto step = step_of(other);
      if (step && reaches(quantity.key, key) && reaches(key, quantity.key)) letter = step->second->indices[step->first].letter;
    }
    for (const auto& definition : quantity.definitions) {
      for (std::size_t p = 0; p < definition.indices.size(); ++p) {
        if (!letter.empty() && definition.indices[p].letter == letter) found = {p, &definition};
      }
    }
  }
  if (!found) {
    std::vector<std::string> places;
    for (const auto& definition : quantity.definitions) places.push_back(quoted(definition.span));
    if (quantity.positions > 0) places.push_back("a first value, such as x_0 = …");
    stop("papers.circular",
         quantity.name + (quantity.positions > 0 ? " is defined by itself, and nothing says where it begins" : " is defined by itself"),
         span, places);
  }
  const auto& letter = found->second->indices[found->first].letter;
  const auto range = found->second->ranges.find(letter);
  if (range == found->second->ranges.end()) {
    stop("papers.unknown_range", "over what does " + letter + " run?", found->second->span,
         {"\\quad " + letter + " = 0, \\dots, L-1 beside the equation"});
  }
  out = Recurrence{found->first, found->second, range->second};
  return out;
}

Typer::Values Typer::StatePlan::asked(const Values& by, std::size_t position) const {
  Values out;
  for (std::size_t p = 0; p < by.size(); ++p) {
    if (p != position && values[p].kind == IndexKind::axis) out.push_back(by[p]);
  }
  return out;
}

/// The value before this round.
Shaped Typer::in_loop(const Quantity& quantity, const Recurrence& recurrence, const Values& values, Span span) {
  const auto loop = values[recurrence.position].loop;
  auto own = values;
  const bool known = state_of_.contains(state_key(quantity, recurrence, loop, values));
  for (std::size_t p = 0; p < own.size(); ++p) {
    if (p == recurrence.position) continue;
    // `x_{l,l}`: of all positions the one with the round's own number. As a state of its own it would be another
    // position in every round, and not what the round before made.
    const bool of_round = own[p].kind == IndexKind::loop && own[p].loop >= loop;
    // One position of the history is picked out of all: `x_{l,t-1}` of x_{l+1,T} would ask for those before it for ever.
    const bool picked = own[p].kind == IndexKind::constant && !known;
    if (!of_round && !picked) continue;
    IndexPattern pattern;
    const auto* said = method_.free_range(quantity, p, pattern);
    if (said == nullptr && of_round) {
      stop("papers.unknown_range", quantity.name + " is asked for at the number of the round: over what does that index run?", span,
           {"t = 1, \\dots, T beside the equation of " + quantity.name});
    }
    if (said == nullptr) continue;
    const Range all{said->low + pattern.offset, said->high + pattern.offset};
    if (!of_round && !over_history(all)) continue;
    own[p].kind = IndexKind::axis;
    own[p].offset = Dimension(0);
    own[p].range = all;
  }
  const auto number = loop_state(quantity, recurrence, loop, own, span);
  const auto& plan = plans_.at({loop, number});
  if (!typed_.loops[loop].states[number].has_first) {
    stop("papers.circular", quantity.name + " has no first value", span, {"an equation for its first index"});
  }
  const auto before = typed_.loops[loop].states[number].before;
  const Shaped whole{before, plan.rank, false};
  return at_indices(whole, plan.index_axes, plan.ranges, plan.asked(values, recurrence.position), span, true);
}

std::string Typer::state_key(const Quantity& quantity, const Recurrence& recurrence, LoopId loop, const Values& values) const {
  std::string key = quantity.key + "@" + std::to_string(loop);
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (p == recurrence.position || values[p].kind == IndexKind::axis || values[p].kind == IndexKind::component) continue;
    key += "|" + std::to_string(static_cast<int>(values[p].kind)) + values[p].offset.text();
  }
  return key;
}

/// The state of the loop for this quantity: made where it is not there yet.
std::size_t Typer::loop_state(const Quantity& quantity, const Recurrence& recurrence, LoopId loop, const Values& values,
                              Span span) {
  const auto key = state_key(quantity, recurrence, loop, values);
  if (const auto known = state_of_.find(key); known != state_of_.end()) return known->second;
  StatePlan plan;
  plan.quantity = &quantity;
  plan.recurrence = recurrence;
  plan.span = span;
  plan.mode = mode_;
  plan.values = values;
  for (std::size_t p = 0; p < values.size(); ++p) {
    auto& value = plan.values[p];
    if (p == recurrence.position) {
      value = {};
      value.kind = IndexKind::loop;
      value.loop = loop;
      value.offset = recurrence.step->indices[p].offset;
      value.range = recurrence.range;
    } else if (value.kind == IndexKind::axis || value.kind == IndexKind::component) {
      Range range{value.range.low + value.offset, value.range.high + value.offset};
      IndexPattern pattern;
      if (const auto* said = method_.free_range(quantity, p, pattern)) {
        const Range all{said->low + pattern.offset, said->high + pattern.offset};
        if (over_history(all)) range = all;
      }
      value = {};
      value.kind = IndexKind::axis;
      value.range = range;
      value.axis = axis(range.size(), recurrence.step->indices[p].letter, recurrence.step->span);
      plan.index_axes.push_back(value.axis);
      plan.ranges.push_back(range);
    }
  }
  LoopState state;
  state.name = quantity.name;
  auto first_values = plan.values;
  first_values[recurrence.position] = {};
  first_values[recurrence.position].offset = recurrence.range.low + recurrence.step->indices[recurrence.position].offset - Dimension(1);
  std::size_t ignored = 0;
  state.has_first = pick(quantity, first_values, quantity.definitions.size(), ignored) != nullptr &&
                    quantity.definitions[ignored].indices[recurrence.position].letter.empty();
  Term before;
  before.op = Op::state;
  before.loop = loop;
  before.batched = mode_ == Mode::rows;
  before.span = span;
  before.axes = plan.index_axes;
  const bool of_item = mode_ == Mode::rows && of_item_.contains(quantity.key);
  if (of_item) before.axes.insert(before.axes.begin(), kCandidates);
  if (mode_ == Mode::users) before.axes.insert(before.axes.begin(), kAllUsers);
  if (mode_ == Mode::items) before.axes.insert(before.axes.begin(), kAllItems);
  if (state.has_first) {
    const auto first = defined(quantity, first_values, span, quantity.definitions.size());
    plan.rank = first.rank;
    std::vector<Dimension> sizes;
    std::vector<Span> origins;
    for (const auto axis_id : shape(first)) {
      sizes.push_back(size(axis_id));
      origins.push_back(typed_.axes[axis_id].origin);
    }
    // `h_0 = 0` of a vector: the declaration says the shape.
    if (first.rank == 0 && quantity.shape) {
      sizes = *quantity.shape;
      origins.assign(sizes.size(), quantity.declared);
      plan.rank = static_cast<std::uint8_t>(sizes.size());
    }
    std::map<AxisId, AxisId> names;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      before.axes.push_back(axis(sizes[i], {}, origins[i]));
      if (first.rank != 0) typed_.axes.back().first_position = typed_.axes[shape(first)[i]].first_position;
      if (first.rank != 0) names[shape(first)[i]] = before.axes.back();
    }
    state.first = renamed(first.term, names);
  }
  auto& states = typed_.loops[loop].states;
  before.component = static_cast<std::uint32_t>(states.size());
  const auto number = states.size();
  state.before = add(std::move(before));
  typed_.loops[loop].states.push_back(state);
  state_of_[key] = number;
  plans_[{loop, number}] = plan;
  open_states_.emplace_back(loop, number);
  return number;
}

/// Types the steps of all states, which may ask for further states.
void Typer::close_loop(LoopId loop) {
  for (std::size_t i = 0; i < open_states_.size(); ++i) {
    const auto [owner, number] = open_states_[i];
    if (owner != loop) continue;
    auto plan = plans_.at({loop, number});
    auto next = in_mode(plan.mode, [&] {
      return defined(*plan.quantity, plan.values, plan.span, plan.quantity->definitions.size());
    });
    const auto before = typed_.loops[loop].states[number].before;
    if (!typed_.loops[loop].states[number].has_first) {
      plan.rank = next.rank;
      for (const auto axis_id : shape(next)) typed_.terms[before].axes.push_back(axis_id);
      plans_.at({loop, number}).rank = plan.rank;
    }
    const Shaped state{before, plan.rank, false};
    if (next.rank != plan.rank) {
      shapes_differ(plan.quantity->name + " begins as " + shape_text(state) + " and becomes " + shape_text(next), state, next,
                    plan.recurrence.step->span);
    }
    for (std::uint8_t d = 0; d < plan.rank; ++d) {
      if (!typed_.axes[shape(next)[d]].first_position || typed_.axes[shape(state)[d]].first_position) continue;
      stop("papers.shape_conflict", "rows of " + plan.quantity->name + " become positions of the history, and do not begin as such",
           plan.recurrence.step->span, {"a first value made of the history: [\\mathbf{q}_{s_1}; \\dots; \\mathbf{q}_{s_T}]"});
    }
    next = aligned(plan.recurrence.step->right, state, next);
    const auto& counted = plan.values[plan.recurrence.position];
    if (over_history({counted.range.low + counted.offset, counted.range.high + counted.offset})) {
      // At positions that are padding the state stays as it is.
      next = map("where", {{real_at(counted, plan.span), 0, false}, next, state}, plan.span);
    }
    typed_.loops[loop].states[number].next = contract({next.term}, shape(state), {}, plan.span).term;
    auto& inside = typed_.loops[loop].inside;
    for (const auto term : {typed_.loops[loop].states[number].next, typed_.loops[loop].states[number].first}) {
      for (const auto other : at(term).loops) {
        if (other != loop) inside.insert(other);
      }
    }
  }
  std::erase_if(open_states_, [&](const auto& state) { return state.first == loop; });
}

/// From outside: the last value, or all of them.
Shaped Typer::from_loop(const Quantity& quantity, const Recurrence& recurrence, const Values& values, Span span) {
  // One loop for all quantities of a circle that are asked for with the same other indices of loops and constants.
  std::string key;
  for (const auto& [root, loop] : loop_of_) {
    if (in_same_circle(loop, quantity)) key = root;
  }
  if (key.empty()) {
    key = quantity.key;
    loop_of_[key] = static_cast<LoopId>(typed_.loops.size());
    loop_roots_.push_back(quantity.key);
    const auto& letter = recurrence.step->indices[recurrence.position].letter;
    typed_.loops.push_back({letter, recurrence.range, {}, {}});
  }
  const auto loop = loop_of_[key];
  const auto number = loop_state(quantity, recurrence, loop, values, span);
  close_loop(loop);
  const auto& plan = plans_.at({loop, number});
  const auto& state = typed_.loops[loop].states[number];
  const auto offset = recurrence.step->indices[recurrence.position].offset;
  const Range all{recurrence.range.low + offset - Dimension(state.has_first ? 1 : 0), recurrence.range.high + offset};
  const auto& value = values[recurrence.position];
  Term term;
  term.loop = loop;
  term.component = static_cast<std::uint32_t>(number);
  term.batched = at(state.before).batched;
  term.loops = typed_.loops[loop].inside;
  term.span = span;
  term.axes = at(state.before).axes;
  auto asked = plan.asked(values, recurrence.position);
  auto index_axes = plan.index_axes;
  auto ranges = plan.ranges;
  if (value.kind == IndexKind::constant &&
      typed_.solver.resolve(value.offset) == typed_.solver.resolve(all.high)) {
    term.op = Op::loop_last;
  } else {
    term.op = Op::loop_all;
    auto range = all;
    // `[p_1; …; p_L]` leaves out the first value.
    if ((value.kind == IndexKind::axis || value.kind == IndexKind::loop) && state.has_first &&
        typed_.solver.resolve(value.range.low + value.offset) == typed_.solver.resolve(all.low + Dimension(1))) {
      range.low = all.low + Dimension(1);
      term.order = 1;
    }
    const auto known = all_rounds_.try_emplace({loop, number, term.order}, 0).first;
    if (known->second == 0) {
      term.over = axis(range.size(), typed_.loops[loop].letter, recurrence.step->span);
      term.axes.insert(term.axes.begin(), term.over);
      known->second = add(std::move(term));
    }
    term = at(known->second);
    asked.insert(asked.begin(), value);
    index_axes.insert(index_axes.begin(), term.over);
    ranges.insert(ranges.begin(), range);
  }
  const Shaped whole{term.op == Op::loop_all ? all_rounds_.at({loop, number, term.order}) : add(std::move(term)), plan.rank, false};
  // Whoever reads terms goes on from here to the rounds.
  for (const auto& each : typed_.loops[loop].states) {
    depths_[whole.term] = std::max({depths_[whole.term], depths_[each.next] + 1, each.has_first ? depths_[each.first] + 1 : 0});
  }
  return at_indices(whole, index_axes, ranges, asked, span, !over_history(all));
}

}  // namespace automodel::papers
