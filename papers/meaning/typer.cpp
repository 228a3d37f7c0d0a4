#include "papers/meaning/typer.hpp"

#include <cctype>

namespace automodel::papers {

Typed type(const Method& method) { return Typer(method).type(); }

Typed Typer::type() && {
  give_sizes();
  try {
    for (const auto& [a, b] : method_.size_equations) {
      if (!typed_.solver.equate(a, b)) {
        stop("papers.shape_conflict", "these sizes cannot be equal: " + a.text() + " and " + b.text(), {});
      }
    }
    type_output();
    if (!typed_.solver.settle()) stop("papers.shape_conflict", "the sizes that were said cannot all hold", {});
  } catch (const Failure& failure) {
    typed_.problems.push_back(failure.problem);
  }
  return std::move(typed_);
}

/// What the user or the data choose is not solved for.
void Typer::give_sizes() {
  for (const auto& parameter : method_.card.head.parameters) {
    if (!parameter.is_list) {
      typed_.solver.give(parameter.name);
      continue;
    }
    for (std::size_t i = 1; i <= parameter.value.size(); ++i) {
      typed_.solver.give(parameter.name + "[" + std::to_string(i) + "]");
    }
  }
  for (const auto& [name, size] : method_.input_sizes) typed_.solver.give(name);
}

/// Of `\hat{y} = \sigma(z)` the code computes z: its loss is exact where the probability is nearly 0 or 1.
void Typer::type_output() {
  const auto found = method_.quantities.find(method_.output);
  if (found == method_.quantities.end()) return;  // reported when the card was read
  const auto& quantity = found->second;
  const auto& definition = quantity.definitions.back();
  const Node* right = &definition.right;
  Scope scope;
  scope.ranges = definition.ranges;
  if (!definition.indices.empty()) stop("papers.no_output", "the answer has an index; it is one number for a row", definition.span);
  if (definition.wraps) {
    scope.wrapped = quantity.key;
    scope.wrapped_definition = quantity.definitions.size() - 1;
  }
  const bool is_sigma = right->kind == Kind::call && right->text == "sigma" && right->parts.size() == 1 && right->sup.empty();
  if (is_sigma) right = &right->parts[0];
  typed_.output_is_probability = is_sigma;
  const auto value = expression(*right, scope, 0);
  if (value.rank != 0 || !at(value.term).axes.empty()) {
    stop("papers.shape_conflict", "the answer is one number for a row; this is " + shape_text(value), definition.span);
  }
  Term term;
  term.op = Op::definition;
  term.name = quantity.name;
  term.args = {value.term};
  term.span = definition.span;
  typed_.output = add(std::move(term));
}

Shaped Typer::type_definition(const Quantity& quantity, const Definition& definition, Scope& scope) {
  scope.ranges = definition.ranges;
  auto value = expression(definition.right, scope, expected_rank(quantity, definition.left));
  check_declared(quantity, value, definition.span);
  Term term;
  term.op = Op::definition;
  term.name = quantity.name;
  term.args = {value.term};
  term.axes = at(value.term).axes;
  term.span = definition.span;
  return {add(std::move(term)), value.rank, value.row};
}

void Typer::check_declared(const Quantity& quantity, const Shaped& value, Span span) {
  if (!quantity.shape) return;
  const auto& said = *quantity.shape;
  const auto own = shape(value);
  const auto conflict = [&] {
    stop("papers.shape_conflict", "the right side is " + shape_text(value) + ", but '" + text_of(quantity.declared) + "' was said",
         span, {"line " + std::to_string(method_.card.source.line(quantity.declared.begin))});
  };
  // `h_0 = 0`: a number for all entries.
  if (value.rank == 0 && !said.empty() && at(value.term).op == Op::number) return;
  if (said.size() != own.size()) conflict();
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (!typed_.solver.equate(said[i], size(own[i]))) conflict();
  }
}

}  // namespace automodel::papers
