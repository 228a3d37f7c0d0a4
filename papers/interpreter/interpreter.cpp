#include "papers/interpreter/interpreter.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "papers/interpreter/evaluator.hpp"
#include "papers/meaning/trees.hpp"

namespace automodel::papers {

Evaluator::Evaluator(const Method& method, const Typed& typed, const SizeValues& sizes, const GivenValues& given)
    : method_(method), typed_(typed), sizes_(sizes), given_(given), user_(given.user), item_(given.item) {
  for (const auto& [name, value] : sizes) {
    if (value == std::floor(value)) whole_[name] = static_cast<std::int64_t>(value);
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

Array Evaluator::joined(const std::vector<Array>& parts) {
  Array out{{0}, {}, false, {}};
  for (const auto& part : parts) {
    const auto there = part.present();
    out.data.insert(out.data.end(), there.data.begin(), there.data.end());
  }
  out.shape[0] = static_cast<std::int64_t>(out.data.size());
  return out;
}

/// Two matrices or more with their columns one after the other; anything else laid out flat.
Array Evaluator::side_by_side(const std::vector<Array>& parts) {
  const bool matrices = std::ranges::all_of(parts, [](const Array& part) { return part.rank() == 2; });
  if (!matrices || parts.empty()) return joined(parts);
  std::int64_t columns = 0;
  for (const auto& part : parts) columns += part.shape[1];
  auto out = Array::zeros({parts[0].shape[0], columns});
  std::size_t next = 0;
  for (std::int64_t row = 0; row < out.shape[0]; ++row) {
    for (const auto& part : parts) {
      out.absent[0] = std::max(out.absent[0], part.absent[0]);
      for (std::int64_t column = 0; column < part.shape[1]; ++column) {
        out.data[next++] = column < part.absent[1] ? 0 : part.at(row, column);
      }
    }
  }
  return out;
}

/// What a family or an enumeration lays out: its rows, columns side by side, or flat. The first `absent` are padding.
Array Evaluator::laid_out(const std::vector<Array>& parts, int rank, std::int64_t absent) {
  if (parts.empty()) return joined(parts);
  if (rank != 1 && parts[0].rank() == 2) return side_by_side(parts);
  std::vector<Array> there = parts;
  if (rank == 2 && parts[0].rank() == 1) {
    auto out = joined(there);
    out.shape = {static_cast<std::int64_t>(parts.size()), parts[0].shape[0]};
    out.absent = {absent, parts[0].absent[0]};
    return out;
  }
  for (std::int64_t i = 0; i < absent; ++i) there[static_cast<std::size_t>(i)] = there[static_cast<std::size_t>(i)].each([](double) { return 0; });
  return joined(there);
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

/// `[x_t]_{t=1}^{T}`: flat, or where a matrix is wanted its rows; `[a_{ij}]_{i,j}` then its entries.
Array Evaluator::family(const Node& node, const Scope& scope, int rank) {
  const auto letters = bound_letters(node.sub);
  std::vector<Array> parts;
  std::vector<std::set<std::int64_t>> all(letters.size()), absent(letters.size());
  for (const auto& round : rounds(node.sub, node.sup, node.parts[0], scope)) {
    const auto now = value(node.parts[0], round);
    parts.push_back(round.absent && now.rank() < 2 ? now.each([](double) { return 0; }) : now);
    for (std::size_t l = 0; l < letters.size(); ++l) {
      const auto found = round.letters.find(letters[l]);
      if (found == round.letters.end()) continue;  // a size: `1 \le i < j \le n`
      all[l].insert(found->second.value);
      if (found->second.history && found->second.value < first_) absent[l].insert(found->second.value);
    }
  }
  const auto count = [](const std::set<std::int64_t>& values) { return static_cast<std::int64_t>(values.size()); };
  const bool entries = letters.size() == 2 && rank == 2 && !parts.empty() && parts[0].rank() == 0;
  if (!entries) return laid_out(parts, rank, letters.size() == 1 ? count(absent[0]) : 0);
  auto out = joined(parts);
  if (count(all[0]) * count(all[1]) != out.shape[0]) return out;  // pairs
  out.shape = {count(all[0]), count(all[1])};
  out.absent = {count(absent[0]), count(absent[1])};
  return out;
}

Array Evaluator::list(const Node& node, const Scope& scope, int rank) {
  const auto dots = std::find_if(node.parts.begin(), node.parts.end(), [](const Node& n) { return n.kind == Kind::ellipsis; });
  std::vector<Array> parts;
  if (dots == node.parts.end()) {
    for (const auto& part : node.parts) parts.push_back(value(part, scope));
    return rank == 1 || parts.size() < 2 ? joined(parts) : side_by_side(parts);
  }
  const auto general = generalise(node.parts.front(), node.parts.back(), "#");
  if (!general) stop("no enumeration", node.span);
  const auto last = to_dimension(general->high, method_.naming);
  const bool history = last && over_history(*last);
  std::int64_t absent = 0;
  for (auto i = index(general->low, scope); i <= index(general->high, scope); ++i) {
    auto inside = scope;
    inside.letters["#"] = {i, index(general->low, scope), index(general->high, scope), {}, history};
    parts.push_back(value(general->tree, inside));
    if (history && i < first_) ++absent;
  }
  return laid_out(parts, rank, absent);
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
