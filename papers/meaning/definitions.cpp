// Which equation gives a quantity at some indices, and its value made once; functions of the card are inlined.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

using IndexKind = IndexValue::Kind;

std::string index_text(const IndexValue& value) {
  switch (value.kind) {
    case IndexKind::axis: return "axis";
    case IndexKind::component:
      return "tuple" + std::to_string(value.axis) + "." + std::to_string(value.component);
    case IndexKind::loop: return "loop" + std::to_string(value.loop) + "+" + value.offset.text();
    case IndexKind::constant: return "at" + value.offset.text();
  }
  return {};
}

}  // namespace

bool Typer::match(const Definition& definition, const Values& values, Scope& scope) const {
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (p >= definition.indices.size()) return false;
    const auto& pattern = definition.indices[p];
    auto value = values[p];
    if (pattern.letter.empty()) {
      if (value.kind != IndexKind::constant ||
          typed_.solver.resolve(value.offset) != typed_.solver.resolve(pattern.offset)) {
        return false;
      }
      continue;
    }
    value.offset = value.offset - pattern.offset;
    // A change of x_{l+1} is none of x_0.
    if (const auto range = definition.ranges.find(pattern.letter);
        definition.wraps && value.kind == IndexKind::constant && range != definition.ranges.end()) {
      const auto before = typed_.solver.resolve(value.offset - range->second.low).constant();
      if (before && *before < 0) return false;
    }
    scope.letters[pattern.letter] = value;
  }
  return true;
}

/// The definition for these indices: the last change of it, else the one for exactly these, else the general one.
const Definition* Typer::pick(const Quantity& quantity, const Values& values, std::size_t upto, std::size_t& index) const {
  const Definition* best = nullptr;
  int best_rank = -1;
  for (std::size_t i = 0; i < upto; ++i) {
    const auto& definition = quantity.definitions[i];
    Scope unused;
    if (!match(definition, values, unused)) continue;
    const bool exact = std::any_of(definition.indices.begin(), definition.indices.end(),
                                   [](const IndexPattern& pattern) { return pattern.letter.empty(); });
    const int rank = definition.wraps ? 2 + static_cast<int>(i) : exact ? 1 : 0;
    if (rank > best_rank) {
      best = &definition;
      best_rank = rank;
      index = i;
    }
  }
  return best;
}

Shaped Typer::defined(const Quantity& quantity, const Values& values, Span span, std::size_t upto) {
  std::size_t number_of_definition = 0;
  const auto* definition = pick(quantity, values, upto, number_of_definition);
  if (const auto again = recurrence(quantity, span); again && upto == quantity.definitions.size()) {
    // An equation with more indices can make them more than the step has.
    if (values.size() != again->step->indices.size()) {
      stop("papers.not_understood",
           quantity.name + " has " + std::to_string(again->step->indices.size()) + " indices in its step; here are " +
               std::to_string(values.size()),
           span, {text_of(again->step->left.span)});
    }
    const auto& value = values[again->position];
    if (value.kind == IndexKind::loop && in_same_circle(value.loop, quantity)) {
      const auto round = typed_.solver.resolve(value.offset - again->step->indices[again->position].offset).constant();
      if (round == -1) return in_loop(quantity, *again, values, span);
      if (round != 0) {
        stop("papers.not_understood", "a recurrence can look one step back only", span, {"x_{l+1} = f(x_l)"});
      }
    } else if (definition == nullptr || !definition->indices[again->position].letter.empty()) {
      return from_loop(quantity, *again, values, span);
    }
  }
  if (definition == nullptr) {
    std::vector<std::string> lines;
    for (const auto& other : quantity.definitions) lines.push_back(text_of(other.span));
    stop("papers.index_out_of_range", "no equation defines this one of " + quantity.name, span, lines);
  }
  // Made once for every way in which it is used; whole indices get axes of their own.
  std::string key = quantity.key + "#" + std::to_string(number_of_definition);
  if (mode_ != Mode::rows) key += "%" + std::to_string(static_cast<int>(mode_));
  if (item_is_) {
    if (recurrence(quantity, span)) {
      stop("papers.not_understood", "a recurrence for each item of the history is not known", span, {"\\mathbf{q}_{s_t}, a look-up"});
    }
    key += "@" + index_text(*item_is_) + (item_is_->kind == IndexKind::axis ? std::to_string(item_is_->axis) : "");
  }
  Values own = values;
  std::vector<AxisId> index_axes;
  std::vector<Range> ranges;
  Values outer;
  const auto reduced = own_softmax_letters(*definition);
  for (std::size_t p = 0; p < own.size(); ++p) {
    const auto& pattern = definition->indices[p];
    const bool whole = own[p].kind == IndexKind::axis || reduced.contains(pattern.letter);
    if (whole) {
      Range range{own[p].range.low + own[p].offset, own[p].range.high + own[p].offset};
      // Of the history there is what the card says; its neighbours are picked out. And one value needs all, for its softmax.
      if (const auto* said = method_.range_of(pattern.letter, definition->ranges)) {
        const Range all{said->low + pattern.offset, said->high + pattern.offset};
        if (over_history(all) || own[p].kind == IndexKind::constant || own[p].kind == IndexKind::loop) range = all;
      } else if (own[p].kind == IndexKind::constant) {
        stop("papers.unknown_range", "over what does " + pattern.letter + " run?", definition->span,
             {"\\quad " + pattern.letter + " = 1, \\dots, n beside the equation"});
      }
      outer.push_back(own[p]);
      ranges.push_back(range);
      own[p].kind = IndexKind::axis;
      own[p].offset = Dimension(0);
      own[p].range = range;
      own[p].conditions.clear();
      key += "|axis" + range.low.text() + ".." + range.high.text();
    } else {
      key += "|" + index_text(own[p]);
    }
  }
  if (made_.find(key) == made_.end()) {
    if (!making_.insert(key).second) {
      stop("papers.circular", quantity.name + " is defined by itself", definition->span, {"x_{l+1} = f(x_l), and x_0"});
    }
    for (auto& value : own) {
      if (value.kind != IndexKind::axis) continue;
      value.axis = axis(value.range.size(), definition->indices[static_cast<std::size_t>(&value - own.data())].letter, definition->span);
      canonical_[key].push_back(value.axis);
    }
    Scope scope;
    match(*definition, own, scope);
    scope.wrapped = definition->wraps ? quantity.key : "";
    scope.wrapped_definition = number_of_definition;
    made_[key] = type_definition(quantity, *definition, scope);
    making_.erase(key);
  }
  // Tuples that were bound inside stay as they are; whole indices are renamed to what is asked for.
  return at_indices(made_[key], canonical_[key], ranges, outer, span, true);
}

