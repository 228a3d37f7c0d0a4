// Built-in functions.
#include <algorithm>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

using IndexKind = IndexValue::Kind;

/// One argument, element by element.
const std::map<std::string, std::string> kElementwise = {
    {"sigma", "sigmoid"}, {"relu", "relu"}, {"tanh", "tanh"}, {"exp", "exp"},   {"log", "log"},
    {"ln", "log"},        {"sqrt", "sqrt"}, {"sin", "sin"},   {"cos", "cos"},   {"arctan", "arctan"},
    {"abs", "abs"},       {"sign", "sign"}, {"gelu", "gelu"}, {"silu", "silu"}, {"swish", "silu"},
    {"softplus", "softplus"}, {"elu", "elu"}, {"leakyrelu", "leakyrelu"}};

}  // namespace

/// The key of a built-in function's weights, and for which indices it is asked for.
std::string Typer::weights_of(const Node& call, const Scope& scope, Values& values, std::vector<Range>& ranges,
                              std::string& name) const {
  const auto place = occurrence(call, method_.naming);
  for (const auto& letter : place.letters) {
    const auto found = scope.letters.find(letter);
    if (found == scope.letters.end() || found->second.kind == IndexKind::constant) {
      stop("papers.not_understood", "its weights differ with " + letter + ", which is no index here", call.span);
    }
    ranges.push_back({found->second.range.low + found->second.offset, found->second.range.high + found->second.offset});
    values.push_back(found->second);
  }
  name = place.name;
  return place.key;
}

Shaped Typer::call(const Node& node, Scope& scope, int rank) {
  const auto& name = node.text;
  if (const auto* own = method_.own_function(node)) {
    Node arguments;
    arguments.kind = Kind::list;
    arguments.parts = node.parts;
    return call_function(*own, as_symbol(node), arguments, scope, node.span);
  }
  const auto need = [&](std::size_t count) {
    if (node.parts.size() != count) {
      stop("papers.not_understood", name + " takes " + std::to_string(count) + (count == 1 ? " argument" : " arguments"), node.span);
    }
  };
  if (const auto simple = kElementwise.find(name); simple != kElementwise.end()) {
    need(1);
    const auto value = map(simple->second, {expression(node.parts[0], scope, rank)}, node.span);
    const auto base = name == "log" && node.sub.size() == 1 ? number_of(node.sub[0]) : std::nullopt;
    if (!base) return value;
    return map("div", {value, map("log", {number(*base, node.span)}, node.span)}, node.span);
  }
  if (name == "identity") {
    need(1);
    return expression(node.parts[0], scope, rank);
  }
  if (name == "softmax") return softmax(node, scope);
  if (name == "mlp") return mlp(node, scope, rank);
  if (name == "gru") return gru(node, scope);
  if (name == "layernorm") return layer_norm(node, scope);
  if (name == "dropout") return dropout(node, scope, rank);
  if (name == "attention") return attention(node, scope);
  if (name == "multihead") return multi_head(node, scope);
  if (name == "batchnorm") {
    stop("papers.not_understood", "BatchNorm is of all rows of a batch, and equations are of one row", node.span,
         {"\\mathrm{LayerNorm}(x), of the row's own entries", "\\gamma \\odot x + \\beta, a gain and an offset that are learnt"});
  }
  if (name == "atan2") {
    need(2);
    return map("atan2", {expression(node.parts[0], scope), expression(node.parts[1], scope)}, node.span);
  }
  if (name == "max" || name == "min" || name == "mean") {
    if (!node.sub.empty()) return big(node, scope, rank);
    if (node.parts.size() == 2 && name != "mean") {
      return map(name == "max" ? "maximum" : "minimum", {expression(node.parts[0], scope, rank), expression(node.parts[1], scope, rank)},
                 node.span);
    }
    need(1);
    const auto value = expression(node.parts[0], scope);
    if (value.rank != 1) stop("papers.shape_conflict", name + " of one argument is of a vector's entries; here is " + shape_text(value), node.span);
    const auto over = shape(value)[0];
    return reduce(name, {value.term, 0, false}, {over, padding_of(over, node.span)}, node.span);
  }
  if (name == "concat" || name == "vec") {
    std::vector<Shaped> parts;
    const int wanted = name == "vec" ? 1 : rank;
    if (node.parts.size() == 1 && node.parts[0].kind == Kind::list) return joined(node.parts[0], scope, wanted);
    if (const auto whole = enumerated(node, scope, wanted)) return *whole;
    for (const auto& part : node.parts) parts.push_back(expression(part, scope));
    return wanted == 1 || parts.size() == 1 ? join(parts, node.span) : side_by_side(std::move(parts), node.span);
  }
  if (name == "prelu") {
    need(1);
    Values values;
    std::vector<Range> ranges;
    std::string code_name;
    const auto key = weights_of(node, scope, values, ranges, code_name);
    const auto x = expression(node.parts[0], scope, rank);
    const auto slope = own_parameter(key, code_name, {}, ranges, {}, "constant(0.25)", values, node.span);
    const auto negative = map("minimum", {x, number(0, node.span)}, node.span);
    return map("add", {map("relu", {x}, node.span), multiply(node, slope, negative)}, node.span);
  }
  stop("papers.not_understood", "the function " + name + " is not known here", node.span);
}

