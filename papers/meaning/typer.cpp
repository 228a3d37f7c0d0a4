#include "papers/meaning/typer.hpp"

#include <cctype>

namespace automodel::papers {

Typed type(const Method& method) { return Typer(method).type(); }

Typed Typer::type() && {
  give_sizes();
  find_uses();
  find_item_dependence();
  find_graph();
  axis(Dimension(1), "candidates", method_.naming.interactions().item_at);
  for (const auto* whole : {"users", "items", "edges"}) axis(Dimension(1), whole, {});
  try {
    for (const auto& [a, b, span] : method_.size_equations) {
      if (typed_.solver.equate(a, b, span)) continue;
      std::vector<std::string> known;
      for (const auto& name : a.symbols()) {
        if (const auto where = typed_.solver.found_at(name)) known.push_back(size_text(a) + ", from " + quoted(*where));
      }
      stop("papers.shape_conflict",
           a.text() + " cannot be " + b.text() + (known.empty() ? "" : ": it is " + size_text(a)), span, known);
    }
    type_output();
    type_added_loss();
    Span where;
    if (!typed_.solver.settle(where)) stop("papers.shape_conflict", "the sizes that were said cannot all hold", where);
    ask_for_open_sizes();
    if (typed_.problems.empty()) hoist();
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

/// What nothing determines is a question, at what has that size.
void Typer::ask_for_open_sizes() {
  std::set<std::string> asked;
  const auto ask = [&](const Dimension& dimension, Span span) {
    for (const auto& name : typed_.solver.resolve(dimension).symbols()) {
      if (typed_.solver.given(name) || !asked.insert(name).second) continue;
      if (name[0] == '?') {
        auto latex = text_of(span);
        for (const std::string_view transposed : {"^\\top", "^{\\top}", "^T", "^{T}"}) {
          if (latex.ends_with(transposed)) latex.erase(latex.size() - transposed.size());
        }
        typed_.problems.push_back({"papers.unknown_size", "nothing determines the size of " + latex, span,
                                   {"$" + latex + " \\in \\mathbb{R}^{…}$ in the text"}});
      } else {
        typed_.problems.push_back({"papers.unknown_size", "nothing determines the size " + name, span,
                                   {name + " = 16 under [define] in the head", "--define '" + name + " = 16'",
                                    "$" + name + " = …$, an equation of other sizes"}});
      }
    }
  };
  for (const auto& key : typed_.parameter_order) {
    const auto& parameter = typed_.parameters.at(key);
    for (const auto& dimension : parameter.sizes()) ask(dimension, parameter.span);
  }
  for (const auto& [key, look_up] : typed_.look_ups) {
    for (const auto& dimension : look_up.shape) ask(dimension, look_up.span);
    for (const auto& range : look_up.indices) ask(range.size(), look_up.span);
  }
  for (const auto& term : typed_.terms) {
    if (term.op == Op::size) ask(term.dimension, term.span);
    for (const auto axis_id : term.axes) ask(size(axis_id), typed_.axes[axis_id].origin);
  }
  for (const auto& loop : typed_.loops) {
    for (const auto& state : loop.states) ask(loop.range.size(), at(state.before).span);
  }
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
  typed_.output_of_item = !at(value.term).axes.empty() && at(value.term).axes[0] == kCandidates;
  if (value.rank != 0 || at(value.term).axes.size() > (typed_.output_of_item ? 1U : 0U)) {
    stop("papers.shape_conflict", "the answer is one number for a row; this is " + shape_text(value), definition.span);
  }
  Term term;
  term.op = Op::definition;
  term.name = quantity.name;
  term.args = {value.term};
  term.axes = at(value.term).axes;
  term.span = definition.span;
  typed_.output = add(std::move(term));
}

/// What the card adds to the loss of its task.
void Typer::type_added_loss() {
  const auto found = method_.quantities.find(method_.added_loss);
  if (found == method_.quantities.end()) return;
  const auto& quantity = found->second;
  const auto& definition = quantity.definitions.back();
  Scope scope;
  scope.ranges = definition.ranges;
  if (definition.wraps) {
    scope.wrapped = quantity.key;
    scope.wrapped_definition = quantity.definitions.size() - 1;
  }
  const auto value = expression(definition.right, scope, 0);
  const auto& axes = at(value.term).axes;
  const bool of_item = !axes.empty() && axes[0] == kCandidates;
  if (value.rank != 0 || axes.size() > (of_item ? 1U : 0U)) {
    stop("papers.shape_conflict", "what is added to the loss is one number for a row; this is " + shape_text(value), definition.span);
  }
  Term term;
  term.op = Op::definition;
  term.name = "added_loss";
  term.args = {value.term};
  term.axes = axes;
  term.span = definition.span;
  typed_.added_loss = add(std::move(term));
}

Shaped Typer::type_definition(const Quantity& quantity, const Definition& definition, Scope& scope) {
  scope.ranges = definition.ranges;
  auto value = expression(definition.right, scope, expected_rank(quantity, definition));
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
    std::vector<std::string> both;
    for (const auto axis_id : own) both.push_back(origin_text(axis_id));
    both.push_back("said in " + quoted(quantity.declared));
    stop("papers.shape_conflict", "the right side is " + shape_text(value) + ", but '" + text_of(quantity.declared) + "' was said",
         span, both);
  };
  // `h_0 = 0`: a number for all entries.
  if (value.rank == 0 && !said.empty() && at(value.term).op == Op::number) return;
  if (said.size() != own.size()) conflict();
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (!typed_.solver.equate(said[i], size(own[i]), span)) conflict();
  }
}

}  // namespace automodel::papers
