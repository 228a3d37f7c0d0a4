// Products and built-in functions.
#include <algorithm>
#include <cmath>

#include "papers/interpreter/evaluator.hpp"

namespace automodel::papers {

Array Evaluator::multiply(const Array& left, const Array& right) {
  // What is summed over leaves padding out; what is not keeps saying where it is.
  const bool summed = (left.rank() == 2 || left.row) && right.rank() > 0 && !(right.rank() == 1 && right.row);
  const auto a = summed ? left.present() : left, b = summed ? right.present() : right;
  if (a.rank() == 0 || b.rank() == 0) {
    auto out = both(a, b, [](double x, double y) { return x * y; });
    out.row = a.row || b.row;
    return out;
  }
  if (a.rank() == 1 && b.rank() == 1) {
    if (a.row && !b.row) {
      double sum = 0;
      for (std::size_t i = 0; i < a.data.size(); ++i) sum += a.data[i] * b.data[i];
      return Array::number(sum);
    }
    auto out = Array::zeros({a.shape[0], b.shape[0]});
    out.absent = {a.absent[0], b.absent[0]};
    for (std::size_t i = 0; i < a.data.size(); ++i) {
      for (std::size_t j = 0; j < b.data.size(); ++j) out.data[i * b.data.size() + j] = a.data[i] * b.data[j];
    }
    return out;
  }
  const auto rows = a.rank() == 2 ? a.shape[0] : 1, inner = a.shape.back(), columns = b.rank() == 2 ? b.shape[1] : 1;
  Array out = Array::zeros({rows, columns});
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < inner; ++k) {
        sum += a.data[static_cast<std::size_t>(i * inner + k)] * b.data[static_cast<std::size_t>(k * columns + j)];
      }
      out.data[static_cast<std::size_t>(i * columns + j)] = sum;
    }
  }
  out.absent = {a.absent[0], b.absent[1]};
  if (a.rank() == 1) {
    out.shape = {columns};
    out.absent = {b.absent[1], 0};
  }
  if (b.rank() == 1) {
    out.shape = {rows};
    out.absent = {a.absent[0], 0};
  }
  out.row = a.rank() == 1 && a.row;
  return out;
}

Array Evaluator::product(const Node& node, const Scope& scope) {
  std::vector<Array> factors;
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    const auto& part = node.parts[i];
    if (part.kind == Kind::symbol && i + 1 < node.parts.size() &&
        (node.parts[i + 1].kind == Kind::group || node.parts[i + 1].kind == Kind::list)) {
      const auto found = method_.quantities.find(method_.naming.reference(part).key);
      if (found != method_.quantities.end() && found->second.role == Quantity::Role::function) {
        factors.push_back(power(node.parts[i + 1], call_function(found->second, part, node.parts[i + 1], scope), scope));
        ++i;
        continue;
      }
    }
    factors.push_back(value(part, scope));
  }
  // Wherever two factors fit: two columns never do, nor two rows.
  const auto fits = [](const Array& a, const Array& b) { return !(a.rank() == 1 && b.rank() == 1 && a.row == b.row); };
  while (factors.size() > 1) {
    auto at_factor = factors.size() - 1;
    while (at_factor > 0 && !fits(factors[at_factor - 1], factors[at_factor])) --at_factor;
    if (at_factor == 0) stop("no product", node.span);
    factors[at_factor - 1] = multiply(factors[at_factor - 1], factors[at_factor]);
    factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(at_factor));
  }
  return factors[0];
}

