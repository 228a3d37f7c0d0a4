#include "papers/interpreter/interpreter.hpp"

#include <algorithm>
#include <cmath>

#include "papers/interpreter/evaluator.hpp"

namespace automodel::papers {

Evaluator::Evaluator(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given)
    : method_(method), typed_(typed), sizes_(sizes), given_(given), user_(given.user), item_(given.item) {
  for (const auto& [name, value] : sizes) {
    if (const auto whole = whole_number(value)) whole_[name] = *whole;
  }
  if (const auto history = method.history()) first_ = size(history->high) - given.history_length + 1;
}

/// Whether an index up to `high` counts positions of the history.
bool Evaluator::over_history(const Dimension& high) const {
  const auto history = method_.history();
  return history && typed_.solver.resolve(high - history->high).constant() && !typed_.solver.resolve(high).constant();
}

void Evaluator::stop(const std::string& message, Span span) const {
  const auto& source = method_.card.source;
  throw InterpreterFailure{{"papers.interpreter", message,
                            source.name(span.begin) + ":" + std::to_string(source.line(span.begin)), std::string(source.text_of(span))}};
}

std::int64_t Evaluator::size(const Dimension& dimension) const {
  const auto resolved = typed_.solver.resolve(dimension + Dimension(1'000'000));  // indices may be negative
  const auto out = resolved.value(whole_);
  if (!out) throw InterpreterFailure{{"papers.unknown_size", "no value for the size " + dimension.text(), {}, {}}};
  return *out - 1'000'000;
}

double Evaluator::answer() { return last_definition(method_.quantities.at(method_.output), typed_.output_is_probability); }

double Evaluator::added_loss() { return last_definition(method_.quantities.at(method_.added_loss), false); }

double Evaluator::last_definition(const Quantity& quantity, bool without_sigma) {
  const auto& definition = quantity.definitions.back();
  Scope scope;
  scope.ranges = definition.ranges;
  if (definition.wraps) {
    scope.wrapped = quantity.key;
    scope.wrapped_definition = quantity.definitions.size() - 1;
  }
  const Node& right = without_sigma ? definition.right.parts[0] : definition.right;
  return value(right, scope, 0).number();
}

std::int64_t Evaluator::index(const Node& node, const Scope& scope) {
  if (const auto letter = Naming::letter(node); scope.letters.contains(letter)) return scope.letters.at(letter).value;
  if (method_.naming.is_history_item(node)) return index(node.sub[0], scope);
  if (node.kind == Kind::add) return index(node.parts[0], scope) + index(node.parts[1], scope);
  if (node.kind == Kind::subtract) return index(node.parts[0], scope) - index(node.parts[1], scope);
  const auto constant = to_dimension(node, method_.naming);
  if (!constant) stop("no index", node.span);
  return size(*constant);
}

Array Evaluator::both(const Array& a, const Array& b, double (*f)(double, double)) {
  const auto& wide = a.rank() >= b.rank() ? a : b;
  auto out = wide;
  out.row = a.row && b.row;
  const auto columns = a.rank() == 2 ? static_cast<std::size_t>(a.shape[1]) : 1;
  if (a.rank() == 2 && b.rank() == 1) {  // a vector for each row
    for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] = f(a.data[i], b.data[i % columns]);
    out.absent[1] = std::max(a.absent[1], b.absent[0]);
    return out;
  }
  if (a.rank() == b.rank()) out.absent = {std::max(a.absent[0], b.absent[0]), std::max(a.absent[1], b.absent[1])};
  for (std::size_t i = 0; i < out.data.size(); ++i) {
    out.data[i] = f(a.rank() == 0 ? a.data[0] : a.data[i], b.rank() == 0 ? b.data[0] : b.data[i]);
  }
  return out;
}