/// Hidden layers of ReLU units with dropout, then one linear layer where a number is wanted. He et al. 2015 is the usual
/// start for ReLU; Glorot & Bengio's is kept, as the libraries of the field do.
Shaped Typer::mlp(const Node& node, Scope& scope, int rank) {
  if (node.parts.size() != 1) stop("papers.not_understood", "MLP takes one vector", node.span, {"\\mathrm{MLP}([a; b])"});
  Values values;
  std::vector<Range> ranges;
  std::string name;
  const auto key = weights_of(node, scope, values, ranges, name);
  const auto* hidden = method_.parameter("hidden" + name.substr(3));
  if (hidden == nullptr) hidden = method_.parameter("hidden");
  if (hidden == nullptr) {
    stop("papers.unknown_symbol", "MLP needs its layers' widths: the head has no parameter 'hidden'", node.span,
         {"hidden = { default = [128, 128] } under [parameters]"});
  }
  auto x = expression(node.parts[0], scope);
  if (x.rank == 0) x = join({x}, node.span);
  if (x.rank != 1) stop("papers.shape_conflict", "MLP takes a vector; here is " + shape_text(x), node.span, {"\\mathrm{vec}(X)"});
  const auto* rate = rate_of(name.substr(3));
  for (std::size_t i = 0; i < hidden->value.size(); ++i) {
    const auto layer = std::to_string(i + 1);
    const auto width = Dimension::symbol(hidden->name + "[" + layer + "]");
    const auto in = size(shape(x)[0]);
    const auto weight = own_parameter(key + ".weight" + layer, name + "_weight" + layer, {}, ranges, {width, in}, "xavier", values, node.span);
    const auto bias = own_parameter(key + ".bias" + layer, name + "_bias" + layer, {}, ranges, {width}, "zeros", values, node.span);
    x = map("relu", {map("add", {multiply(node, weight, x), bias}, node.span)}, node.span);
    if (rate != nullptr) x = noisy(x, rate->name, node.span);
    x.row = false;
  }
  if (rank != 0) return x;
  const auto in = size(shape(x)[0]);
  const auto weight = own_parameter(key + ".out", name + "_out", {}, ranges, {in}, "xavier", values, node.span);
  const auto bias = own_parameter(key + ".out_bias", name + "_out_bias", {}, ranges, {}, "zeros", values, node.span);
  return map("add", {dot(node, weight, x), bias}, node.span);
}

Shaped Typer::noisy(Shaped x, const std::string& rate, Span span) {
  if (mode_ != Mode::rows) stop("papers.not_understood", "Dropout is of rows, and this is worked out for the whole graph", span);
  Term term;
  term.op = Op::dropout;
  term.name = rate;
  term.args = {x.term};
  term.axes = at(x.term).axes;
  term.span = span;
  return {add(std::move(term)), x.rank, x.row};
}

/// `\mathrm{Dropout}_1`, `\mathrm{MLP}_1`: `dropout_1`, where the head has it.
const HyperParameter* Typer::rate_of(const std::string& label) const {
  const auto* own = method_.parameter("dropout" + label);
  return own != nullptr ? own : method_.parameter("dropout");
}

/// Inverted dropout; nothing outside training. Each has a mask of its own, also two of the same quantity.
Shaped Typer::dropout(const Node& node, Scope& scope, int rank) {
  if (node.parts.size() != 1) stop("papers.not_understood", "Dropout takes one argument", node.span);
  const auto* rate = rate_of(occurrence(node, method_.naming).name.substr(node.text.size()));
  if (rate == nullptr) {
    stop("papers.unknown_symbol", "Dropout needs its rate: the head has no parameter 'dropout'", node.span,
         {"dropout = { default = 0.2, range = [0, 0.5] } under [parameters]"});
  }
  return noisy(expression(node.parts[0], scope, rank), rate->name, node.span);
}

/// Ba et al. 2016, arXiv 1607.06450, eq. 4: over the last axis, with a gain and an offset that are learnt.
Shaped Typer::layer_norm(const Node& node, Scope& scope) {
  if (node.parts.size() != 1) stop("papers.not_understood", "LayerNorm takes one argument", node.span);
  Values values;
  std::vector<Range> ranges;
  std::string name;
  const auto key = weights_of(node, scope, values, ranges, name);
  const auto x = expression(node.parts[0], scope);
  if (x.rank == 0) stop("papers.shape_conflict", "LayerNorm takes a vector or a matrix", node.span);
  if (typed_.axes[shape(x).back()].first_position) {
    stop("papers.not_understood", "LayerNorm is of a vector's entries or of a matrix' rows; here it would be of the history's positions", node.span,
         {"\\mathrm{LayerNorm}(X^\\top)"});
  }
  Term term;
  term.op = Op::norm_layer;
  term.args = {x.term};
  term.axes = at(x.term).axes;
  term.over = term.axes.back();
  term.span = node.span;
  const auto width = size(term.over);
  const Shaped centred{add(std::move(term)), x.rank, false};
  auto gain = own_parameter(key + ".gain", name + "_gain", {}, ranges, {width}, "ones", values, node.span);
  auto offset = own_parameter(key + ".offset", name + "_offset", {}, ranges, {width}, "zeros", values, node.span);
  const auto along = [&](Shaped weight) {
    const auto own = shape(weight)[0], target = shape(centred).back();
    same_size(node, target, own, "the width", "of LayerNorm");
    weight.term = renamed(weight.term, {{own, target}});
    return weight;
  };
  const auto product = contract({along(gain).term, centred.term}, shape(centred), {}, node.span);
  // For a matrix the offset is a row, the same for all.
  Term sum;
  sum.op = Op::map;
  sum.name = "add";
  sum.args = {product.term, along(offset).term};
  sum.axes = at(product.term).axes;
  sum.span = node.span;
  return {add(std::move(sum)), x.rank, false};
}

}  // namespace automodel::papers