Array Evaluator::softmax(const Node& node, const Scope& scope) {
  const auto exponential = [](const Array& x) { return x.each([](double v) { return std::exp(v); }); };
  const auto divide = [](double x, double y) { return x / y; };
  const auto plus = [](double x, double y) { return x + y; };
  const bool of_entries = node.sub.empty() || is_matrix_condition(node.sub, scope);
  if (of_entries) {
    auto x = exponential(value(node.parts[0], scope));
    const auto width = static_cast<std::size_t>(x.shape.back());
    for (std::size_t first = 0; first < x.data.size(); first += width) {
      double sum = 0;
      for (std::size_t i = 0; i < width; ++i) {
        const auto row = static_cast<std::int64_t>(first / width), column = static_cast<std::int64_t>(i);
        const auto holds = [&] { return value(node.sub[0], at_row(node.sub[0], row, column, scope)).number() != 0; };
        if (column < x.absent[x.rank() - 1] || (!node.sub.empty() && !holds())) x.data[first + i] = 0;
        sum += x.data[first + i];
      }
      for (std::size_t i = 0; i < width && sum > 0; ++i) x.data[first + i] /= sum;
    }
    return x;
  }
  auto letters = bound_letters(node.sub);
  std::erase_if(letters, [&](const std::string& l) { return !method_.naming.is_index(l); });
  const auto letter = letters.at(0);
  const auto bound = scope.letters.at(letter);
  const auto together = bound.together.empty() ? std::vector<std::string>{letter} : bound.together;
  // Every value of the letter, or of all letters that increase together.
  const bool up_to = node.sub[0].kind == Kind::relation && node.sub[0].text != "<" && bound.together.empty();
  const bool in_definition = letters.size() > 1 && bound.together.empty() && !up_to;  // `a_{ij} = softmax_{i<j}(…)`
  Rounds all = in_definition ? rounds(node.sub, {}, node.parts[0], scope) : Rounds{scope};
  for (std::size_t l = 0; l < together.size() && !in_definition; ++l) {
    Rounds next;
    for (const auto& before : all) {
      for (auto v = l > 0 ? before.letters.at(together[l - 1]).value + 1 : bound.low; v <= bound.high; ++v) {
        next.push_back(before);
        next.back().letters[together[l]].value = v;
      }
    }
    all = std::move(next);
  }
  std::optional<Array> sum;
  for (const auto& round : all) {
    if (bound.history && round.letters.at(letter).value < first_) continue;
    if (up_to && value(node.sub[0], round).number() == 0) continue;
    const auto now = exponential(value(node.parts[0], round));
    sum = sum ? both(*sum, now, plus) : now;
  }
  const bool hidden = !sum || (bound.history && bound.value < first_) || (up_to && value(node.sub[0], scope).number() == 0);
  const auto own = exponential(value(node.parts[0], scope));
  return hidden ? own.each([](double) { return 0; }) : both(own, *sum, divide);
}

Array Evaluator::mlp(const Node& node, const Scope& scope, int rank) {
  const auto place = occurrence(node, method_.naming);
  Indices indices;
  for (const auto& letter : place.letters) indices.push_back(scope.letters.at(letter).value);
  const auto* hidden = method_.parameter("hidden" + place.name.substr(3));
  if (hidden == nullptr) hidden = method_.parameter("hidden");
  auto x = joined({value(node.parts[0], scope)});
  for (std::size_t i = 1; i <= hidden->value.size(); ++i) {
    const auto layer = std::to_string(i);
    x = both(multiply(weight(place.key + ".weight" + layer, indices), x), weight(place.key + ".bias" + layer, indices),
             [](double a, double b) { return std::max(0.0, a + b); });
  }
  if (rank != 0) return x;
  return both(multiply(transposed(weight(place.key + ".out", indices)), x), weight(place.key + ".out_bias", indices),
              [](double a, double b) { return a + b; });
}

Array Evaluator::gru(const Node& node, const Scope& scope) {
  const auto place = occurrence(node, method_.naming);
  Indices indices;
  for (const auto& letter : place.letters) indices.push_back(scope.letters.at(letter).value);
  const auto x = value(node.parts[0], scope), before = value(node.parts[1], scope);
  const auto gate = [&](const std::string& label, const Array& state) {
    const auto w = weight(place.key + ".W_" + label, indices), u = weight(place.key + ".U_" + label, indices);
    auto out = weight(place.key + ".b_" + label, indices);
    for (std::int64_t i = 0; i < w.shape[0]; ++i) {
      for (std::int64_t j = 0; j < w.shape[1]; ++j) out.data[static_cast<std::size_t>(i)] += w.at(i, j) * x.data[static_cast<std::size_t>(j)];
      for (std::int64_t j = 0; j < u.shape[1]; ++j) out.data[static_cast<std::size_t>(i)] += u.at(i, j) * state.data[static_cast<std::size_t>(j)];
    }
    return out;
  };
  const auto sigma = [](double v) { return 1 / (1 + std::exp(-v)); };
  const auto z = gate("z", before).each(sigma), r = gate("r", before).each(sigma);
  auto rest = before;
  for (std::size_t i = 0; i < rest.data.size(); ++i) rest.data[i] *= r.data[i];
  auto out = gate("n", rest);
  for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] = (1 - z.data[i]) * before.data[i] + z.data[i] * std::tanh(out.data[i]);
  return out;
}