Array Evaluator::transposed(Array value) {
  if (value.rank() == 1) value.row = !value.row;
  if (value.rank() != 2) return value;
  auto out = Array::zeros({value.shape[1], value.shape[0]});
  out.absent = {value.absent[1], value.absent[0]};
  for (std::int64_t i = 0; i < value.shape[0]; ++i) {
    for (std::int64_t j = 0; j < value.shape[1]; ++j) out.data[static_cast<std::size_t>(j * value.shape[0] + i)] = value.at(i, j);
  }
  return out;
}

Array Evaluator::power(const Node& scripts, Array base, const Scope& scope) {
  if (!scripts.sup.empty()) {
    const double exponent = value(scripts.sup[0], scope).number();
    base = base.each([&](double x) { return std::pow(x, exponent); });
  }
  return scripts.transposed ? transposed(base) : base;
}

Array Evaluator::value(const Node& node, const Scope& scope, int rank) {
  if (++depth_ > 2000) stop("too deep", node.span);
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  const auto part = [&](std::size_t i, int wanted = -1) { return value(node.parts[i], scope, wanted); };
  switch (node.kind) {
    case Kind::number: return power(node, Array::number(node.value), scope);
    case Kind::symbol: return symbol(node, scope);
    case Kind::group:
    case Kind::list: {
      if (!node.sub.empty()) {
        const auto out = family(node, scope, rank);
        return node.transposed ? transposed(out) : out;
      }
      return power(node, node.kind == Kind::group ? part(0, rank) : list(node, scope, rank), scope);
    }
    case Kind::direct: return rank == 1 ? joined({part(0), part(1)}) : side_by_side({part(0), part(1)});
    case Kind::add:
    case Kind::subtract: {
      const auto a = part(0, rank), b = part(1, rank == -1 ? static_cast<int>(a.rank()) : rank);
      return node.kind == Kind::add ? both(a, b, [](double x, double y) { return x + y; })
                                    : both(a, b, [](double x, double y) { return x - y; });
    }
    case Kind::negate: return part(0, rank).each([](double x) { return -x; });
    case Kind::product: return product(node, scope);
    case Kind::hadamard: return both(part(0, rank), part(1, rank), [](double x, double y) { return x * y; });
    case Kind::divide: return power(node, both(part(0, rank), part(1, 0), [](double x, double y) { return x / y; }), scope);
    case Kind::outer: return multiply(part(0), transposed(part(1)));
    case Kind::call: return has_weights(node) ? call(node, scope, rank) : power(node, call(node, scope, rank), scope);
    case Kind::big:
      if (const auto side = method_.naming.sums_neighbours(node.sub)) return neighbours(*side, node.parts[0], scope, rank);
      return big(node.text, node.sub, node.sup, node.parts[0], scope, rank);
    case Kind::norm: {
      if (const auto side = method_.naming.neighbours_of(node.parts[0]); side && node.text == "abs") {
        return power(node, Array::number(static_cast<double>(neighbours_of(*side).size())), scope);
      }
      const auto x = part(0);
      if (node.text == "abs") return power(node, x.each([](double v) { return std::abs(v); }), scope);
      const bool one = !node.sub.empty() && node.sub[0].kind == Kind::number && node.sub[0].value == 1;
      double sum = 0;
      for (const auto v : x.present().data) sum += one ? std::abs(v) : v * v;
      return power(node, Array::number(one ? sum : std::sqrt(sum)), scope);
    }
    case Kind::inner: {
      std::vector<Array> factors;
      for (std::size_t i = 0; i < node.parts.size(); ++i) factors.push_back(part(i).present());
      double sum = 0;
      for (std::size_t e = 0; e < factors[0].data.size(); ++e) {
        double term = 1;
        for (const auto& factor : factors) term *= factor.data[e];
        sum += term;
      }
      return power(node, Array::number(sum), scope);
    }
    case Kind::cases: {
      // Element by element: each takes the first value whose condition holds.
      auto out = part(node.parts.size() - 2, rank);
      for (std::size_t i = node.parts.size() - 2; i >= 2; i -= 2) {
        const auto a = part(i - 2, rank), condition = part(i - 1);
        auto next = a.rank() >= condition.rank() && a.rank() >= out.rank() ? a : condition.rank() >= out.rank() ? condition : out;
        for (std::size_t e = 0; e < next.data.size(); ++e) {
          const auto pick_from = [&](const Array& x) { return x.rank() == 0 ? x.data[0] : x.data[e]; };
          next.data[e] = pick_from(condition) != 0 ? pick_from(a) : pick_from(out);
        }
        out = next;
      }
      return power(node, out, scope);
    }
    case Kind::relation: {
      const auto a = part(0), b = part(1);
      const auto& op = node.text;
      if (op == "<") return both(a, b, [](double x, double y) { return x < y ? 1.0 : 0.0; });
      if (op == "<=") return both(a, b, [](double x, double y) { return x <= y ? 1.0 : 0.0; });
      if (op == ">") return both(a, b, [](double x, double y) { return x > y ? 1.0 : 0.0; });
      if (op == ">=") return both(a, b, [](double x, double y) { return x >= y ? 1.0 : 0.0; });
      if (op == "=") return both(a, b, [](double x, double y) { return x == y ? 1.0 : 0.0; });
      if (op == "!=") return both(a, b, [](double x, double y) { return x != y ? 1.0 : 0.0; });
      break;
    }
    case Kind::word:
    case Kind::ellipsis:
    case Kind::wildcard: break;
  }
  stop("no value", node.span);
}

