// What symbols stand for at given indices.
#include <algorithm>
#include <cmath>

#include "papers/interpreter/evaluator.hpp"

namespace automodel::papers {

/// Entry `indices` of an array whose first axes are `ranges`.
Array Evaluator::at(const Array& whole, const std::vector<Range>& ranges, const Indices& indices) {
  auto out = whole;
  for (std::size_t p = 0; p < indices.size(); ++p) {
    const auto place = indices[p] - size(ranges[p].low);
    if (place < 0 || place >= out.shape[0]) stop("index out of range", {});
    out = out.entry(place);
  }
  return out;
}

Array Evaluator::weight(const std::string& key, const Indices& indices) {
  const auto& parameter = typed_.parameters.at(key);
  const auto found = given_.parameters.find(key);
  if (found != given_.parameters.end()) return at(found->second, parameter.indices, indices);
  // One without numbers (the data has no dense features) is not in the script.
  std::vector<std::int64_t> shape;
  for (const auto& dimension : parameter.sizes()) shape.push_back(size(dimension));
  auto none = Array::zeros(shape);
  if (!none.data.empty()) stop("no value for the parameter " + parameter.name, {});
  return at(none, parameter.indices, indices);
}

/// `x_{l+1} \leftarrow f(x_{l+1}, x_l)`: the last is what this change made of it a round before.
bool Evaluator::of_earlier_round(const Quantity& quantity, const Indices& indices, const Scope& scope) const {
  const auto& patterns = quantity.definitions[scope.wrapped_definition].indices;
  for (std::size_t p = 0; p < indices.size() && p < patterns.size(); ++p) {
    const bool counts_rounds = std::any_of(quantity.definitions.begin(), quantity.definitions.end(), [&](const Definition& d) {
      return p < d.indices.size() && d.indices[p].letter.empty();
    });
    const auto at = scope.letters.find(patterns[p].letter);
    if (counts_rounds && at != scope.letters.end() && indices[p] != at->second.value + size(patterns[p].offset)) return true;
  }
  return false;
}

Array Evaluator::symbol(const Node& node, const Scope& scope) {
  if (const auto letter = Naming::letter(node); scope.letters.contains(letter)) {
    return Array::number(static_cast<double>(scope.letters.at(letter).value));
  }
  if (is_infinity(node)) return Array::number(kInfinity);
  const auto reference = method_.naming.reference(node);
  Indices indices;
  bool of_history = false;
  const auto read_indices = [&] {
    for (const auto* script : reference.indices) {
      if (script->kind == Kind::wildcard) continue;
      of_history = of_history || method_.naming.is_history_item(*script);
      indices.push_back(index(*script, scope));
    }
  };
  Array out;
  std::size_t own = 0;
  const bool is_size = node.font == Font::italic && reference.indices.empty() && method_.naming.is_size(reference.name);
  if (const auto formal = scope.formals.find(reference.key); formal != scope.formals.end()) {
    read_indices();
    out = formal->second;
  } else if (is_size && !method_.quantities.contains(reference.key)) {
    const auto given = sizes_.find(reference.name);
    out = Array::number(given != sizes_.end() ? given->second : static_cast<double>(size(Dimension::symbol(reference.name))));
  } else {
    read_indices();
    auto found = method_.quantities.find(reference.key);
    const auto bold = method_.quantities.find("bold:" + reference.key);
    const bool unused = !typed_.parameters.contains(reference.key) &&
                        (found == method_.quantities.end() || found->second.role == Quantity::Role::parameter);
    if (unused && bold != method_.quantities.end()) found = bold;
    if (found == method_.quantities.end()) stop("unknown symbol", node.span);
    own = found->second.positions + (of_history ? 1 : 0);
    const Indices first(indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(std::min(own, indices.size())));
    const auto& quantity = found->second;
    if (const auto whole = indices.empty() && own > 0 ? whole_of(quantity) : std::nullopt) {
      auto inside = scope;
      for (const auto& [letter, range] : quantity.definitions[0].ranges) inside.ranges[letter] = range;
      auto all = family(*whole, inside, 2);
      return node.transposed ? transposed(all) : all;
    }
    if (of_history && quantity.role == Quantity::Role::defined) {
      const auto before = item_is_;
      item_is_ = first[0];
      out = instance(quantity, {first.begin() + 1, first.end()}, quantity.definitions.size(), false);
      const bool is_there = first[0] >= first_ && first[0] <= size(method_.history()->high);
      if (!is_there) out = out.each([](double) { return 0; });
      item_is_ = before;
      for (std::size_t p = own; p < indices.size(); ++p) out = out.entry(indices[p] - 1);
      Node scripts_of_value;
      scripts_of_value.transposed = node.transposed;
      if (reference.power != nullptr) scripts_of_value.sup = {*reference.power};
      return power(scripts_of_value, out, scope);
    }
    const bool wrapped = scope.wrapped == quantity.key && !of_earlier_round(quantity, first, scope);
    out = instance(quantity, first, wrapped ? scope.wrapped_definition : quantity.definitions.size(), of_history);
  }
  for (std::size_t p = own; p < indices.size(); ++p) out = out.entry(indices[p] - 1);
  Node scripts;
  scripts.transposed = node.transposed;
  if (reference.power != nullptr) scripts.sup = {*reference.power};
  return power(scripts, out, scope);
}

bool Evaluator::match(const Definition& definition, const Indices& indices, Scope& scope) {
  for (std::size_t p = 0; p < indices.size(); ++p) {
    if (p >= definition.indices.size()) return false;
    const auto& pattern = definition.indices[p];
    const auto offset = size(pattern.offset);
    if (pattern.letter.empty()) {
      if (indices[p] != offset) return false;
      continue;
    }
    Bound bound;
    bound.value = indices[p] - offset;
    const auto beside = definition.ranges.find(pattern.letter), anywhere = method_.ranges.find(pattern.letter);
    const bool is_beside = beside != definition.ranges.end();
    std::optional<Range> range;
    if (is_beside) range = beside->second;
    else if (anywhere != method_.ranges.end()) range = anywhere->second;
    else range = range_from_use(method_, pattern.letter, definition.right, definition.ranges);
    if (range) {
      bound.low = size(range->low);
      bound.high = size(range->high);
      bound.history = over_history(range->high);
      if (definition.wraps && is_beside && bound.value < bound.low) return false;
    }
    scope.letters[pattern.letter] = bound;
  }
  return true;
}

const Definition* Evaluator::pick(const Quantity& quantity, const Indices& indices, std::size_t upto, std::size_t& number) {
  const Definition* best = nullptr;
  int best_rank = -1;
  for (std::size_t i = 0; i < upto; ++i) {
    const auto& definition = quantity.definitions[i];
    Scope unused;
    if (!match(definition, indices, unused)) continue;
    const bool exact = std::any_of(definition.indices.begin(), definition.indices.end(),
                                   [](const IndexPattern& pattern) { return pattern.letter.empty(); });
    const int rank = definition.wraps ? 2 + static_cast<int>(i) : exact ? 1 : 0;
    if (rank > best_rank) {
      best = &definition;
      best_rank = rank;
      number = i;
    }
  }
  return best;
}

Array Evaluator::definition(const Quantity& quantity, const Definition& what, Scope scope) {
  scope.ranges = what.ranges;
  auto out = value(what.right, scope, expected_rank(quantity, what));
  if (quantity.shape && out.rank() == 0 && !quantity.shape->empty()) {
    std::vector<std::int64_t> shape;
    for (const auto& dimension : *quantity.shape) shape.push_back(size(dimension));
    const auto one = out.number();
    out = Array::zeros(shape).each([&](double) { return one; });
  }
  return out;
}

Array Evaluator::look_up(const Quantity& quantity, Indices indices, bool of_history) {
  if (item_is_ && !of_history && quantity.owner == Owner::item) {
    indices.insert(indices.begin(), *item_is_);
    of_history = true;
  }
  std::vector<Range> ranges;
  for (const auto& pattern : quantity.declared_indices) ranges.push_back(method_.ranges.at(pattern.letter));
  if (quantity.owner == Owner::field) return at(given_.look_ups.at(quantity.key), ranges, indices);
  if (const auto all = given_.all_users.find(quantity.key); all != given_.all_users.end()) return at(all->second.entry(user_), ranges, indices);
  const auto of_items = of_history ? given_.all_items.end() : given_.all_items.find(quantity.key);
  if (of_items != given_.all_items.end()) return at(of_items->second.entry(item_), ranges, indices);
  if (quantity.owner == Owner::user) return at(given_.users.at(quantity.key), ranges, indices);
  if (!of_history) return at(given_.items.at(quantity.key), ranges, indices);
  const auto& all = given_.history.at(quantity.key);
  const auto position = indices[0];
  indices.erase(indices.begin());
  const bool is_there = position >= first_ && position <= all.shape[0];
  const auto out = at(all.entry(is_there ? position - 1 : 0), ranges, indices);
  return out.each([&](double x) { return is_there ? x : 0; });
}

/// Whether an index is a position outside of the history. That index becomes one that there is, so that the shape can be worked out.
/// But a recurrence is there still what it was at first: then the index becomes the first one.
bool Evaluator::is_absent(const Quantity& quantity, Indices& indices) {
  bool out = false;
  for (std::size_t p = 0; p < indices.size(); ++p) {
    IndexPattern pattern;
    if (const auto* range = method_.free_range(quantity, p, pattern)) {
      const auto high = range->high + pattern.offset;
      if (!over_history(high) || (indices[p] >= first_ && indices[p] <= size(high))) continue;
      out = true;
      indices[p] = size(high);
      continue;
    }
    std::optional<std::int64_t> start;
    bool counts = false;
    for (const auto& definition : quantity.definitions) {
      if (p >= definition.indices.size()) continue;
      const auto& own = definition.indices[p];
      if (own.letter.empty()) {
        start = size(own.offset);
      } else if (const auto* range = method_.range_of(own.letter, definition.ranges)) {
        counts = counts || over_history(range->high + own.offset);
      }
    }
    if (counts && start && indices[p] < first_) indices[p] = *start;
  }
  return out;
}

Array Evaluator::instance(const Quantity& quantity, Indices indices, std::size_t upto, bool of_history) {
  using Role = Quantity::Role;
  if (quantity.role == Role::dense) return joined({Array{{static_cast<std::int64_t>(given_.dense.size())}, given_.dense, false, {}}});
  if (quantity.role == Role::age) {
    const auto position = indices.at(0);
    const bool is_there = position >= first_ && position <= static_cast<std::int64_t>(given_.ages.size());
    return Array::number(is_there ? given_.ages[static_cast<std::size_t>(position - 1)] : 0);
  }
  if (quantity.role == Role::noise) return given_.noise.at(quantity.key);
  if (quantity.role == Role::parameter) return weight(quantity.key, indices);
  if (quantity.role == Role::look_up) return look_up(quantity, indices, of_history);
  const bool absent = method_.history() && is_absent(quantity, indices);
  std::size_t number = 0;
  const auto* found = pick(quantity, indices, upto, number);
  if (found == nullptr) stop("no equation for this index of " + quantity.name, quantity.first);
  std::string key = quantity.key + "#" + std::to_string(number) + (absent ? "-" : "");
  for (const auto i : indices) key += "|" + std::to_string(i);
  if (item_is_) key += "@" + std::to_string(*item_is_);
  if (!given_.items_of.empty()) key += "%" + std::to_string(user_) + "," + std::to_string(item_);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  Scope scope;
  match(*found, indices, scope);
  scope.wrapped = found->wraps ? quantity.key : "";
  scope.wrapped_definition = number;
  auto out = definition(quantity, *found, std::move(scope));
  if (absent) out = out.each([](double) { return 0; });  // worked out for its shape
  known_[key] = out;
  return out;
}

Array Evaluator::call_function(const Quantity& quantity, const Node& name, const Node& arguments, const Scope& scope) {
  Indices indices;
  for (const auto* script : method_.naming.reference(name).indices) indices.push_back(index(*script, scope));
  std::size_t number = 0;
  const auto* found = pick(quantity, indices, quantity.definitions.size(), number);
  if (found == nullptr) stop("no equation for this function", name.span);
  Scope inside;
  match(*found, indices, inside);
  for (std::size_t i = 0; i < arguments.parts.size(); ++i) {
    const auto &formal = found->formals[i], &actual = arguments.parts[i];
    const auto formal_reference = method_.naming.reference(formal);
    if (actual.kind == Kind::symbol) {
      const auto actual_reference = method_.naming.reference(actual);
      if (actual_reference.key == formal_reference.key && actual_reference.indices.size() == formal_reference.indices.size()) {
        for (std::size_t p = 0; p < formal_reference.indices.size(); ++p) {
          const auto letter = Naming::letter(*formal_reference.indices[p]);
          if (method_.naming.is_index(letter)) inside.letters[letter].value = index(*actual_reference.indices[p], scope);
        }
        if (method_.quantities.contains(formal_reference.key)) continue;
      }
    }
    inside.formals[formal_reference.key] = value(actual, scope);
  }
  return definition(quantity, *found, std::move(inside));
}

}  // namespace automodel::papers