/// Letters of the left side over which the right side reduces: `\alpha_{ij} = \mathrm{softmax}_j(…)`.
std::set<std::string> Typer::own_softmax_letters(const Definition& definition) const {
  std::set<std::string> out;
  for_each_node(definition.right, [&](const Node& node) {
    if (node.kind != Kind::call || node.text != "softmax" || node.sub.empty()) return;
    auto letters = bound_letters(node.sub);
    const bool up_to = node.sub[0].kind == Kind::relation && (node.sub[0].text == "<=" || node.sub[0].text == "!=");
    if (up_to) letters.resize(1);
    if (letters.size() != 1) return;  // over pairs: they stay pairs
    for (const auto& letter : letters) {
      for (const auto& pattern : definition.indices) {
        if (pattern.letter == letter) out.insert(letter);
      }
    }
  });
  return out;
}

Shaped Typer::call_function(const Quantity& quantity, const Node& symbol_node, const Node& arguments, Scope& scope, Span span) {
  const auto reference = method_.naming.reference(symbol_node);
  Values values;
  for (const auto* index : reference.indices) values.push_back(index_value(*index, scope));
  std::size_t number_of_definition = 0;
  const auto* definition = pick(quantity, values, quantity.definitions.size(), number_of_definition);
  if (definition == nullptr || definition->formals.size() != arguments.parts.size()) {
    stop("papers.not_understood", quantity.name + " is not defined for these indices and arguments", span);
  }
  Scope inside;
  match(*definition, values, inside);
  inside.ranges = definition->ranges;
  for (std::size_t i = 0; i < arguments.parts.size(); ++i) {
    const auto &formal = definition->formals[i], &actual = arguments.parts[i];
    if (formal.kind != Kind::symbol) stop("papers.not_a_definition", "an argument on the left side is a symbol", formal.span);
    const auto formal_reference = method_.naming.reference(formal);
    // `E_i(x_l) = … x_l …` used as `E_i(x_l)`: its l is the caller's l.
    if (actual.kind == Kind::symbol) {
      const auto actual_reference = method_.naming.reference(actual);
      if (actual_reference.key == formal_reference.key && actual_reference.indices.size() == formal_reference.indices.size()) {
        for (std::size_t p = 0; p < formal_reference.indices.size(); ++p) {
          const auto letter = Naming::letter(*formal_reference.indices[p]);
          if (method_.naming.is_index(letter)) inside.letters[letter] = index_value(*actual_reference.indices[p], scope);
        }
        if (method_.quantities.contains(formal_reference.key)) continue;
      }
    }
    inside.formals[formal_reference.key] = expression(actual, scope);
  }
  if (++depth_ > 50) stop("papers.circular", quantity.name + " is defined by itself", definition->span);
  const auto out = type_definition(quantity, *definition, inside);
  --depth_;
  return fresh(out);
}

}  // namespace automodel::papers