/// All values of what runs, in order; with those that do not count, marked as absent.
Evaluator::Rounds Evaluator::rounds(std::vector<Node> sub, const std::vector<Node>& sup, const Node& body, const Scope& scope) {
  // `j \le t` with a t that is known, `j \ne i`, also of two that both run: conditions.
  if (!sub.empty() && sub.back().kind == Kind::relation && sub.back().text != "=" && sub.back().text != "in") {
    const auto condition = sub.back();
    std::vector<Node> rest(sub.begin(), sub.end() - 1);
    const auto before = bound_letters(rest);
    const auto here = [&](const std::string& letter) { return std::ranges::find(before, letter) != before.end(); };
    const auto left = Naming::letter(condition.parts[0]);
    bool known = true, letters = false;
    for_each_node(condition.parts[1], [&](const Node& inner) {
      const auto letter = Naming::letter(inner);
      if (!method_.naming.is_index(letter)) return;
      letters = true;
      known = known && (scope.letters.contains(letter) || here(letter));
    });
    if (rest.empty() && condition.text == "!=" && !known) {
      rest = {condition.parts[1], condition.parts[0]};
    } else if (rest.empty() && known && !scope.letters.contains(left)) {
      rest = {condition.parts[0]};
    } else if (!here(left) || !known) {
      rest.clear();
    }
    if (letters && !rest.empty()) {
      auto out = rounds(rest, sup, body, scope);
      for (auto& round : out) round.absent = round.absent || value(condition, round).number() == 0;
      return out;
    }
  }
  const auto ends = ends_of(sub);
  std::vector<std::string> letters = bound_letters(sub);
  if (letters.empty()) stop("nothing runs", body.span);
  const bool increasing = sub.size() == 1 && sub[0].kind == Kind::relation && sub[0].text != "=" && sub[0].text != "in";
  if (increasing) std::erase_if(letters, [&](const std::string& l) { return !method_.naming.is_index(l); });
  Rounds out = {scope};
  for (std::size_t l = 0; l < letters.size(); ++l) {
    const auto& letter = letters[l];
    const auto& first = increasing ? letters[0] : letter;
    std::int64_t low = 0, high = 0;
    bool history = false;
    Rounds next;
    for (const auto& before : out) {
      if (ends) {
        low = index(ends->low, before);
        high = index(ends->high, before);
        if (const auto size = to_dimension(ends->high, method_.naming)) history = over_history(*size);
      } else if (sub.size() == 1 && sub[0].kind == Kind::relation && sub[0].text == "=" && sup.size() == 1) {
        low = index(sub[0].parts[1], before);
        high = index(sup[0], before);
        if (const auto size = to_dimension(sup[0], method_.naming)) history = over_history(*size);
        for_each_node(sup[0], [&](const Node& inner) {
          const auto at = before.letters.find(Naming::letter(inner));
          history = history || (at != before.letters.end() && at->second.history);
        });
      } else {
        std::optional<Range> range;
        if (const auto at = scope.ranges.find(first); at != scope.ranges.end()) range = at->second;
        if (const auto at = method_.ranges.find(first); !range && at != method_.ranges.end()) range = at->second;
        if (!range) range = range_from_use(method_, first, body, scope.ranges);
        if (!range) stop("no range for " + first, body.span);
        low = size(range->low);
        high = size(range->high);
        history = over_history(range->high);
      }
      const auto from = increasing && l > 0 ? before.letters.at(letters[l - 1]).value + 1 : low;
      for (auto v = from; v <= high; ++v) {
        next.push_back(before);
        next.back().letters[letter] = {v, low, high, increasing ? letters : std::vector<std::string>{}, history};
        next.back().absent = before.absent || (history && v < first_);
      }
      if (history && from > high) {  // none: one that says what shape it would have
        next.push_back(before);
        next.back().letters[letter] = {low, low, low, {}, history};
        next.back().absent = true;
      }
    }
    out = std::move(next);
  }
  return out;
}