Array Evaluator::layer_norm(const Node& node, const Scope& scope) {
  const auto place = occurrence(node, method_.naming);
  Indices indices;
  for (const auto& letter : place.letters) indices.push_back(scope.letters.at(letter).value);
  auto x = value(node.parts[0], scope);
  const auto gain = weight(place.key + ".gain", indices), offset = weight(place.key + ".offset", indices);
  const auto width = static_cast<std::size_t>(x.shape.back());
  for (std::size_t first = 0; first < x.data.size(); first += width) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < width; ++i) mean += x.data[first + i] / static_cast<double>(width);
    for (std::size_t i = 0; i < width; ++i) variance += std::pow(x.data[first + i] - mean, 2) / static_cast<double>(width);
    for (std::size_t i = 0; i < width; ++i) {
      x.data[first + i] = (x.data[first + i] - mean) / std::sqrt(variance + 1e-5) * gain.data[i] + offset.data[i];
    }
  }
  return x;
}

Array Evaluator::call(const Node& node, const Scope& scope, int rank) {
  static const std::map<std::string, double (*)(double)> simple = {
      {"sigma", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"relu", [](double x) { return std::max(0.0, x); }},
      {"tanh", [](double x) { return std::tanh(x); }},
      {"exp", [](double x) { return std::exp(x); }},
      {"log", [](double x) { return std::log(x); }},
      {"ln", [](double x) { return std::log(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"arctan", [](double x) { return std::atan(x); }},
      {"abs", [](double x) { return std::abs(x); }},
      {"sign", [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }},
      {"gelu", [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
      {"silu", [](double x) { return x / (1 + std::exp(-x)); }},
      {"swish", [](double x) { return x / (1 + std::exp(-x)); }},
      {"softplus", [](double x) { return std::log1p(std::exp(x)); }},
      {"elu", [](double x) { return x > 0 ? x : std::expm1(x); }},
      {"leakyrelu", [](double x) { return x > 0 ? x : 0.01 * x; }}};
  const auto& name = node.text;
  if (const auto* own = method_.own_function(node)) {
    Node arguments;
    arguments.kind = Kind::list;
    arguments.parts = node.parts;
    return call_function(*own, as_symbol(node), arguments, scope);
  }
  if (const auto f = simple.find(name); f != simple.end()) {
    auto out = value(node.parts[0], scope, rank).each(f->second);
    if (name != "log" || node.sub.size() != 1) return out;
    const auto base = value(node.sub[0], scope).number();
    return out.each([&](double x) { return x / std::log(base); });
  }
  if (name == "identity" || name == "dropout") return value(node.parts[0], scope, rank);
  if (name == "softmax") return softmax(node, scope);
  if (name == "mlp") return mlp(node, scope, rank);
  if (name == "layernorm") return layer_norm(node, scope);
  if (name == "attention") return attention(node, scope);
  if (name == "multihead") return multi_head(node, scope);
  if (name == "gru") return gru(node, scope);
  if (name == "atan2") {
    return both(value(node.parts[0], scope), value(node.parts[1], scope), [](double x, double y) { return std::atan2(x, y); });
  }
  if (name == "prelu") {
    const auto place = occurrence(node, method_.naming);
    Indices indices;
    for (const auto& letter : place.letters) indices.push_back(scope.letters.at(letter).value);
    const auto slope = weight(place.key, indices).number();
    return value(node.parts[0], scope, rank).each([&](double x) { return x > 0 ? x : slope * x; });
  }
  if (name == "max" || name == "min" || name == "mean") {
    if (!node.sub.empty()) return big(name, node.sub, node.sup, node.parts[0], scope, rank);
    if (node.parts.size() == 2) {
      const auto a = value(node.parts[0], scope, rank), b = value(node.parts[1], scope, rank);
      return name == "max" ? both(a, b, [](double x, double y) { return std::max(x, y); })
                           : both(a, b, [](double x, double y) { return std::min(x, y); });
    }
    auto x = value(node.parts[0], scope);
    x.data.erase(x.data.begin(), x.data.begin() + x.absent[0]);
    if (x.data.empty()) return Array::number(0);
    if (name == "max") return Array::number(*std::max_element(x.data.begin(), x.data.end()));
    if (name == "min") return Array::number(*std::min_element(x.data.begin(), x.data.end()));
    double sum = 0;
    for (const auto v : x.data) sum += v;
    return Array::number(sum / static_cast<double>(x.data.size()));
  }
  if (name == "concat" || name == "vec") {
    Node all = node;
    all.kind = Kind::list;
    all.sup.clear();
    const int wanted = name == "vec" ? 1 : rank;
    if (node.parts.size() == 1 && node.parts[0].kind == Kind::list) return list(node.parts[0], scope, wanted);
    return list(all, scope, wanted);
  }
  stop("unknown function " + name, node.span);
}

}  // namespace automodel::papers
