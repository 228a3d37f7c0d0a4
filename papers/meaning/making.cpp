// Making terms: broadcasting, renaming of axes, products.
#include <algorithm>
#include <cctype>

#include "papers/meaning/typer.hpp"

namespace automodel::papers {
namespace {

constexpr std::size_t kMostTerms = 50'000;
constexpr std::uint32_t kDeepest = 1500;  // whoever reads terms recurses

}  // namespace

std::vector<Dimension> ParameterTerm::sizes() const {
  std::vector<Dimension> out;
  for (const auto& range : indices) out.push_back(range.size());
  out.insert(out.end(), shape.begin(), shape.end());
  return out;
}

void Typer::stop(std::string code, std::string message, Span span, std::vector<std::string> candidates) const {
  throw Failure{{std::move(code), std::move(message), span, std::move(candidates)}};
}

TermId Typer::add(Term term) {
  for (const auto arg : term.args) {
    term.batched = term.batched || at(arg).batched;
    term.loops.insert(at(arg).loops.begin(), at(arg).loops.end());
  }
  if (term.batched && std::any_of(term.axes.begin(), term.axes.end(), [](AxisId id) { return id >= kAllUsers && id <= kEdges; })) {
    stop("papers.not_understood", "what belongs to a row has no value for the whole graph", term.span,
         {"what belongs to each user $u$ or each item $v$"});
  }
  if (term.op == Op::state || term.op == Op::loop_index || term.in_loop) term.loops.insert(term.loop);
  if (typed_.terms.size() >= kMostTerms) stop("papers.too_large", "the method has more than 50,000 terms", term.span);
  std::uint32_t depth = 0;
  for (const auto arg : term.args) depth = std::max(depth, depths_[arg] + 1);
  if (depth > kDeepest) stop("papers.too_large", "the equations are nested too deeply", term.span);
  depths_.push_back(depth);
  typed_.terms.push_back(std::move(term));
  return static_cast<TermId>(typed_.terms.size() - 1);
}

AxisId Typer::axis(const Dimension& size, const std::string& name, Span origin) {
  if (size.too_large()) stop("papers.too_large", "a size with too many terms, or above 2^30", origin);
  typed_.axes.push_back({size, name, origin});
  return static_cast<AxisId>(typed_.axes.size() - 1);
}

Shaped Typer::number(double value, Span span) {
  Term term;
  term.op = Op::number;
  term.value = value;
  term.span = span;
  return {add(std::move(term)), 0, false};
}

std::vector<AxisId> Typer::shape(const Shaped& value) const {
  const auto& axes = at(value.term).axes;
  return {axes.end() - value.rank, axes.end()};
}

std::vector<AxisId> Typer::indices(const Shaped& value) const {
  const auto& axes = at(value.term).axes;
  return {axes.begin(), axes.end() - value.rank};
}

std::string Typer::shape_text(const Shaped& value) const {
  const auto axes = shape(value);
  const auto text = [&](std::size_t i) { return size_text(size(axes[i])); };
  if (value.rank == 0) return "a number";
  if (value.rank == 1) return "a vector of size " + text(0);
  if (value.rank == 2) return "a matrix of size " + text(0) + " by " + text(1);
  return "an array of " + std::to_string(value.rank) + " dimensions";
}

std::string Typer::size_text(const Dimension& dimension) const {
  const auto resolved = typed_.solver.resolve(dimension);
  for (const auto& name : resolved.symbols()) {
    if (name[0] == '?') return "still open";
  }
  return resolved.text();
}

std::string Typer::quoted(Span span) const {
  std::string text;
  for (const char c : text_of(span)) {
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (!blank || (!text.empty() && text.back() != ' ')) text += blank ? ' ' : c;
  }
  return method_.card.source.place(span.begin) + ": '" + text + "'";
}

/// Where a size comes from: what declares it, or where it was inferred.
std::string Typer::origin_text(AxisId id) const {
  const auto said = size_text(size(id));
  for (const auto& name : size(id).symbols()) {
    if (const auto where = typed_.solver.found_at(name)) return said + ", inferred in " + quoted(*where);
  }
  const auto origin = typed_.axes[id].origin;
  return origin.end == 0 ? said : said + ", from " + quoted(origin);
}

void Typer::same_size(const Node& where, AxisId a, AxisId b, const std::string& what_a, const std::string& what_b) {
  if (a == b || typed_.solver.equate(size(a), size(b), where.span)) return;
  stop("papers.shape_conflict", "the sizes differ: " + what_a + "; " + what_b, where.span, {origin_text(a), origin_text(b)});
}

void Typer::shapes_differ(std::string message, const Shaped& a, const Shaped& b, Span span) const {
  std::vector<std::string> both;
  for (const auto* value : {&a, &b}) {
    const auto own = at(value->term).span;
    both.push_back(shape_text(*value) + (own.end == 0 ? "" : ", from " + quoted(own)));
  }
  stop("papers.shape_conflict", std::move(message), span, both);
}

TermId Typer::renamed(TermId id, const std::map<AxisId, AxisId>& names) {
  const auto to = [&](AxisId axis) {
    const auto found = names.find(axis);
    return found == names.end() ? axis : found->second;
  };
  Term term;
  const auto& old = at(id);
  for (const auto axis_id : old.axes) term.axes.push_back(to(axis_id));
  if (term.axes == old.axes) return id;
  term.span = old.span;
  if (old.op == Op::contract) {
    // The factors are renamed, so that a product around this one can still take them in.
    term.op = Op::contract;
    const auto factors = old.args;
    for (const auto factor : factors) term.args.push_back(renamed(factor, names));
    return add(std::move(term));
  }
  term.op = Op::rename;
  term.args = {old.op == Op::rename ? old.args[0] : id};
  return add(std::move(term));
}

Shaped Typer::fresh(Shaped value) {
  Term term;
  term.op = Op::rename;
  term.args = {value.term};
  term.axes = indices(value);
  for (const auto axis_id : shape(value)) {
    term.axes.push_back(axis(size(axis_id), {}, typed_.axes[axis_id].origin));
    typed_.axes.back().first_position = typed_.axes[axis_id].first_position;
  }
  term.span = at(value.term).span;
  return {add(std::move(term)), value.rank, value.row};
}

Shaped Typer::aligned(const Node& where, const Shaped& to, Shaped value) {
  const auto target = shape(to), own = shape(value);
  std::map<AxisId, AxisId> names;
  for (std::size_t i = 0; i < own.size(); ++i) {
    same_size(where, target[i], own[i], "here is " + shape_text(to), "and here " + shape_text(value));
    if (own[i] != target[i]) names[own[i]] = target[i];
    if (!typed_.axes[target[i]].first_position) typed_.axes[target[i]].first_position = typed_.axes[own[i]].first_position;
  }
  value.term = renamed(value.term, names);
  return value;
}

Shaped Typer::map(const std::string& name, const std::vector<Shaped>& args, Span span) {
  std::size_t widest = 0;
  for (std::size_t i = 1; i < args.size(); ++i) {
    if (args[i].rank > args[widest].rank) widest = i;
  }
  Node where;
  where.span = span;
  Term term;
  term.op = Op::map;
  term.name = name;
  term.span = span;
  std::set<AxisId> index_axes;
  for (const auto& arg : args) {
    if (arg.rank != 0 && arg.rank != args[widest].rank) {
      shapes_differ("the shapes differ: one is " + shape_text(args[widest]) + ", the other " + shape_text(arg), args[widest], arg,
                    span);
    }
    const auto fitted = arg.rank == 0 ? arg : aligned(where, args[widest], arg);
    term.args.push_back(fitted.term);
    for (const auto axis_id : indices(fitted)) index_axes.insert(axis_id);
  }
  term.axes.assign(index_axes.begin(), index_axes.end());
  for (const auto axis_id : shape(args[widest])) term.axes.push_back(axis_id);
  return {add(std::move(term)), args[widest].rank, args[widest].row};
}

Shaped Typer::contract(const std::vector<TermId>& factors, const std::vector<AxisId>& shape_axes,
                       const std::set<AxisId>& summed, Span span) {
  Term term;
  term.op = Op::contract;
  term.span = span;
  std::set<AxisId> index_axes;
  for (const auto factor : factors) {
    if (at(factor).op == Op::contract) {
      term.args.insert(term.args.end(), at(factor).args.begin(), at(factor).args.end());
    } else {
      term.args.push_back(factor);
    }
    for (const auto axis_id : at(factor).axes) {
      const bool in_shape = std::find(shape_axes.begin(), shape_axes.end(), axis_id) != shape_axes.end();
      if (!summed.contains(axis_id) && !in_shape) index_axes.insert(axis_id);
    }
  }
  term.axes.assign(index_axes.begin(), index_axes.end());
  term.axes.insert(term.axes.end(), shape_axes.begin(), shape_axes.end());
  return {add(std::move(term)), static_cast<std::uint8_t>(shape_axes.size()), false};
}

}  // namespace automodel::papers