const std::vector<std::int64_t>& Evaluator::neighbours_of(Naming::Side side) const {
  return side == Naming::Side::user ? given_.items_of.at(static_cast<std::size_t>(user_)) : given_.users_of.at(static_cast<std::size_t>(item_));
}

/// A sum over the neighbours of the user or the item that is looked at.
Array Evaluator::neighbours(Naming::Side side, const Node& body, const Scope& scope, int rank) {
  auto& whom = side == Naming::Side::user ? item_ : user_;
  const auto before = whom;
  std::optional<Array> out;
  for (const auto neighbour : neighbours_of(side)) {
    whom = neighbour;
    const auto now = value(body, scope, rank);
    out = out ? both(*out, now, [](double x, double y) { return x + y; }) : now;
  }
  whom = before;
  if (out) return *out;
  whom = 0;
  out = value(body, scope, rank).each([](double) { return 0; });  // worked out for its shape
  whom = before;
  return *out;
}

Array Evaluator::big(const std::string& name, const std::vector<Node>& sub, const std::vector<Node>& sup, const Node& body,
                     const Scope& scope, int rank) {
  const auto all = rounds(sub, sup, body, scope);
  std::optional<Array> out;
  double count = 0;
  for (const auto& round : all) {
    if (round.absent) continue;
    const auto now = value(body, round, rank);
    ++count;
    if (!out) {
      out = now;
    } else if (name == "sum" || name == "mean") {
      out = both(*out, now, [](double x, double y) { return x + y; });
    } else if (name == "prod") {
      out = both(*out, now, [](double x, double y) { return x * y; });
    } else if (name == "max") {
      out = both(*out, now, [](double x, double y) { return std::max(x, y); });
    } else {
      out = both(*out, now, [](double x, double y) { return std::min(x, y); });
    }
  }
  if (!out && all.empty()) return Array::number(0);
  if (!out) return value(body, all.front(), rank).each([&](double) { return name == "prod" ? 1 : 0; });
  return name == "mean" ? out->each([&](double x) { return x / count; }) : *out;
}

Result<double> interpret(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given) {
  try {
    return Evaluator(method, typed, sizes, given).answer();
  } catch (const InterpreterFailure& failure) {
    return fail(failure.error);
  }
}

Result<double> interpret_added_loss(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given) {
  try {
    return Evaluator(method, typed, sizes, given).added_loss();
  } catch (const InterpreterFailure& failure) {
    return fail(failure.error);
  }
}

}  // namespace automodel::papers
