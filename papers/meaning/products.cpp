// Products: what stands side by side, and what `\odot`, `\otimes` and `\langle \rangle` mean.
#include <algorithm>

#include "papers/meaning/typer.hpp"
#include "papers/nearest.hpp"

namespace automodel::papers {
namespace {

enum class Form : std::uint8_t { number, column, row, matrix, impossible };

Form form(const Shaped& value) {
  if (value.rank == 0) return Form::number;
  if (value.rank == 2) return Form::matrix;
  if (value.rank != 1) return Form::impossible;
  return value.row ? Form::row : Form::column;
}

/// What `a b` is, by form alone.
Form times(Form a, Form b) {
  if (a == Form::impossible || b == Form::impossible) return Form::impossible;
  if (a == Form::number) return b;
  if (b == Form::number) return a;
  if (a == Form::matrix) return b == Form::row ? Form::impossible : b;
  if (b == Form::matrix) return a;  // `x W`: many papers write vectors as rows without saying so
  if (a == Form::row && b == Form::column) return Form::number;
  if (a == Form::column && b == Form::row) return Form::matrix;
  return Form::impossible;
}

bool works_from_right(const std::vector<Shaped>& factors) {
  Form all = form(factors.back());
  for (std::size_t i = factors.size() - 1; i-- > 0;) all = times(form(factors[i]), all);
  return all != Form::impossible;
}

}  // namespace

Shaped Typer::product(const Node& node, Scope& scope, int rank) {
  std::vector<Shaped> factors;
  std::vector<const Node*> places;
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    const auto& part = node.parts[i];
    const bool has_argument = i + 1 < node.parts.size() && (node.parts[i + 1].kind == Kind::group ||
                                                            node.parts[i + 1].kind == Kind::list);
    if (part.kind == Kind::symbol && has_argument) {
      const auto found = method_.quantities.find(method_.naming.reference(part).key);
      const bool learnt = found != method_.quantities.end() && found->second.role == Quantity::Role::parameter &&
                          found->second.declared.end == 0 && !scope.formals.contains(found->first);
      if (learnt && part.font == Font::upright && part.text.size() > 1) {
        auto near = nearest(part.text, built_in_names());
        near.push_back("\\mathrm{" + part.text + "}(x) = …, an equation that defines it");
        stop("papers.unknown_symbol", "unknown function " + part.text, part.span, near);
      }
      if (found != method_.quantities.end() && found->second.role == Quantity::Role::function) {
        const Span span{part.span.begin, node.parts[i + 1].span.end};
        factors.push_back(with_power(node.parts[i + 1], call_function(found->second, part, node.parts[i + 1], scope, span), scope));
        places.push_back(&part);
        ++i;
        continue;
      }
    }
    factors.push_back(expression(part, scope, node.parts.size() == 1 ? rank : kUnknownRank));
    places.push_back(&part);
  }
  // From the right, `x_0 x_l^\top w` is a vector times a number, and no matrix is ever made.
  if (works_from_right(factors)) {
    auto out = factors.back();
    for (std::size_t i = factors.size() - 1; i-- > 0;) out = multiply(node, factors[i], out);
    return out;
  }
  auto out = factors.front();
  for (std::size_t i = 1; i < factors.size(); ++i) {
    Node where = node;
    where.span = {places[0]->span.begin, places[i]->span.end};
    out = multiply(where, out, factors[i]);
  }
  return out;
}

Shaped Typer::dot(const Node& where, Shaped a, Shaped b) {
  const auto axis_a = shape(a)[0];
  b = aligned(where, a, b);
  std::vector<TermId> factors = {a.term, b.term};
  leave_out_padding(factors, axis_a, where.span);
  return contract(factors, {}, {axis_a}, where.span);
}

Shaped Typer::outer(const Node& where, Shaped a, Shaped b) {
  if (a.rank != 1 || b.rank != 1) {
    shapes_differ("an outer product is of two vectors; here is " + shape_text(a) + ", and " + shape_text(b), a, b, where.span);
  }
  return contract({a.term, b.term}, {shape(a)[0], shape(b)[0]}, {}, where.span);
}

Shaped Typer::multiply(const Node& where, Shaped a, Shaped b) {
  if (a.rank == 0 || b.rank == 0) {
    auto out = contract({a.term, b.term}, a.rank == 0 ? shape(b) : shape(a), {}, where.span);
    out.row = a.row || b.row;
    return out;
  }
  const auto shape_a = shape(a), shape_b = shape(b);
  const auto said = [&] { return std::pair{"on the left is " + shape_text(a), "on the right " + shape_text(b)}; };
  const auto summed = [&](AxisId along, AxisId other, const std::vector<AxisId>& rest) {
    same_size(where, along, other, said().first, said().second);
    if (!typed_.axes[along].first_position) typed_.axes[along].first_position = typed_.axes[other].first_position;
    std::vector<TermId> factors = {a.term, renamed(b.term, {{other, along}})};
    leave_out_padding(factors, along, where.span);
    return contract(factors, rest, {along}, where.span);
  };
  switch (times(form(a), form(b))) {
    case Form::impossible:
      stop("papers.ambiguous_product", "what product of two vectors is this? On the left is " + shape_text(a) + ", on the right " + shape_text(b), where.span,
           {"\\langle a, b \\rangle or a^\\top b, a number", "a \\odot b, a vector", "a b^\\top or a \\otimes b, a matrix"});
    case Form::number: return dot(where, a, b);
    case Form::matrix:
      if (a.rank == 1) return outer(where, a, b);
      return summed(shape_a[1], shape_b[0], {shape_a[0], shape_b[1]});
    case Form::column:
    case Form::row: break;
  }
  if (a.rank == 2) return summed(shape_a[1], shape_b[0], {shape_a[0]});
  auto out = summed(shape_a[0], shape_b[0], {shape_b[1]});
  out.row = a.row;
  return out;
}

Shaped Typer::elementwise_product(const Node& where, Shaped a, Shaped b) {
  if (a.rank != b.rank && a.rank != 0 && b.rank != 0) {
    shapes_differ("an element-wise product is of like shapes; on the left is " + shape_text(a) + ", on the right " + shape_text(b),
                  a, b, where.span);
  }
  if (a.rank == b.rank) b = aligned(where, a, b);
  auto out = contract({a.term, b.term}, a.rank == 0 ? shape(b) : shape(a), {}, where.span);
  out.row = a.row && b.row;
  return out;
}

Shaped Typer::inner(const Node& node, Scope& scope) {
  std::vector<TermId> factors;
  std::optional<Shaped> first;
  for (const auto& part : node.parts) {
    auto value = expression(part, scope);
    if (first && value.rank != first->rank) {
      shapes_differ("an inner product is of like shapes; here is " + shape_text(*first) + ", and " + shape_text(value), *first, value,
                    part.span);
    }
    if (first) value = aligned(part, *first, value);
    if (!first) first = value;
    factors.push_back(value.term);
  }
  if (!first || node.parts.size() < 2) stop("papers.not_understood", "an inner product is of two vectors", node.span, {"\\langle a, b \\rangle"});
  const auto axes = shape(*first);
  for (const auto along : axes) leave_out_padding(factors, along, node.span);
  return contract(factors, {}, {axes.begin(), axes.end()}, node.span);
}

}  // namespace automodel::papers
